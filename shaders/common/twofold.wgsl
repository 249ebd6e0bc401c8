// Numbers of twice the width of f32: the unevaluated sum of two (x high, y low), about 48 bits (Dekker 1971, Knuth).
// The error terms only exist if the compiler keeps the order of operations. `opaque` hides a value behind a zero that is
// only known at run time, so that (a + b) - a is not simplified; products are split by bits, not by fma, which WGSL does
// not promise to fuse. Depends on the global declaration `params` with a field `zero: u32` that is 0.
fn opaque(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ params.zero);
}

fn opaque4(x: vec4f) -> vec4f {
  return bitcast<vec4f>(bitcast<vec4u>(x) ^ vec4u(params.zero));
}

// Exact sum of two f32.
fn two_sum(a: f32, b: f32) -> vec2f {
  let sum = opaque(a + b);
  let rest = opaque(sum - a);
  return vec2f(sum, (a - (sum - rest)) + (b - rest));
}

// The same where |a| >= |b| or a = 0.
fn quick_two_sum(a: f32, b: f32) -> vec2f {
  let sum = opaque(a + b);
  return vec2f(sum, b - (sum - a));
}

// The upper 12 bits of the significand.
fn upper(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

// Exact product of two f32 (barring underflow).
fn two_product(a: f32, b: f32) -> vec2f {
  let product = opaque(a * b);
  let ah = upper(a);
  let bh = upper(b);
  let al = a - ah;
  let bl = b - bh;
  return vec2f(product, ((ah * bh - product) + ah * bl + al * bh) + al * bl);
}

fn add2(a: vec2f, b: vec2f) -> vec2f {
  let sum = two_sum(a.x, b.x);
  return quick_two_sum(sum.x, sum.y + (a.y + b.y));
}

fn multiply2(a: vec2f, b: vec2f) -> vec2f {
  let product = two_product(a.x, b.x);
  return quick_two_sum(product.x, product.y + (a.x * b.y + a.y * b.x));
}

fn divide2(a: vec2f, b: vec2f) -> vec2f {
  let first = a.x / b.x;
  let rest = add2(a, -multiply2(vec2f(first, 0.0), b));
  return quick_two_sum(first, rest.x / b.x);
}

// Adds factor x, whose factor is known beforehand: high and low word, then the upper 12 bits of the high word and the rest of
// it. The low word of the sum is not carried over: after n products it is exact to about n 2^-48 of their magnitudes,
// and two_sum(sum.x, sum.y) puts it right.
fn add_product(sum: vec2f, factor: vec4f, x: vec2f) -> vec2f {
  let product = opaque(factor.x * x.x);
  let xh = upper(x.x);
  let xl = x.x - xh;
  let rest = ((factor.z * xh - product) + factor.z * xl + factor.w * xh) + factor.w * xl;
  let high = two_sum(sum.x, product);
  return vec2f(high.x, sum.y + (high.y + (rest + (factor.x * x.y + factor.y * x.x))));
}
