// The sum of products with a filter as it is, where `packFilter` has scaled it: with 16-bit products its factors follow the
// bias. Needs of the kernel: params.out_quads and the buffer bias.
fn unscaled(sum: vec4f, quad: u32) -> vec4f {
#if F16_PRODUCTS
  return sum * bias[params.out_quads + quad];
#else
  return sum;
#endif
}
