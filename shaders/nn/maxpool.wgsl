// nn/maxpool: the largest of 3 x 3 x 3 voxels around every second one; voxels outside the image do not count, NaN wins.
// One invocation per quad of channels of a result; out-of-range invocations do nothing.
// Grid: linear over the quads. Definition: torch.nn.MaxPool3d(3, 2, 1). Twin: test/reference/nn/pool.ts
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/quad

struct Params {
  in_size: vec3u,   // x, y, z
  quads: u32,
  out_size: vec3u,
  length: u32,      // quads of the results of all images
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> activation: array<Quad>;
@group(0) @binding(2) var<storage, read_write> results: array<Quad>;

override workgroup_size: u32 = 64;

const REACH = 1u;
const STRIDE = 2u;

// By the bits: compilers may take it that there is no NaN.
fn is_nan(v: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let quad = k % params.quads;
  var rest = k / params.quads;
  let x = rest % params.out_size.x;
  rest /= params.out_size.x;
  let y = rest % params.out_size.y;
  rest /= params.out_size.y;
  let z = rest % params.out_size.z;
  let image = rest / params.out_size.z;
  let low = max(vec3u(x, y, z) * STRIDE, vec3u(REACH)) - REACH;
  let high = min(vec3u(x, y, z) * STRIDE + REACH, params.in_size - 1u);
  // The middle of a window is always inside.
  let middle = ((image * params.in_size.z + z * STRIDE) * params.in_size.y + y * STRIDE) * params.in_size.x + x * STRIDE;
  var most = vec4f(activation[middle * params.quads + quad]);
  for (var iz = low.z; iz <= high.z; iz++) {
    for (var iy = low.y; iy <= high.y; iy++) {
      let row = ((image * params.in_size.z + iz) * params.in_size.y + iy) * params.in_size.x;
      for (var ix = low.x; ix <= high.x; ix++) {
        let value = vec4f(activation[(row + ix) * params.quads + quad]);
        let better = (value > most) | is_nan(value);
        most = select(most, value, better & !is_nan(most));
      }
    }
  }
  results[k] = Quad(most);
}
