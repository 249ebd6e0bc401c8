// texture/components: connected components of equal cells by union-find on the voxel list; grey level zones (texture/glszm)
// and the connected volumes of a region (diagnostics).
// `parents` holds for each voxel (by cell index) a voxel of its component with a smaller or equal index; the root is the
// smallest index of the component, so the result does not depend on the order of the work.
// Entry points, each one invocation per entry of the voxel list (out-of-range invocations do nothing):
//   start     every run of matching voxels along x is one component (every voxel where x is not a direction)
//   link      joins every voxel with the matching voxels of the neighbouring rows, leaving out joins that follow from others
//   measure   adds up the size of each component at its root
//   nearest   with distances for sizes: brings the least distance of each component to its root. (Those of other voxels stay, so
//             that the order of the work does not matter.)
//   tally     counts the zones of each grey level: sizes (or distances) up to `columns` in `counts`, larger ones in a list
//   volumes   counts the components of each region
// Definition: PyRadiomics glszm.py, cmatrices.c (IBSI 3.8; distances 3.9); union by atomic minimum after Komura 2015.
// Twin: test/reference/texture/components.ts
#import common/grid
#import common/cell
#import common/region

struct Params {
  length: u32,
  rows: u32,        // neighbouring rows that come earlier
  along_x: u32,     // 1 where neighbours may differ in x
  match_mask: u32,  // bits of a cell that must be equal: all (zones) or the high half (volumes)
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> steps: array<i32>;  // linear steps to the neighbouring rows
@group(0) @binding(4) var<storage, read> regions: array<Region>;
@group(0) @binding(5) var<storage, read_write> parents: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> sizes: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read_write> counts: array<atomic<u32>>;  // by row, size - 1
@group(0) @binding(8) var<storage, read_write> large: array<atomic<u32>>;   // length, then pairs (row, size)
@group(0) @binding(9) var<storage, read_write> totals: array<atomic<u32>>;  // volumes by region

override workgroup_size: u32 = 64;

fn root_of(start: u32) -> u32 {
  var at = start;
  var parent = atomicLoad(&parents[at]);
  while (parent != at) {
    at = parent;
    parent = atomicLoad(&parents[at]);
  }
  return at;
}

fn join(first: u32, second: u32) {
  var a = first;
  var b = second;
  loop {
    a = root_of(a);
    b = root_of(b);
    if (a == b) { return; }
    let high = max(a, b);
    let low = min(a, b);
    let before = atomicMin(&parents[high], low);
    if (before == high) { return; }
    // Another invocation hung `high` below `before` meanwhile: its component must be joined too.
    a = before;
    b = low;
  }
}

fn matches(cell: u32, index: u32) -> bool {
  return ((cells[index] ^ cell) & params.match_mask) == 0u;
}

@compute @workgroup_size(workgroup_size)
fn start(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  atomicStore(&sizes[index], 0u);
  if (cell == 0u) { return; }
  if (params.along_x == 0u) {
    atomicStore(&parents[index], index);
    return;
  }
  if (matches(cell, index - 1u)) { return; }
  var at = index;
  while (matches(cell, at)) {
    atomicStore(&parents[at], index);
    at++;
  }
}

// Voxels of one run along x are one component already. With m0, m1, m2 the matches at x - 1, x, x + 1 of another row:
// a join at x follows from the left neighbour's where that and m0 match, joins at x - 1 and x + 1 follow from the one at x,
// and from those of the left and right neighbours where these match.
@compute @workgroup_size(workgroup_size)
fn link(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let runs = params.along_x == 1u;
  let left = runs && matches(cell, index - 1u);
  let right = runs && matches(cell, index + 1u);
  for (var row = 0u; row < params.rows; row++) {
    let at = u32(i32(index) + steps[row]);
    let before = runs && matches(cell, at - 1u);
    // Bit k: join with the voxel at x - 1 + k of the row.
    var joins = 0u;
    if (matches(cell, at)) {
      joins = select(2u, 0u, left && before);
    } else {
      joins = select(0u, 1u, before && !left) | select(0u, 4u, runs && !right && matches(cell, at + 1u));
    }
    while (joins != 0u) {
      join(index, at + countTrailingZeros(joins) - 1u);
      joins &= joins - 1u;
    }
  }
}

@compute @workgroup_size(workgroup_size)
fn measure(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  if (cells[index] == 0u) { return; }
  let root = root_of(index);
  atomicStore(&parents[index], root);
  atomicAdd(&sizes[root], 1u);
}

@compute @workgroup_size(workgroup_size)
fn nearest(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  if (cells[index] == 0u) { return; }
  let root = root_of(index);
  atomicStore(&parents[index], root);
  atomicMin(&sizes[root], atomicLoad(&sizes[index]));
}

@compute @workgroup_size(workgroup_size)
fn tally(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u || atomicLoad(&parents[index]) != index) { return; }
  let row = regions[region_of(cell)].row_first + level_of(cell) - 1u;
  let size = atomicLoad(&sizes[index]);
  if (size <= params.columns) {
    atomicAdd(&counts[row * params.columns + size - 1u], 1u);
  } else {
    let at = 1u + 2u * atomicAdd(&large[0], 1u);
    atomicStore(&large[at], row);
    atomicStore(&large[at + 1u], size);
  }
}

@compute @workgroup_size(workgroup_size)
fn volumes(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u || atomicLoad(&parents[index]) != index) { return; }
  atomicAdd(&totals[region_of(cell)], 1u);
}
