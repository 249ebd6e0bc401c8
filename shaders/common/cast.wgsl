// Whole numbers of numbers of twice the width (common/twofold). Depends on the global declaration `params` with the fields
//   cast_values: u32 (1: cut off towards zero, 2: round, halves up), low: f32, high: f32 (the range), zero: u32
#import common/twofold

// Of values that are whole but for rounding, float64 has the whole number where all neighbours are equal.
const ROUNDING = 1e-8;

// Cut off towards zero: the whole part of the high word, one less where the low word falls short of it.
fn cut_off(value: vec2f) -> f32 {
  let sign_of = select(1.0, -1.0, value.x < 0.0);
  let high = value.x * sign_of;
  let low = value.y * sign_of;
  let whole = floor(high);
  let rest = (high - whole) + low;
  if (rest >= 1.0 - ROUNDING) { return sign_of * (whole + 1.0); }
  return sign_of * select(whole, whole - 1.0, rest < -ROUNDING);
}

// The nearest whole number: likewise of the sum with a half.
fn rounded(value: vec2f) -> f32 {
  let raised = add2(value, vec2f(0.5, 0.0));
  let whole = floor(raised.x);
  let rest = (raised.x - whole) + raised.y;
  return select(select(whole, whole - 1.0, rest < -ROUNDING), whole + 1.0, rest >= 1.0 - ROUNDING);
}

fn whole_of(value: vec2f) -> f32 {
  return clamp(select(cut_off(value), rounded(value), params.cast_values == 2u), params.low, params.high);
}
