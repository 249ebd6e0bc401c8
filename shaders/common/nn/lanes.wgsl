// A product of matrices in the registers of eight lanes: 16 rows (two of each lane, a and b) by 16 columns (four quads).
const LANES = 8u;
const QUADS = 4u;
const BLOCK = 32u;        // quads of weights for eight inputs and 16 outputs

struct Sums {
  a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f,
  b0: vec4f, b1: vec4f, b2: vec4f, b3: vec4f,
}

struct Weights { q0: vec4f, q1: vec4f, q2: vec4f, q3: vec4f }

// Adds the products of eight inputs: a0, a1 of row a and b0, b1 of row b.
fn add_octet(sums: ptr<function, Sums>, held: Weights, a0: vec4f, a1: vec4f, b0: vec4f, b1: vec4f) {
  add(sums, held, 0u, a0.x, b0.x);
  add(sums, held, 1u, a0.y, b0.y);
  add(sums, held, 2u, a0.z, b0.z);
  add(sums, held, 3u, a0.w, b0.w);
  add(sums, held, 4u, a1.x, b1.x);
  add(sums, held, 5u, a1.y, b1.y);
  add(sums, held, 6u, a1.z, b1.z);
  add(sums, held, 7u, a1.w, b1.w);
}

// Adds the product with the weights that a lane holds.
fn add(sums: ptr<function, Sums>, held: Weights, lane: u32, a: f32, b: f32) {
  let q0 = subgroupShuffle(held.q0, lane);
  let q1 = subgroupShuffle(held.q1, lane);
  let q2 = subgroupShuffle(held.q2, lane);
  let q3 = subgroupShuffle(held.q3, lane);
  (*sums).a0 = fma(q0, vec4f(a), (*sums).a0);
  (*sums).a1 = fma(q1, vec4f(a), (*sums).a1);
  (*sums).a2 = fma(q2, vec4f(a), (*sums).a2);
  (*sums).a3 = fma(q3, vec4f(a), (*sums).a3);
  (*sums).b0 = fma(q0, vec4f(b), (*sums).b0);
  (*sums).b1 = fma(q1, vec4f(b), (*sums).b1);
  (*sums).b2 = fma(q2, vec4f(b), (*sums).b2);
  (*sums).b3 = fma(q3, vec4f(b), (*sums).b3);
}
