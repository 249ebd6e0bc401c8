// filter/gabor: multiplies the frequencies of an image in planes, of which half along the first axis are held, by those of a
// complex kernel. Numbers lie along the second axis of the planes, then the first, then across them, which is fastest.
// One invocation per frequency of four planes; out-of-range invocations do nothing.
// Definition: IBSI 2, Gabor filter (Q88H). Twin: test/reference/filter/ibsi.ts
#import common/grid

struct Params {
  size: vec3u,  // fours of planes, frequencies along the first and the second axis
  held: u32,    // frequencies of the image along the first axis
  lane: u32,    // number of the kernel, of four side by side
}

@group(0) @binding(0) var<uniform> params: Params;
// Complex numbers, real parts first.
@group(0) @binding(1) var<storage, read> kernels: array<f32>;
@group(0) @binding(2) var<storage, read> image: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> responses: array<vec4f>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  let size = params.size;
  let length = size.x * size.y * size.z;
  if (k >= length) { return; }
  let column = k / size.x;
  let v = column / size.y;
  let u = column - v * size.y;
  // Of a real image the other frequencies are the conjugates of their opposites.
  let mirrored = u >= params.held;
  let row = select(v, select(size.z - v, 0u, v == 0u), mirrored);
  let place = (row * params.held + select(u, size.y - u, mirrored)) * size.x + (k - column * size.x);
  let re = image[place];
  let im = select(1.0, -1.0, mirrored) * image[place + params.held * size.z * size.x];
  let at = 4u * column + params.lane;
  let weight = vec2f(kernels[at], kernels[at + 4u * size.y * size.z]);
  responses[k] = weight.x * re - weight.y * im;
  responses[k + length] = weight.y * re + weight.x * im;
}
