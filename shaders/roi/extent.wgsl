// roi/extent: per region the voxel count, the box, and the exact first and second moments of the voxel positions.
// One invocation takes STRIP consecutive entries of the voxel list and adds what it saw once per run of one region; with
// subgroups, lanes that ended in the same region add up first.
// Grid: linear over strips; out-of-range invocations take part in the subgroup with nothing. Cells that became 0
// (resegmentation) are skipped. Positions are those of the unpadded box.
// Row of a region in `sums`: see the constants below; minima are stored as complements so that zero means "none yet".
// Definition: PyRadiomics shape.py (covariance of the physical coordinates). Twin: test/reference/roi/extent.ts
#if SUBGROUPS
enable subgroups;
// Whether all lanes hold the same region is decided at run time, by subgroupAll.
diagnostic(off, subgroup_uniformity);
#endif
#import common/grid
#import common/cell
#import common/box
#import common/add64

struct Params {
  padded: vec3u,  // size of the padded box
  pad: u32,
  length: u32,    // entries of the voxel list
  axes: u32,      // 3: a loop bound that is not constant is not unrolled, which keeps compilation short
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> cells: array<u32>;
@group(0) @binding(2) var<storage, read> voxels: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<atomic<u32>>;

override workgroup_size: u32 = 64;
const STRIP = 16u;
const ROW = 32u;
const LOW = 1u;      // ~min x, y, z
const HIGH = 4u;     // max x, y, z
const FIRST = 8u;    // sum x, y, z as 64-bit pairs
const SECOND = 14u;  // sum xx, yy, zz, xy, xz, yz as 64-bit pairs

struct Run {
  region: u32,
  count: u32,
  low: vec3u,
  high: vec3u,
  first: vec3u,
  square: vec3u,
  product: vec3u,
}

fn flush(run: Run) {
  if (run.count == 0u) { return; }
  let row = run.region * ROW;
  atomicAdd(&sums[row], run.count);
  for (var axis = 0u; axis < params.axes; axis++) {
    atomicMax(&sums[row + LOW + axis], ~run.low[axis]);
    atomicMax(&sums[row + HIGH + axis], run.high[axis]);
    add64(row + FIRST + 2u * axis, run.first[axis]);
    add64(row + SECOND + 2u * axis, run.square[axis]);
    add64(row + SECOND + 6u + 2u * axis, run.product[axis]);
  }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, local, workgroup_size) * STRIP;
  let nothing = Run(0u, 0u, vec3u(0xffffffffu), vec3u(0u), vec3u(0u), vec3u(0u), vec3u(0u));
  var run = nothing;
  for (var k = first; k < min(first + STRIP, params.length); k++) {
    let index = voxels[k];
    let cell = cells[index];
    if (cell == 0u) { continue; }
    let region = region_of(cell);
    if (region != run.region) {
      flush(run);
      run = nothing;
      run.region = region;
    }
    let at = position_of(index, params.padded) - vec3u(params.pad);
    run.count++;
    run.low = min(run.low, at);
    run.high = max(run.high, at);
    run.first += at;
    run.square += at * at;
    run.product += vec3u(at.x * at.y, at.x * at.z, at.y * at.z);
  }
#if SUBGROUPS
  // Sums of a subgroup stay below 2^32: 128 lanes x 16 voxels x 1448^2; longer boxes take the plain path.
  let small = max(params.padded.x, max(params.padded.y, params.padded.z)) <= 1448u;
  let region = subgroupMax(select(0u, run.region + 1u, run.count > 0u));
  if (small && subgroupAll(run.count == 0u || run.region + 1u == region)) {
    var total = nothing;
    total.region = region - 1u;
    total.count = subgroupAdd(run.count);
    total.low = subgroupMin(run.low);
    total.high = subgroupMax(run.high);
    total.first = subgroupAdd(run.first);
    total.square = subgroupAdd(run.square);
    total.product = subgroupAdd(run.product);
    run = nothing;
    if (subgroupElect()) { run = total; }
  }
#endif
  flush(run);
}
