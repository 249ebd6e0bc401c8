// Intensities are compared as unsigned keys that keep their order: for 32-bit integers the value with its sign bit
// flipped, for floats the bit pattern with the sign folded in. One word for 32-bit data, two (high, low) for float64.
// Comparing keys is exact on every device, denormals and infinities included; f32 arithmetic would not be.
// NaN has the largest key.
struct Key {
  high: u32,
  low: u32,
}

fn key_less(a: Key, b: Key) -> bool {
  return a.high < b.high || (a.high == b.high && a.low < b.low);
}

const NAN_HIGH = 0xffffffffu;

// Kinds of keys, numbered as by `keyCodes` of src/pipeline/keys.ts.
const KEY_FLOAT32 = 0u;
const KEY_INT = 1u;
const KEY_UINT = 2u;
const KEY_TWOFOLD = 3u;  // two words, each the key of a float32
const KEY_FLOAT64 = 4u;  // two words

// The key of a float32 given by its bits: -0 is 0, every NaN has the largest key.
fn key_of_bits(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  let signed = select(bits, 0u, magnitude == 0u);
  let folded = signed ^ (u32(i32(signed) >> 31u) | 0x80000000u);
  return select(folded, NAN_HIGH, magnitude > 0x7f800000u);
}

// The bits of a float32 key.
fn bits_of_key(key: u32) -> u32 {
  return key ^ (~u32(i32(key) >> 31u) | 0x80000000u);
}

// The float32 of a key.
fn float_of_key(key: u32) -> f32 {
  return bitcast<f32>(bits_of_key(key));
}
