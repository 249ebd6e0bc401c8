// bench/read: sums what is read: each workgroup a run of `rounds` times its size in vec4, lane beside lane. What reading
// alone can reach, where copying is bound by its writes. Grid: linear; workgroups beyond the source do nothing.
#import common/grid

struct Params {
  length: u32,  // vec4 elements, a multiple of rounds times the workgroup's size
  rounds: u32,  // a multiple of four
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = linear_invocation(group, groups, local, workgroup_size);
  var at = (i - local) * params.rounds + local;
  if (at >= params.length) { return; }
  var a = vec4f();
  var b = vec4f();
  var c = vec4f();
  var d = vec4f();
  for (var r = 0u; r < params.rounds; r += 4u) {
    a += source[at];
    b += source[at + workgroup_size];
    c += source[at + 2u * workgroup_size];
    d += source[at + 3u * workgroup_size];
    at += 4u * workgroup_size;
  }
  sums[i] = a + b + c + d;
}
