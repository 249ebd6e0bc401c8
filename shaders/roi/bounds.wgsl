// roi/bounds: for every label value of a mask, how many voxels have it and the box that holds them.
// One invocation reads STRIP consecutive words of the packed mask and adds what it saw once per run of one label.
// Grid: linear over strips; out-of-range invocations do nothing. Label 0 is background and never counted.
// Table row of a label: voxel count, then the complements of min x, y, z and max x, y, z (so that zero means "none yet").
// Twin: test/reference/roi/bounds.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,       // voxels of this slab of the mask
  first_slice: u32,  // z of the slab's first slice
  words: u32,        // 32-bit words of the slab
  labels_per_word: u32,  // 4, 2 or 1: bytes, halves or whole words
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> table: array<atomic<u32>>;

override workgroup_size: u32 = 64;
const STRIP = 8u;
const ROW = 8u;

struct Run {
  label: u32,
  count: u32,
  low: vec3u,
  high: vec3u,
}

fn flush(run: Run) {
  if (run.count == 0u || run.label == 0u) { return; }
  let row = run.label * ROW;
  atomicAdd(&table[row], run.count);
  for (var axis = 0u; axis < 3u; axis++) {
    atomicMax(&table[row + 1u + axis], ~run.low[axis]);
    atomicMax(&table[row + 4u + axis], run.high[axis]);
  }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, local, workgroup_size) * STRIP;
  let voxels = params.size.x * params.size.y * params.size.z;
  let bits = 32u / params.labels_per_word;
  let label_mask = 0xffffffffu >> (32u - bits);
  var run = Run(0u, 0u, vec3u(0u), vec3u(0u));
  for (var w = first; w < min(first + STRIP, params.words); w++) {
    let word = labels[w];
    if (word == 0u && run.label == 0u) { continue; }
    for (var k = 0u; k < params.labels_per_word; k++) {
      let label = (word >> (k * bits)) & label_mask;
      let index = w * params.labels_per_word + k;
      if (label != run.label) {
        flush(run);
        run = Run(label, 0u, vec3u(0xffffffffu), vec3u(0u));
      }
      if (label != 0u && index < voxels) {
        let at = position_of(index, params.size) + vec3u(0u, 0u, params.first_slice);
        run.count++;
        run.low = min(run.low, at);
        run.high = max(run.high, at);
      }
    }
  }
  flush(run);
}
