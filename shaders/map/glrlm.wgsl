// map/glrlm: run length features of the neighbourhood of each voxel. One invocation takes one voxel: for every angle it lists
// the runs inside the neighbourhood and adds up the features of the angles with a line that holds two voxels.
// Grid: linear over the tile; out-of-range invocations do nothing.
// Definition: PyRadiomics glrlm.py with voxelBased (IBSI 3.7). Twin: test/reference/map/features.ts
#import common/grid
#import common/cell
#import common/map/tile
#import common/map/logarithm
#import common/map/sizes

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z and linear step of the unidirectional unit offsets
@group(0) @binding(4) var<storage, read> wanted: array<u32>;
@group(0) @binding(5) var<storage, read> logs: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(7) var<storage, read_write> output: array<u32>;

override workgroup_size: u32 = 64;

// Grey level at a place relative to the middle of the neighbourhood, 0 outside of it.
fn level_within(at: vec3i, index: i32) -> u32 {
  if (any(abs(at) > params.radius)) { return 0u; }
  return level_at(index);
}

// Lists the runs along an angle; their number, or 0 where no line along it holds two voxels.
fn list_runs(k: u32, centre: i32, offset: vec4i) -> u32 {
  var count = 0u;
  var several = false;
  let r = params.radius;
  let longest = 2 * max(r.x, max(r.y, r.z));
  for (var z = -r.z; z <= r.z; z++) {
    for (var y = -r.y; y <= r.y; y++) {
      for (var x = -r.x; x <= r.x; x++) {
        let at = vec3i(x, y, z);
        let index = centre + x + y * params.step_y + z * params.step_z;
        let level = level_at(index);
        if (level == 0u) { continue; }
        for (var s = 1; s <= longest && !several; s++) {
          several = level_within(at + s * offset.xyz, index + s * offset.w) != 0u;
        }
        if (level_within(at - offset.xyz, index - offset.w) == level) { continue; }
        var run = 1;
        while (level_within(at + run * offset.xyz, index + run * offset.w) == level) { run++; }
        scratch[count * params.stride + k] = (level << 16u) | u32(run);
        count++;
      }
    }
  }
  return select(0u, count, several);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let centre = i32(targets[params.first + k]);
  let here = level_at(centre);
  var angles = 0u;
  for (var a = 0u; a < params.offsets; a++) {
    let runs = list_runs(k, centre, offsets[a]);
    if (runs == 0u) { continue; }
    angles++;
    add_size_features(k, runs, here);
  }
  write_features(k, angles);
}
