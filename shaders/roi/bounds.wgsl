// roi/bounds: for every label value of a mask, how many voxels have it and the box that holds them.
// One invocation reads STRIP consecutive words of the packed mask and adds what it saw once per run of one label.
// Grid: linear over strips; out-of-range invocations do nothing. Label 0 is background and never counted.
// Table row of a label: voxel count, then the complements of min x, y, z and max x, y, z (so that zero means "none yet").
// Twin: test/reference/roi/roi.ts (extents)
#import common/grid
#import common/box

struct Params {
  size: vec3u,       // voxels of this slab of the mask
  first_slice: u32,  // z of the slab's first slice
  words: u32,        // 32-bit words of the slab
  labels_per_word: u32,  // 4, 2 or 1: bytes, halves or whole words
  bounds: u32,       // 6: a loop bound that is not constant is not unrolled, which keeps compilation short
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
  bounds: array<u32, 6>,  // ~min x, y, z, max x, y, z
}

fn flush(run: ptr<function, Run>) {
  if ((*run).count == 0u || (*run).label == 0u) { return; }
  let row = (*run).label * ROW;
  atomicAdd(&table[row], (*run).count);
  for (var k = 0u; k < params.bounds; k++) { atomicMax(&table[row + 1u + k], (*run).bounds[k]); }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, local, workgroup_size) * STRIP;
  let voxels = params.size.x * params.size.y * params.size.z;
  let bits = 32u / params.labels_per_word;
  let label_mask = 0xffffffffu >> (32u - bits);
  var run = Run();
  for (var w = first; w < min(first + STRIP, params.words); w++) {
    let word = labels[w];
    if (word == 0u && run.label == 0u) { continue; }
    for (var k = 0u; k < params.labels_per_word; k++) {
      let label = (word >> (k * bits)) & label_mask;
      let index = w * params.labels_per_word + k;
      if (label != run.label) {
        flush(&run);
        run = Run();
        run.label = label;
      }
      if (label != 0u && index < voxels) {
        let at = position_of(index, params.size) + vec3u(0u, 0u, params.first_slice);
        var seen = array<u32, 6>(~at.x, ~at.y, ~at.z, at.x, at.y, at.z);
        run.count++;
        for (var m = 0u; m < params.bounds; m++) { run.bounds[m] = max(run.bounds[m], seen[m]); }
      }
    }
  }
  flush(&run);
}
