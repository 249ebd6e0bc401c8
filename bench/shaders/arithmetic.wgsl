// bench/arithmetic: `rounds` integer multiply-adds on each of 16 independent values per invocation: the arithmetic peak that the
// counting kernels can be held against. Grid: linear; out-of-range invocations do nothing.
#import common/grid

struct Params {
  length: u32,
  rounds: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> results: array<u32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = linear_invocation(group, groups, local, workgroup_size);
  if (i >= params.length) { return; }
  var a = vec4u(i, i + 1u, i + 2u, i + 3u);
  var b = a + vec4u(4u);
  var c = b + vec4u(4u);
  var d = c + vec4u(4u);
  for (var r = 0u; r < params.rounds; r++) {
    a = a * b.x + c;
    b = b * c.x + d;
    c = c * d.x + a;
    d = d * a.x + b;
  }
  let all = a ^ b ^ c ^ d;
  results[i] = all.x ^ all.y ^ all.z ^ all.w;
}
