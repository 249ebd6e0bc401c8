// n4/inspect: range and finiteness of the voxels of an image inside a mask.
// A workgroup takes STRIP times its size consecutive voxels, one invocation every workgroup_size-th.
// Grid: linear over voxels / STRIP; out-of-range invocations do nothing.
// Words of `found`: complement of the smallest ordered key, largest key (finite voxels), number of NaN or infinite.
// Twin: test/reference/n4/n4.ts (inspect)
#import common/grid
#import common/ordered

struct Params {
  length: u32,  // voxels
  masked: u32,  // 1: `mask` has one bit per voxel
  strip: u32,   // voxels per invocation
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> found: array<atomic<u32>>;

override workgroup_size: u32 = 64;

var<workgroup> low: atomic<u32>;
var<workgroup> high: atomic<u32>;
var<workgroup> inside: atomic<u32>;
var<workgroup> bad: atomic<u32>;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, 0u, workgroup_size) * params.strip + local;
  var own_low = 0x1.fffffep+127;
  var own_high = -0x1.fffffep+127;
  var own_inside = 0u;
  var own_bad = 0u;
  for (var k = 0u; k < params.strip; k++) {
    let i = first + k * workgroup_size;
    if (i >= params.length) { break; }
    if (params.masked == 1u && ((mask[i >> 5u] >> (i & 31u)) & 1u) == 0u) { continue; }
    let x = image[i];
    own_inside++;
    let finite = (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
    own_bad += u32(!finite);
    own_low = min(own_low, select(own_low, x, finite));
    own_high = max(own_high, select(own_high, x, finite));
  }
  atomicMax(&low, ~ordered(own_low));
  atomicMax(&high, ordered(own_high));
  atomicAdd(&inside, own_inside);
  atomicAdd(&bad, own_bad);
  workgroupBarrier();
  if (local == 0u && atomicLoad(&inside) > 0u) {
    atomicMax(&found[0], atomicLoad(&low));
    atomicMax(&found[1], atomicLoad(&high));
    atomicAdd(&found[2], atomicLoad(&bad));
  }
}
