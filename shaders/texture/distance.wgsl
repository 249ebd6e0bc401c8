// texture/distance: how many voxels each voxel of a region is away from the region's border, in steps along the axes: 1 for
// voxels that touch another region or none. One invocation walks one line of the box along an axis, to and fro: the distance
// along the line to where the region ends, or along it to a voxel whose distance is known from the axes before.
// Grid: linear over the lines across the axis; out-of-range invocations do nothing. Cells outside of the regions are not written.
// Definition: IBSI 3.9 (city-block distance to the border of the morphological mask). Twin: test/reference/texture/distance.ts
#import common/grid
#import common/cell

struct Params {
  size: vec3u,  // voxels of the box
  pad: u32,
  lines: u32,
  axis: u32,    // 0 = x
  first: u32,   // 1 for the first axis: no distances are known yet
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> cells: array<u32>;
@group(0) @binding(2) var<storage, read_write> distances: array<u32>;  // by cell

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = linear_invocation(group, groups, local, workgroup_size);
  if (line >= params.lines) { return; }
  let padded = params.size + vec3u(2u * params.pad);
  let strides = vec3u(1u, padded.x, padded.x * padded.y);
  let u = select(0u, 1u, params.axis == 0u);
  let v = select(2u, 1u, params.axis == 2u);
  let corner = params.pad * (strides.x + strides.y + strides.z);
  let start = corner + (line % params.size[u]) * strides[u] + (line / params.size[u]) * strides[v];
  let stride = strides[params.axis];
  let length = params.size[params.axis];

  var before = 0u;
  var distance = 0u;
  for (var k = 0u; k < length; k++) {
    let at = start + k * stride;
    let cell = cells[at];
    if (cell != 0u) {
      distance = select(1u, distance + 1u, same_region(cell, before));
      if (params.first == 0u) { distance = min(distance, distances[at]); }
      distances[at] = distance;
    }
    before = cell;
  }
  before = 0u;
  for (var k = length; k > 0u; k--) {
    let at = start + (k - 1u) * stride;
    let cell = cells[at];
    if (cell != 0u) {
      distance = min(select(1u, distance + 1u, same_region(cell, before)), distances[at]);
      distances[at] = distance;
    }
    before = cell;
  }
}
