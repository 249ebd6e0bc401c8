// n4/shrink: the subsampled grid: log intensities inside the mask, weights, and how many voxels there are of which range.
// A workgroup takes STRIP times its size consecutive fours of voxels of the shrunk grid, one invocation every
// workgroup_size-th. Grid: linear over fours / STRIP; out-of-range invocations do nothing.
// Voxels <= 0 inside the mask keep their own value, as if it were a logarithm (ITK). The logarithm is a pair of f32 good
// to 1e-9: the rounding of ln(1000) to one f32 alone is 2e-7, and that of the builtin 1e-6.
// Definition: itkN4BiasFieldCorrectionImageFilter.hxx, itkShrinkImageFilter.hxx. Twin: test/reference/n4/n4.ts (shrink)
#import common/grid
#import common/box
#import common/n4/column
#import common/n4/shared
#import common/ordered
#import common/twofold

struct Params {
  size: vec3u,       // of the shrunk grid
  length: u32,       // its fours of voxels
  full: vec3u,       // size of the image
  strip: u32,        // fours per invocation
  offset: vec3i,     // index in the image of the first sample; negative in padding
  masked: u32,       // 1: `mask` has one bit per voxel of the image
  factor: vec3u,     // shrink factor along each axis
  weighted: u32,     // 1: `confidence` has one weight per voxel of the image
  zero: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> confidence: array<f32>;
@group(0) @binding(4) var<storage, read_write> logs: array<Pairs>;
@group(0) @binding(5) var<storage, read_write> values: array<vec4f>;  // log image - log field; the field is 0 now
@group(0) @binding(6) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> control: array<atomic<u32>>;

override workgroup_size: u32 = 64;

var<workgroup> low: atomic<u32>;
var<workgroup> high: atomic<u32>;
var<workgroup> inside: atomic<u32>;
var<workgroup> bad: atomic<u32>;

// ln(x) of a positive normal number: x = m 2^e with m near 1, ln(m) = 2 atanh((m - 1) / (m + 1)).
fn log2fold(x: f32) -> vec2f {
  let bits = bitcast<u32>(x);
  let large = (bits & 0x7fffffu) > 0x3504f3u;  // m above sqrt(2): halve it
  let m = bitcast<f32>((bits & 0x7fffffu) | select(0x3f800000u, 0x3f000000u, large));
  let e = f32(i32(bits >> 23u) - 127 + select(0, 1, large));
  let s = divide2(vec2f(m - 1.0, 0.0), two_sum(m, 1.0));
  let q = s.x * s.x;
  let tail = s.x * q * (0.333333333 + q * (0.2 + q * (0.142857143 + q * (0.111111111 + q * 0.0909090909))));
  // The upper part of ln 2 has 11 bits, so that its product with e is exact.
  let whole = add2(vec2f(e * 0.693359375, 0.0), vec2f(e * -2.12194442e-4, e * 1.6465949e-12));
  return add2(whole, add2(2.0 * s, vec2f(2.0 * tail, 0.0)));
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, 0u, workgroup_size) * params.strip + local;
  var own_low = 0xffffffffu;
  var own_high = 0u;
  var own_inside = 0u;
  var own_bad = 0u;
  let fours = vec3u(quads_of(params.size), params.size.yz);
  for (var k = 0u; k < params.strip; k++) {
    let i = first + k * workgroup_size;
    if (i >= params.length) { break; }
    let four = position_of(i, fours);
    let start = four * vec3u(4u, 1u, 1u);
    var pairs = Pairs(vec4f(OUTSIDE), vec4f(0.0));
    var confidences = vec4f(0.0);
    for (var lane = 0u; lane < min(4u, params.size.x - start.x); lane++) {
      let at = vec3i((start + vec3u(lane, 0u, 0u)) * params.factor) + params.offset;
      let there = all(at >= vec3i(0)) && all(at < vec3i(params.full));
      let source = select(0u, u32(at.x) + params.full.x * (u32(at.y) + params.full.y * u32(at.z)), there);
      var weight = select(0.0, 1.0, there);
      if (params.masked == 1u) { weight *= f32((mask[source >> 5u] >> (source & 31u)) & 1u); }
      if (params.weighted == 1u) { weight *= confidence[source]; }
      if (weight <= 0.0) { continue; }
      confidences[lane] = weight;
      let x = image[source];
      own_inside++;
      if ((bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u) {
        own_bad++;
        continue;
      }
      var pair = vec2f(x, 0.0);
      if (x >= 1.17549435e-38) { pair = log2fold(x); }
      own_low = min(own_low, ordered(pair.x));
      own_high = max(own_high, ordered(pair.x));
      pairs.high[lane] = pair.x;
      pairs.low[lane] = pair.y;
    }
    let out = cell_of(four.x, four.y, four.z, params.size).at;
    logs[out] = pairs;
    values[out] = pairs.high;
    if (params.weighted == 1u) { weights[out] = confidences; }
  }
  atomicMax(&low, ~own_low);
  atomicMax(&high, own_high);
  atomicAdd(&inside, own_inside);
  atomicAdd(&bad, own_bad);
  workgroupBarrier();
  if (local == 0u && atomicLoad(&inside) > 0u) {
    atomicMax(&control[LOW], atomicLoad(&low));
    atomicMax(&control[HIGH], atomicLoad(&high));
    atomicAdd(&control[INSIDE], atomicLoad(&inside));
    atomicAdd(&control[NON_FINITE], atomicLoad(&bad));
  }
}
