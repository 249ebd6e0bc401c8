// filter/spectrum: multiplies the frequencies of an image by those of a filter. Of the filter, what makes a real image of a real
// one: the mean of its value at a frequency and of the conjugate at the opposite one. One invocation per frequency.
// The filter is radial (of the distance from frequency 0, by a table), or a Laplacian of Gaussian (a sum of products over the
// axes), times the Riesz transform of an order: (-i)^l times the product of the powers of the coordinates over the distance^l.
// Grid: linear over the frequencies; out-of-range invocations do nothing.
// Definition: IBSI 2, non-separable wavelets and Riesz transforms. Twin: test/reference/filter/ibsi-spectral.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,     // frequencies
  apart: u32,      // from a real to its imaginary part
  order: vec3u,    // of the Riesz transform, 0 for none
  radial: u32,     // 1: by the table, 0: a Laplacian of Gaussian
  low: f32,        // distances that the table begins and ends at
  high: f32,
  scale: f32,      // factor of the filter, its sign that of (-i)^l, or of (-i)^l / i where l is odd
  odd: u32,        // 1: l is odd, and the factor imaginary
  length: u32,     // number of frequencies
}

@group(0) @binding(0) var<uniform> params: Params;
// For each frequency along x, then y, then z: its coordinate, that of the opposite one, the Gaussian, its second derivative.
@group(0) @binding(1) var<storage, read> axes: array<vec4f>;
@group(0) @binding(2) var<storage, read> profile: array<f32>;
@group(0) @binding(3) var<storage, read_write> spectrum: array<f32>;

override workgroup_size: u32 = 64;

fn power(x: f32, exponent: u32) -> f32 {
  var product = 1.0;
  for (var e = 0u; e < exponent; e++) { product *= x; }
  return product;
}

// The radial filter, 0 outside of the table.
fn radial_value(distance_from_zero: f32) -> f32 {
  if (distance_from_zero < params.low || distance_from_zero > params.high) { return 0.0; }
  let last = arrayLength(&profile) - 1u;
  let place = (distance_from_zero - params.low) / (params.high - params.low) * f32(last);
  let below = min(u32(place), last - 1u);
  return mix(profile[below], profile[below + 1u], place - f32(below));
}

// The Riesz transform without (-i)^l, and the radial filter.
fn value_at(point: vec3f) -> f32 {
  let radius = length(point);
  var value = select(1.0, radial_value(radius), params.radial == 1u);
  let order = params.order.x + params.order.y + params.order.z;
  if (order > 0u) {
    // Frequency 0 has no direction.
    let unit = select(vec3f(0.0), point / radius, radius > 0.0);
    value *= power(unit.x, params.order.x) * power(unit.y, params.order.y) * power(unit.z, params.order.z);
  }
  return value;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let x = axes[at.x];
  let y = axes[params.size.x + at.y];
  let z = axes[params.size.x + params.size.y + at.z];
  let here = value_at(vec3f(x.x, y.x, z.x));
  let opposite = value_at(vec3f(x.y, y.y, z.y));
  var factor = 0.5 * params.scale * select(here + opposite, here - opposite, params.odd == 1u);
  if (params.radial == 0u) { factor *= x.w * y.z * z.z + x.z * y.w * z.z + x.z * y.z * z.w; }
  let re = factor * spectrum[k];
  let im = factor * spectrum[k + params.apart];
  spectrum[k] = select(re, -im, params.odd == 1u);
  spectrum[k + params.apart] = select(im, re, params.odd == 1u);
}
