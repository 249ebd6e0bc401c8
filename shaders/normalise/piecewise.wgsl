// normalise/piecewise: a piecewise linear map of every voxel, the end segments continued: that of the last segment whose
// first key is at most the voxel's key (the first segment below all), found by bisection. NaN stays NaN.
// One invocation takes `strip` voxels, a workgroup's width apart.
// Segment: y = value + ((x - start_high) - start_low) slope.
// Grid: one workgroup per block of voxels; others do nothing. Twin: test/reference/normalise/maps.ts
#import common/key

struct Segment {
  first_key: u32,
  start_high: f32,
  start_low: f32,
  value: f32,
  slope: f32,
}

struct Params {
  length: u32,  // voxels
  strip: u32,   // voxels per invocation
  segments: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> segments: array<Segment>;
@group(0) @binding(3) var<storage, read_write> mapped: array<u32>;

override workgroup_size: u32 = 256;

fn segment_of(key: u32) -> Segment {
  var at = 0u;
  var beyond = params.segments;
  while (beyond - at > 1u) {
    let middle = (at + beyond) >> 1u;
    if (segments[middle].first_key <= key) { at = middle; } else { beyond = middle; }
  }
  return segments[at];
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);
  for (var i = first + local; i < last; i += workgroup_size) {
    let bits = voxels[i];
    let key = key_of_bits(bits);
    let segment = segment_of(key);
    let y = segment.value + ((bitcast<f32>(bits) - segment.start_high) - segment.start_low) * segment.slope;
    mapped[i] = select(bitcast<u32>(y), bits, key == NAN_HIGH);
  }
}
