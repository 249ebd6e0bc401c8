// map/ngtdm: grey tone difference features of the neighbourhood of each voxel. One invocation takes one voxel: it adds up the
// differences of the voxels of the neighbourhood from the mean of their own neighbours in it, by grey level, and computes the
// features of that table.
// Grid: linear over the tile; out-of-range invocations do nothing.
// Definition: PyRadiomics ngtdm.py with voxelBased (IBSI 3.10). Twin: test/reference/map/features.ts
#import common/grid
#import common/cell
#import common/map/tile

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z and linear step of all neighbours
@group(0) @binding(4) var<storage, read> wanted: array<u32>;
@group(0) @binding(5) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(6) var<storage, read_write> output: array<u32>;

override workgroup_size: u32 = 64;

const FLAT_COARSENESS = 1e6;

// One grey level of the neighbourhood: three words of `scratch`.
struct Tone {
  level: u32,
  voxels: u32,
  difference: f32,
}

fn tone_at(k: u32, t: u32) -> Tone {
  let at = 3u * t * params.stride + k;
  return Tone(scratch[at], scratch[at + params.stride], bitcast<f32>(scratch[at + 2u * params.stride]));
}

fn set_tone(k: u32, t: u32, tone: Tone) {
  let at = 3u * t * params.stride + k;
  scratch[at] = tone.level;
  scratch[at + params.stride] = tone.voxels;
  scratch[at + 2u * params.stride] = bitcast<u32>(tone.difference);
}

// Distance of a voxel's level from the mean of its neighbours, exactly 0 where they are equal.
fn difference_at(at: vec3i, index: i32, level: u32) -> f32 {
  var count = 0;
  var excess = 0;
  for (var a = 0u; a < params.offsets; a++) {
    let offset = offsets[a];
    if (any(abs(at + offset.xyz) > params.radius)) { continue; }
    let other = level_at(index + offset.w);
    if (other == 0u) { continue; }
    count++;
    excess += i32(other) - i32(level);
  }
  return f32(abs(excess)) / f32(max(count, 1));
}

// Adds a voxel to the tone of its level; the number of tones.
fn add_voxel(k: u32, tones: u32, level: u32, difference: f32) -> u32 {
  for (var t = 0u; t < tones; t++) {
    var tone = tone_at(k, t);
    if (tone.level == level) {
      set_tone(k, t, Tone(level, tone.voxels + 1u, tone.difference + difference));
      return tones;
    }
  }
  set_tone(k, tones, Tone(level, 1u, difference));
  return tones + 1u;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let centre = i32(targets[params.first + k]);
  let r = params.radius;
  var tones = 0u;
  var voxels = 0u;
  for (var z = -r.z; z <= r.z; z++) {
    for (var y = -r.y; y <= r.y; y++) {
      for (var x = -r.x; x <= r.x; x++) {
        let index = centre + x + y * params.step_y + z * params.step_z;
        let level = level_at(index);
        if (level == 0u) { continue; }
        tones = add_voxel(k, tones, level, difference_at(vec3i(x, y, z), index, level));
        voxels++;
      }
    }
  }
  let n = f32(voxels);
  var differences = 0.0;
  var weighted = 0.0;
  var contrast = 0.0;
  var busyness = 0.0;
  var complexity = 0.0;
  var strength = 0.0;
  for (var s = 0u; s < tones; s++) {
    let a = tone_at(k, s);
    differences += a.difference;
    weighted += f32(a.voxels) * a.difference;
    for (var t = 0u; t < tones; t++) {
      let b = tone_at(k, t);
      let gap = f32(max(a.level, b.level) - min(a.level, b.level));
      let both = f32(a.voxels + b.voxels);
      let heavy = a.level * a.voxels;
      let light = b.level * b.voxels;
      contrast += f32(a.voxels * b.voxels) * gap * gap;
      busyness += f32(max(heavy, light) - min(heavy, light));
      complexity += gap * (f32(a.voxels) * a.difference + f32(b.voxels) * b.difference) / both;
      strength += both * gap * gap;
    }
  }
  let pairs = f32(tones * (tones - 1u));
  if (busyness > 0.0) { values[0] = weighted / busyness; }
  values[1] = FLAT_COARSENESS;
  if (weighted > 0.0) { values[1] = n / weighted; }
  values[2] = complexity / n;
  if (tones > 1u) { values[3] = contrast / (n * n) * differences / n / pairs; }
  if (differences > 0.0) { values[4] = strength / n / differences; }
  write_features(k, 1u);
}
