// Square root, logarithm and exponential of numbers of twice the width (common/twofold). The builtins of WGSL are only good
// to a few units of f32, so they give no more than a first guess; what decides are sums and products whose errors are known.
#import common/twofold

const LN2 = vec3f(0.6931471824645996, -1.9046542121259336e-9, -8.78318373858934e-17);
const LOG2_E = 1.4426950408889634;
const SQRT_HALF = 0.7071067811865476;

// x 2^k for a result that is no denormal number.
fn scale2(x: vec2f, k: i32) -> vec2f {
  // Two steps, because 2^k itself may lie outside the range of f32.
  let half = k / 2;
  return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(k - half + 127) << 23u);
}

// Square root by Newton's method; 0 of 0. Relative error below 2^-45.
fn square_root2(a: vec2f) -> vec2f {
  if (a.x <= 0.0) { return vec2f(0.0); }
  var root = vec2f(sqrt(a.x), 0.0);
  for (var step = 0; step < 2; step++) {
    let rest = add2(a, -multiply2(root, root));
    root = quick_two_sum(root.x, root.y + 0.5 * rest.x / root.x);
  }
  return root;
}

// Natural logarithm of a normal number. Error below 2^-44 of the larger of 1 and the result, relative near 1.
fn logarithm2(a: vec2f) -> vec2f {
  // a = 2^k m with m from sqrt(1/2) to sqrt(2).
  var k = i32((bitcast<u32>(a.x) >> 23u) & 0xffu) - 126;
  var m = scale2(a, -k);
  if (m.x < SQRT_HALF) {
    m = 2.0 * m;
    k -= 1;
  }
  // log m = 2 artanh z: z + z^3 / 3 + ...; |z| < 0.172, so that the terms from z^11 on need no more than f32.
  let z = divide2(add2(m, vec2f(-1.0, 0.0)), add2(m, vec2f(1.0, 0.0)));
  let square = multiply2(z, z);
  let q = square.x;
  let tail = 1.0 / 11.0 + q * (1.0 / 13.0 + q * (1.0 / 15.0 + q * (1.0 / 17.0 + q * (1.0 / 19.0 + q / 21.0))));
  var series = add2(vec2f(0.1111111119389534, -8.278422947149977e-10), multiply2(square, vec2f(tail, 0.0)));
  series = add2(vec2f(0.1428571492433548, -6.38621200366174e-9), multiply2(square, series));
  series = add2(vec2f(0.20000000298023224, -2.9802322831784522e-9), multiply2(square, series));
  series = add2(vec2f(0.3333333432674408, -9.934107758624577e-9), multiply2(square, series));
  let whole = f32(k);
  let low_part = add2(two_product(whole, LN2.y), vec2f(whole * LN2.z, 0.0));
  let mantissa = 2.0 * add2(z, multiply2(z, multiply2(square, series)));
  return add2(add2(two_product(whole, LN2.x), mantissa), low_part);
}

// Exponential, for arguments whose result is no denormal number and below 2^127. Relative error below 2^-46.
fn exponential2(a: vec2f) -> vec2f {
  let whole = round(a.x * LOG2_E);
  var rest = add2(a, -two_product(whole, LN2.x));
  rest = add2(rest, -two_product(whole, LN2.y));
  rest = add2(rest, vec2f(-whole * LN2.z, 0.0));
  // exp(r) - 1 of r = rest / 8 by its series, then three times (1 + e)^2 - 1 = 2 e + e^2. |r| < 0.044: the terms from
  // r^5 on need no more than f32.
  let r = 0.125 * rest;
  let tail = 1.0 / 120.0 + r.x * (1.0 / 720.0 + r.x * (1.0 / 5040.0 + r.x / 40320.0));
  var series = add2(vec2f(0.0416666679084301, -1.2417634698280722e-9), multiply2(r, vec2f(tail, 0.0)));
  series = add2(vec2f(0.1666666716337204, -4.967053879312289e-9), multiply2(r, series));
  series = add2(vec2f(0.5, 0.0), multiply2(r, series));
  var e = add2(r, multiply2(multiply2(r, r), series));
  for (var step = 0; step < 3; step++) { e = add2(2.0 * e, multiply2(e, e)); }
  return scale2(add2(vec2f(1.0, 0.0), e), i32(whole));
}
