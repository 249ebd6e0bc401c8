// map/glszm: zone features of the neighbourhood of each voxel. One invocation takes one voxel: it joins the voxels of the
// neighbourhood that touch and have one level, by union-find, and computes the features of the list of zones.
// Grid: linear over the tile; out-of-range invocations do nothing.
// Definition: PyRadiomics glszm.py with voxelBased (IBSI 3.8). Twin: test/reference/map/features.ts
#import common/grid
#import common/cell
#import common/map/tile
#import common/map/logarithm
#import common/map/sizes

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z and linear step of the unit offsets that lead forward
@group(0) @binding(4) var<storage, read> wanted: array<u32>;
@group(0) @binding(5) var<storage, read> logs: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(7) var<storage, read_write> output: array<u32>;

override workgroup_size: u32 = 64;

// `scratch` of an invocation: for every place of the neighbourhood its zone's size, later the list of zones; then its parent,
// a place of the same zone that comes before it, or itself.
fn parent_of(k: u32, places: u32, place: u32) -> u32 {
  return scratch[(places + place) * params.stride + k];
}

fn set_parent(k: u32, places: u32, place: u32, parent: u32) {
  scratch[(places + place) * params.stride + k] = parent;
}

fn root_of(k: u32, places: u32, start: u32) -> u32 {
  var place = start;
  var parent = parent_of(k, places, place);
  while (parent != place) {
    place = parent;
    parent = parent_of(k, places, place);
  }
  return place;
}

const OUTSIDE = 0xffffffffu;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let centre = i32(targets[params.first + k]);
  let r = params.radius;
  let size = vec3u(2 * r + 1);
  let places = size.x * size.y * size.z;
  var place = 0u;
  for (var z = -r.z; z <= r.z; z++) {
    for (var y = -r.y; y <= r.y; y++) {
      for (var x = -r.x; x <= r.x; x++) {
        let index = centre + x + y * params.step_y + z * params.step_z;
        let level = level_at(index);
        scratch[place * params.stride + k] = 0u;
        set_parent(k, places, place, select(place, OUTSIDE, level == 0u));
        if (level != 0u) {
          for (var a = 0u; a < params.offsets; a++) {
            let offset = offsets[a];
            if (any(abs(vec3i(x, y, z) - offset.xyz) > r) || level_at(index - offset.w) != level) { continue; }
            let back = offset.x + i32(size.x) * (offset.y + i32(size.y) * offset.z);
            let there = root_of(k, places, u32(i32(place) - back));
            let here = root_of(k, places, place);
            set_parent(k, places, max(here, there), min(here, there));
          }
        }
        place++;
      }
    }
  }
  for (var p = 0u; p < places; p++) {
    if (parent_of(k, places, p) == OUTSIDE) { continue; }
    scratch[root_of(k, places, p) * params.stride + k] += 1u;
  }
  var count = 0u;
  place = 0u;
  for (var z = -r.z; z <= r.z; z++) {
    for (var y = -r.y; y <= r.y; y++) {
      for (var x = -r.x; x <= r.x; x++) {
        // The list grows slower than the places are read: it overwrites only sizes that are in it.
        let zone = scratch[place * params.stride + k];
        if (parent_of(k, places, place) == place) {
          let level = level_at(centre + x + y * params.step_y + z * params.step_z);
          scratch[count * params.stride + k] = (level << 16u) | zone;
          count++;
        }
        place++;
      }
    }
  }
  add_size_features(k, count, level_at(centre));
  write_features(k, 1u);
}
