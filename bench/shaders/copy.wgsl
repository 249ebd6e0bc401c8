// bench/copy: copies 16 bytes per invocation. Grid: linear; out-of-range invocations do nothing.
#import common/grid

struct Params {
  length: u32,  // vec4 elements
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> copied: array<vec4u>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = linear_invocation(group, groups, local, workgroup_size);
  if (i < params.length) { copied[i] = source[i]; }
}
