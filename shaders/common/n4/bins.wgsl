// The bins of the Parzen histogram of N4. Depends on common/twofold.
struct Bins {
  low: f32,     // centre of the first bin
  high: f32,    // largest value
  width: f32,   // nearest f32 to (high - low) / (bins - 1)
  drop: bool,   // whether the largest value lies above the last bin
}

// ITK computes positions in float32: (high - low) / width can come out as 199 + 1.5e-5, and then the largest value is
// counted nowhere. Decided here without a division, which only few devices round correctly.
fn bins_of(low: f32, high: f32, last: f32) -> Bins {
  let range = high - low;
  let quotient = range / last;
  let whole = two_product(quotient, last);
  let width = quotient + ((range - whole.x) - whole.y) / last;
  let product = two_product(width, last);
  let excess = (range - product.x) - product.y;
  // Half of the distance between f32 numbers just above `last`.
  let half_ulp = bitcast<f32>((bitcast<u32>(last) & 0x7f800000u) - (24u << 23u));
  return Bins(low, high, width, excess > half_ulp * width);
}
