// Which voxels a measurement takes and what it measures of them, for kernels whose `params` have these fields:
//   length: u32, strip: u32, within: u32, above_key: u32, low_key: u32, high_key: u32, deviation: u32,
//   centre_high: f32, centre_low: f32
// Depends on the global declarations `params`, `voxels`: array<u32> (bits of float32) and `mask`: array<u32>.
#import common/key

const WITHIN_MASK = 1u;
const WITHIN_NONZERO = 2u;
const WITHIN_ABOVE = 3u;
const ZERO_KEY = 0x80000000u;

// The voxels of one invocation: from `first` on, a workgroup's width apart. One of the two ends is 0, that is, one of
// two loops is empty: software drivers run both sides of a branch inside a loop, and reading a mask for nothing costs
// them as much as reading the image.
struct Strip {
  first: u32,
  plain_end: u32,   // of the loop over voxels chosen by their key
  masked_end: u32,  // of the loop over voxels chosen by the mask
}

fn strip_of(index: u32, local: u32, width: u32) -> Strip {
  let start = index * width * params.strip;
  let end = min(start + width * params.strip, params.length);
  return Strip(start + local, select(end, 0u, params.within == WITHIN_MASK), select(0u, end, params.within == WITHIN_MASK));
}

// Whether a voxel with this key is measured, where there is no mask.
fn is_sampled(key: u32) -> bool {
  return (params.within != WITHIN_NONZERO || key != ZERO_KEY) && (params.within != WITHIN_ABOVE || key > params.above_key);
}

// The key of what is measured: the intensity, or its distance from the centre; clamped, but for NaN, which must be seen.
fn sampled_key(key: u32) -> u32 {
  var measured = key;
  if (params.deviation == 1u) {
    // A centre of two floats: half way between two values is no float32.
    let distance = abs((bitcast<f32>(bits_of_key(key)) - params.centre_high) - params.centre_low);
    measured = key_of_bits(bitcast<u32>(distance));
  }
  return select(clamp(measured, params.low_key, params.high_key), NAN_HIGH, measured == NAN_HIGH);
}
