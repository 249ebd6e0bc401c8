// shape/extremes: the ends of every grid line through the vertices of the surface mesh. The vertices are the midpoints of
// grid edges between a voxel of the region and one outside; on a line only the two ends can belong to a largest distance,
// so all diameters follow exactly from these tables. Coordinates are doubled: voxel i of the region's box padded by one is
// 2 i, a midpoint is odd.
// Tables of a region, one after the other: by (y, z) the smallest and largest x, by (x, z) the smallest and largest y;
// each entry two words, ~smallest and largest + 1, so that zero means "no vertex".
// One invocation per entry of the voxel list; out-of-range invocations do nothing.
// Definition: PyRadiomics shape.py, cshape.c. Twin: test/reference/shape/extremes.ts
#import common/grid
#import common/cell
#import common/box

struct Params {
  padded: vec3u,
  pad: u32,
  length: u32,
  faces: u32,  // 6 and 4: loop bounds that are not constant are not unrolled, which keeps compilation short
  ends: u32,
}

struct LineTable {
  first: u32,   // first word of the region's tables
  low_x: u32,   // first voxel of the region's box
  low_y: u32,
  low_z: u32,
  size_x: u32,  // doubled coordinates along x, y: 2 (voxels + 2)
  size_y: u32,
  size_z: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> line_tables: array<LineTable>;
@group(0) @binding(4) var<storage, read_write> lines: array<atomic<u32>>;

override workgroup_size: u32 = 64;

fn add_vertex(table: LineTable, at: vec3u) {
  let along_x = table.first + 2u * (at.y + table.size_y * at.z);
  let along_y = table.first + 2u * (table.size_y * table.size_z + at.x + table.size_x * at.z);
  for (var k = 0u; k < params.ends; k++) {
    let along = select(at.x, at.y, k >= 2u);
    let entry = select(along_x, along_y, k >= 2u) + (k & 1u);
    let value = select(~along, along + 1u, (k & 1u) == 1u);
    // Most vertices lie inside: reading first saves the atomic.
    if (atomicLoad(&lines[entry]) < value) { atomicMax(&lines[entry], value); }
  }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let table = line_tables[region_of(cell)];
  let first = vec3u(table.low_x, table.low_y, table.low_z);
  let at = 2u * (position_of(index, params.padded) - vec3u(params.pad) - first + vec3u(1u));
  let steps = vec3u(1u, params.padded.x, params.padded.x * params.padded.y);
  for (var face = 0u; face < params.faces; face++) {
    let axis = face >> 1u;
    let side = select(0xffffffffu, 1u, (face & 1u) == 1u);
    if (same_region(cells[index + side * steps[axis]], cell)) { continue; }
    var vertex = at;
    vertex[axis] += side;
    add_vertex(table, vertex);
  }
}
