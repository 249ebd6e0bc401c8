// nn/input: the input of a network from a resized crop: (v - origin) scale of every voxel; background becomes 0 or noise.
// Background are voxels outside the region where only the region is wanted, and with noise also those whose value is 0.
// The noise of a voxel is a quantile of the normal distribution, drawn by a hash of the seed and the voxel's index, so that
// it is the same on every device.
// One invocation takes `strip` voxels, a workgroup's width apart.
// Grid: one workgroup per block of voxels; others do nothing. Twin: test/reference/nn/input.ts

struct Params {
  length: u32,  // voxels
  strip: u32,   // voxels per invocation
  masked: u32,  // 1: voxels outside the region are background
  noisy: u32,   // 1: background is noise, and so are zeros
  seed: u32,
  origin_high: f32,
  origin_low: f32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<f32>;
@group(0) @binding(2) var<storage, read> inside: array<u32>;     // not read where `masked` is 0
@group(0) @binding(3) var<storage, read> quantiles: array<f32>;  // 2^14 of them; not read where `noisy` is 0
@group(0) @binding(4) var<storage, read_write> prepared: array<f32>;

override workgroup_size: u32 = 256;
const QUANTILE_SHIFT = 18u;  // leaves 14 bits of a hash

// MurmurHash3's finaliser.
fn mixed(word: u32) -> u32 {
  var h = word;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}

fn noise_of(i: u32) -> f32 {
  return quantiles[mixed(mixed(params.seed) + i * 0x9e3779b9u) >> QUANTILE_SHIFT];
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let start = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let end = min(start + workgroup_size * params.strip, params.length);
  for (var i = start + local; i < end; i += workgroup_size) {
    let voxel = voxels[i];
    var value = ((voxel - params.origin_high) - params.origin_low) * params.scale;
    let outside = params.masked == 1u && inside[i] == 0u;
    if (outside) { value = 0.0; }
    if (params.noisy == 1u && (outside || voxel == 0.0)) { value = noise_of(i); }
    prepared[i] = value;
  }
}
