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
