// roi/compact: from the box of the wanted labels, cropped from a mask: `cells` (padded box, region number of each voxel) and
// `voxels` (indices into `cells` of all voxels inside a region, in runs that follow the rows of the box).
// One invocation takes SEGMENT voxels of one row of the box and reserves its place in the list with one atomic.
// Grid: linear over segments; out-of-range invocations do nothing. The order of the runs in the list is not determined.
// Twin: the labels themselves, in test/roi/roi.test.ts
#import common/grid
#import common/cell

struct Params {
  size: vec3u,           // voxels of the box
  pad: u32,              // voxels around the box in `cells`
  labels_per_word: u32,  // 4, 2 or 1: bytes, halves or whole words
  segments: u32,         // segments per row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> regions: array<u32>;  // region number + 1 by label value, 0 = not wanted
@group(0) @binding(3) var<storage, read_write> cells: array<u32>;
@group(0) @binding(4) var<storage, read_write> voxels: array<u32>;
@group(0) @binding(5) var<storage, read_write> list_length: array<atomic<u32>>;

override workgroup_size: u32 = 64;
const SEGMENT = 32u;

fn label_at(index: u32) -> u32 {
  let bits = 32u / params.labels_per_word;
  let word = labels[index / params.labels_per_word];
  return (word >> ((index % params.labels_per_word) * bits)) & (0xffffffffu >> (32u - bits));
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let segment = linear_invocation(group, groups, local, workgroup_size);
  let row = segment / params.segments;
  if (row >= params.size.y * params.size.z) { return; }
  let x0 = (segment % params.segments) * SEGMENT;
  let count = min(SEGMENT, params.size.x - x0);
  let y = row % params.size.y;
  let z = row / params.size.y;
  let label_row = row * params.size.x + x0;
  let padded = params.size + vec3u(2u * params.pad);
  let cell_row = ((z + params.pad) * padded.y + y + params.pad) * padded.x + x0 + params.pad;

  var inside = 0u;
  for (var k = 0u; k < count; k++) {
    let label = label_at(label_row + k);
    if (label != 0u) {
      let region = regions[label];
      if (region != 0u) {
        cells[cell_row + k] = region << REGION_SHIFT;
        inside |= 1u << k;
      }
    }
  }
  if (inside == 0u) { return; }
  var at = atomicAdd(&list_length[0], countOneBits(inside));
  while (inside != 0u) {
    let k = countTrailingZeros(inside);
    inside &= inside - 1u;
    voxels[at] = cell_row + k;
    at++;
  }
}
