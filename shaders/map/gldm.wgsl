// map/gldm: dependence features of the neighbourhood of each voxel. One invocation takes one voxel: it counts the dependent
// neighbours of every voxel of the neighbourhood that lie in the neighbourhood too, and computes the features of that list.
// Grid: linear over the tile; out-of-range invocations do nothing.
// Definition: PyRadiomics gldm.py with voxelBased (IBSI 3.11). Twin: test/reference/map/features.ts
#import common/grid
#import common/cell
#import common/map/tile
#import common/map/logarithm
#import common/map/sizes

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z and linear step of all neighbours
@group(0) @binding(4) var<storage, read> wanted: array<u32>;
@group(0) @binding(5) var<storage, read> logs: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(7) var<storage, read_write> output: array<u32>;

override workgroup_size: u32 = 64;

// Neighbours of a voxel of the neighbourhood, given relative to its middle, whose level is alike.
fn dependences(at: vec3i, index: i32, level: u32) -> u32 {
  var count = 0u;
  for (var a = 0u; a < params.offsets; a++) {
    let offset = offsets[a];
    if (any(abs(at + offset.xyz) > params.radius)) { continue; }
    let other = level_at(index + offset.w);
    if (other == 0u) { continue; }
    count += select(0u, 1u, max(level, other) - min(level, other) <= params.option);
  }
  return count;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let centre = i32(targets[params.first + k]);
  var count = 0u;
  let r = params.radius;
  for (var z = -r.z; z <= r.z; z++) {
    for (var y = -r.y; y <= r.y; y++) {
      for (var x = -r.x; x <= r.x; x++) {
        let index = centre + x + y * params.step_y + z * params.step_z;
        let level = level_at(index);
        if (level == 0u) { continue; }
        // A dependence counts the voxel itself.
        scratch[count * params.stride + k] = (level << 16u) | (dependences(vec3i(x, y, z), index, level) + 1u);
        count++;
      }
    }
  }
  add_size_features(k, count, level_at(centre));
  write_features(k, 1u);
}
