// bench/float: `rounds` times eight multiply-adds of float32, or float16 by F16, on each of 12 independent values per invocation: the
// arithmetic peak that convolutions can be held against. Grid: linear; out-of-range invocations do nothing.
#if F16
enable f16;
alias Number = f16;
alias Vector = vec4h;
#else
alias Number = f32;
alias Vector = vec4f;
#endif
#import common/grid

struct Params {
  length: u32,
  rounds: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> results: array<f32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = linear_invocation(group, groups, local, workgroup_size);
  if (i >= params.length) { return; }
  var a = Vector(Number(i % 256u), 1.0, 2.0, 3.0);
  var b = a + 1.0;
  var c = a + 2.0;
  let factor = Vector(0.999 - Number(min(params.rounds, 1u)) * 0.001);
  let term = Vector(1e-3);
  for (var r = 0u; r < params.rounds; r++) {
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
    a = fma(a, factor, term); b = fma(b, factor, term); c = fma(c, factor, term);
  }
  let all = vec4f(a + b + c);
  results[i] = all.x + all.y + all.z + all.w;
}
