// IEEE 754 float64 in integers, for what must round as a float64 computation does: vec2u(high, low) holds the bits. Sums,
// products and quotients are rounded to nearest, ties to even. Denormal numbers count as 0. The functions choose between
// results instead of branching: on software drivers, which run all branches anyway, that compiles and runs faster.
const F64_SIGN = 0x80000000u;
const F64_NAN = vec2u(0x7ff80000u, 0u);

fn f64_exponent(a: vec2u) -> u32 { return (a.x >> 20u) & 0x7ffu; }
fn f64_magnitude(a: vec2u) -> vec2u { return vec2u(a.x & ~F64_SIGN, a.y); }
fn f64_is_nan(a: vec2u) -> bool { return u64_less(vec2u(0x7ff00000u, 0u), f64_magnitude(a)); }
fn f64_negate(a: vec2u) -> vec2u { return vec2u(a.x ^ F64_SIGN, a.y); }
fn f64_infinity(sign: u32) -> vec2u { return vec2u(sign | 0x7ff00000u, 0u); }

fn u64_less(a: vec2u, b: vec2u) -> bool { return a.x < b.x || (a.x == b.x && a.y < b.y); }

fn u64_add(a: vec2u, b: vec2u) -> vec2u {
  let low = a.y + b.y;
  return vec2u(a.x + b.x + u32(low < a.y), low);
}

fn u64_subtract(a: vec2u, b: vec2u) -> vec2u { return vec2u(a.x - b.x - u32(a.y < b.y), a.y - b.y); }

// n < 64.
fn u64_left(a: vec2u, n: u32) -> vec2u {
  let m = n & 31u;
  let low = a.y << m;
  return select(vec2u((a.x << m) | ((a.y >> 1u) >> (31u - m)), low), vec2u(low, 0u), n >= 32u);
}

// n < 64.
fn u64_right(a: vec2u, n: u32) -> vec2u {
  let m = n & 31u;
  let high = a.x >> m;
  return select(vec2u(high, (a.y >> m) | ((a.x << 1u) << (31u - m))), vec2u(0u, high), n >= 32u);
}

// Any n, of a number whose first bit is at the top; the last bit is set too where a bit that is lost was.
fn u64_right_sticky(a: vec2u, n: u32) -> vec2u {
  let shifted = u64_right(a, min(n, 63u));
  return vec2u(shifted.x, shifted.y | u32(any(u64_left(shifted, min(n, 63u)) != a)));
}

// The product of two u32.
fn u64_product(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let other = al * bh + (middle & 0xffffu);
  return vec2u(ah * bh + (middle >> 16u) + (other >> 16u), (other << 16u) | (low & 0xffffu));
}

// The significand of a number that is not 0, its first bit at the top.
fn f64_significand(a: vec2u) -> vec2u {
  return vec2u(F64_SIGN | ((a.x << 11u) & 0x7fffffffu) | (a.y >> 21u), a.y << 11u);
}

// The number with this significand, rounded.
fn f64_pack(sign: u32, exponent: i32, significand: vec2u) -> vec2u {
  let rest = significand.y & 0x7ffu;
  let whole = vec2u(significand.x >> 11u, (significand.x << 21u) | (significand.y >> 11u));
  let up = rest > 0x400u || (rest == 0x400u && (whole.y & 1u) == 1u);
  // The first bit of the significand, and what rounding carries, count up the exponent.
  let number = u64_add(vec2u(sign | (u32(exponent - 1) << 20u), 0u), u64_add(whole, vec2u(0u, u32(up))));
  return select(select(number, f64_infinity(sign), exponent >= 2047), vec2u(sign, 0u), exponent <= 0);
}

fn f64_multiply(a: vec2u, b: vec2u) -> vec2u {
  let sign = (a.x ^ b.x) & F64_SIGN;
  let ea = f64_exponent(a);
  let eb = f64_exponent(b);
  let ma = f64_significand(a);
  let mb = f64_significand(b);
  let low = u64_product(ma.y, mb.y);
  // Both cross products may carry out of 64 bits together.
  let cross = u64_add(vec2u(0u, low.x), u64_product(ma.x, mb.y));
  let other = u64_product(ma.y, mb.x);
  let middle = u64_add(cross, other);
  let top = u64_add(u64_product(ma.x, mb.x), vec2u(u32(u64_less(middle, other)), middle.x));
  // The first bit of the product is the first or second of `top`.
  let is_short = top.x < F64_SIGN;
  let shifted = select(top, vec2u((top.x << 1u) | (top.y >> 31u), (top.y << 1u) | (middle.y >> 31u)), is_short);
  let rest = select(middle.y, middle.y << 1u, is_short) | low.y;
  let number = f64_pack(sign, i32(ea + eb) - 1022 - i32(is_short), vec2u(shifted.x, shifted.y | u32(rest != 0u)));
  let is_zero = ea == 0u || eb == 0u;
  let is_odd = ea == 2047u || eb == 2047u;
  let odd = select(f64_infinity(sign), F64_NAN, is_zero || f64_is_nan(a) || f64_is_nan(b));
  return select(select(number, vec2u(sign, 0u), is_zero), odd, is_odd);
}

