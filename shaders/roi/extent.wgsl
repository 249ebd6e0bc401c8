// roi/extent: per region the voxel count, the box, and the exact first and second moments of the voxel positions.
// One invocation takes STRIP consecutive entries of the voxel list and adds what it saw once per run of one region; with
// subgroups, lanes that ended in the same region add up first.
// Grid: linear over strips; out-of-range invocations take part in the subgroup with nothing. Cells that became 0
// (resegmentation) are skipped. Positions are those of the unpadded box.
// Row of a region in `sums`: see the constants below; minima are stored as complements so that zero means "none yet".
// Definition: PyRadiomics shape.py (covariance of the physical coordinates). Twin: test/reference/roi/roi.ts (extents)
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
  bounds: u32,    // 6 and 9: loop bounds that are not constant are not unrolled, which keeps compilation short
  moments: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> cells: array<u32>;
@group(0) @binding(2) var<storage, read> voxels: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<atomic<u32>>;

override workgroup_size: u32 = 64;
const STRIP = 16u;
const ROW = 32u;
const BOUNDS = 1u;   // ~min x, y, z, max x, y, z
const MOMENTS = 8u;  // sums of x, y, z, xx, yy, zz, xy, xz, yz as 64-bit pairs

struct Run {
  region: u32,
  count: u32,
  bounds: array<u32, 6>,
  moments: array<u32, 9>,
}

fn flush(run: ptr<function, Run>) {
  if ((*run).count == 0u) { return; }
  let row = (*run).region * ROW;
  atomicAdd(&sums[row], (*run).count);
  for (var k = 0u; k < params.bounds; k++) { atomicMax(&sums[row + BOUNDS + k], (*run).bounds[k]); }
  for (var k = 0u; k < params.moments; k++) { add64(row + MOMENTS + 2u * k, (*run).moments[k]); }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, local, workgroup_size) * STRIP;
  var run = Run();
  for (var k = first; k < min(first + STRIP, params.length); k++) {
    let index = voxels[k];
    let cell = cells[index];
    if (cell == 0u) { continue; }
    let region = region_of(cell);
    if (region != run.region) {
      flush(&run);
      run = Run();
      run.region = region;
    }
    let at = position_of(index, params.padded) - vec3u(params.pad);
    var bounds = array<u32, 6>(~at.x, ~at.y, ~at.z, at.x, at.y, at.z);
    var moments = array<u32, 9>(at.x, at.y, at.z, at.x * at.x, at.y * at.y, at.z * at.z, at.x * at.y, at.x * at.z, at.y * at.z);
    run.count++;
    for (var m = 0u; m < params.bounds; m++) { run.bounds[m] = max(run.bounds[m], bounds[m]); }
    for (var m = 0u; m < params.moments; m++) { run.moments[m] += moments[m]; }
  }
#if SUBGROUPS
  // Sums of a subgroup stay below 2^32: 128 lanes x 16 voxels x 1448^2; longer boxes take the plain path.
  let small = max(params.padded.x, max(params.padded.y, params.padded.z)) <= 1448u;
  let region = subgroupMax(select(0u, run.region + 1u, run.count > 0u));
  if (small && subgroupAll(run.count == 0u || run.region + 1u == region)) {
    run.region = region - 1u;
    run.count = subgroupAdd(run.count);
    for (var m = 0u; m < params.bounds; m++) { run.bounds[m] = subgroupMax(run.bounds[m]); }
    for (var m = 0u; m < params.moments; m++) { run.moments[m] = subgroupAdd(run.moments[m]); }
    if (!subgroupElect()) { run.count = 0u; }
  }
#endif
  flush(&run);
}
