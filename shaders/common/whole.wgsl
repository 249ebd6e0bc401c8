// The nearest whole number from 0 to 2^23 - 1 as an integer. The conversion of the language saturates, which software drivers
// do number by number; this is one addition.
fn whole(x: vec4f) -> vec4u {
  return bitcast<vec4u>(x + 8388608.0) & vec4u(0x7fffffu);
}