fn f64_add(first: vec2u, second: vec2u) -> vec2u {
  let swapped = u64_less(f64_magnitude(first), f64_magnitude(second));
  let a = select(first, second, swapped);
  let b = select(second, first, swapped);
  let sign = a.x & F64_SIGN;
  let ea = f64_exponent(a);
  let eb = f64_exponent(b);
  let opposite = ((a.x ^ b.x) & F64_SIGN) != 0u;
  let ma = u64_right(f64_significand(a), 1u);
  let mb = u64_right_sticky(f64_significand(b), 1u + ea - eb);
  let sum = select(u64_add(ma, mb), u64_subtract(ma, mb), opposite);
  let zeros = select(countLeadingZeros(sum.x), 32u + countLeadingZeros(sum.y), sum.x == 0u);
  let number = f64_pack(sign, i32(ea + 1u) - i32(zeros), u64_left(sum, zeros & 63u));
  let same = select(number, vec2u(0u), (sum.x | sum.y) == 0u);
  let small = select(same, select(a, vec2u(a.x & b.x & F64_SIGN, 0u), ea == 0u), eb == 0u);
  return select(small, select(a, F64_NAN, f64_is_nan(a) || (eb == 2047u && opposite)), ea == 2047u);
}

fn f64_divide(a: vec2u, b: vec2u) -> vec2u {
  let sign = (a.x ^ b.x) & F64_SIGN;
  let ea = f64_exponent(a);
  let eb = f64_exponent(b);
  var rest = u64_right(f64_significand(a), 11u);
  let divisor = u64_right(f64_significand(b), 11u);
  let is_less = u64_less(rest, divisor);
  rest = u64_left(rest, u32(is_less));
  // 56 bits, the first of them 1.
  var quotient = vec2u(0u);
  while (quotient.x < 0x800000u) {
    let fits = !u64_less(rest, divisor);
    quotient = u64_left(quotient, 1u);
    quotient.y |= u32(fits);
    rest = u64_left(select(rest, u64_subtract(rest, divisor), fits), 1u);
  }
  quotient = u64_left(quotient, 8u);
  let exponent = i32(ea) - i32(eb) + 1023 - i32(is_less);
  let number = f64_pack(sign, exponent, vec2u(quotient.x, quotient.y | u32((rest.x | rest.y) != 0u)));
  let small = select(number, vec2u(sign, 0u), ea == 0u || eb == 2047u);
  let large = select(small, f64_infinity(sign), ea == 2047u || eb == 0u);
  let none = f64_is_nan(a) || f64_is_nan(b) || (ea == eb && (ea == 2047u || ea == 0u));
  return select(large, F64_NAN, none);
}

// Whether a - b is neither negative nor NaN.
fn f64_at_least(a: vec2u, b: vec2u) -> bool {
  let ma = f64_magnitude(a);
  let mb = f64_magnitude(b);
  let none = f64_is_nan(a) || f64_is_nan(b) || (f64_exponent(a) == 2047u && all(a == b));
  let zero = (ma.x | ma.y | mb.x | mb.y) == 0u;
  let same_sign = select(!u64_less(ma, mb), !u64_less(mb, ma), a.x >= F64_SIGN);
  return !none && (zero || select(same_sign, a.x < F64_SIGN, ((a.x ^ b.x) & F64_SIGN) != 0u));
}

fn f64_of_f32(value: f32) -> vec2u {
  let bits = bitcast<u32>(value);
  let sign = bits & F64_SIGN;
  let exponent = (bits >> 23u) & 0xffu;
  let fraction = bits & 0x7fffffu;
  let wide = select(exponent + 896u, 2047u, exponent == 255u);
  return select(vec2u(sign | (wide << 20u) | (fraction >> 3u), fraction << 29u), vec2u(sign, 0u), exponent == 0u);
}

// The bits of the nearest f32; NaN and infinity stay what they are.
fn f32_bits_of_f64(a: vec2u) -> u32 {
  let sign = a.x & F64_SIGN;
  let exponent = i32(f64_exponent(a)) - 896;
  let whole = (u32(exponent) << 23u) | ((a.x & 0xfffffu) << 3u) | (a.y >> 29u);
  let rest = a.y & 0x1fffffffu;
  let up = rest > 0x10000000u || (rest == 0x10000000u && (whole & 1u) == 1u);
  let large = select(sign | (whole + u32(up)), sign | 0x7f800000u, exponent >= 255);
  return select(select(large, sign, exponent <= 0), 0x7fc00000u, f64_is_nan(a));
}
