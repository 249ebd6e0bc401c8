// shape/mesh: how often each marching-cubes configuration occurs on the surface of each region, and the sums of the
// positions of those cells. Area and volume of the mesh follow from these integers in float64: the triangles of a cell
// depend on its configuration only, and its signed volume is linear in its position.
// One invocation per entry of the voxel list looks at the eight cells that touch its voxel and takes those in which no
// earlier corner belongs to the region. Positions are those of the padded box with one voxel of padding.
// Grid: linear over the list; out-of-range invocations do nothing.
// Definition: PyRadiomics shape.py, cshape.c. Twin: test/reference/shape/mesh.ts
#import common/grid
#import common/cell
#import common/box
#import common/add64

struct Params {
  padded: vec3u,
  pad: u32,
  length: u32,
  corners: u32,  // 8: a loop bound that is not constant is not unrolled, which keeps compilation short
  axes: u32,     // 3, likewise
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> box_first: array<u32>;  // min x, y, z and one unused by region
@group(0) @binding(4) var<storage, read_write> sums: array<atomic<u32>>;

override workgroup_size: u32 = 64;
const CONFIGURATIONS = 256u;
const ROW = 8u;  // count, x, y, z as 64-bit pairs

// Corner k of a cell is bit k of its configuration: (z, y, x) = 000 001 011 010 100 101 111 110.
// In scan order (x fastest) the corners are 0, 1, 3, 2, 4, 5, 7, 6.
fn configuration(scan_bits: u32) -> u32 {
  return (scan_bits & 0x33u) | ((scan_bits & 0x44u) << 1u) | ((scan_bits & 0x88u) >> 1u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let row_step = params.padded.x;
  let slice_step = params.padded.x * params.padded.y;

  // Bit x + 3 y + 9 z of `around`: whether the voxel at offset (x - 1, y - 1, z - 1) belongs to the region.
  var around = 0u;
  var corner = index - slice_step - row_step - 1u;
  for (var row = 0u; row <= params.corners; row++) {
    let at = corner + (row / 3u) * slice_step + (row % 3u) * row_step;
    let bits = select(0u, 1u, same_region(cells[at], cell)) | select(0u, 2u, same_region(cells[at + 1u], cell)) |
      select(0u, 4u, same_region(cells[at + 2u], cell));
    around |= bits << (3u * row);
  }
  if (around == 0x7ffffffu) { return; }

  let region = region_of(cell);
  let first = vec3u(box_first[4u * region], box_first[4u * region + 1u], box_first[4u * region + 2u]);
  let origin = position_of(index, params.padded) - vec3u(params.pad) - first;  // of the cell one step before, in the padded box
  for (var c = 0u; c < params.corners; c++) {
    let x = c & 1u;
    let y = (c >> 1u) & 1u;
    let z = c >> 2u;
    let low = around >> (x + 3u * y + 9u * z);
    // The cell's corners in scan order.
    let scan = (low & 3u) | ((low >> 1u) & 12u) | ((low >> 5u) & 48u) | ((low >> 6u) & 192u);
    // This voxel is corner 7 - c of the cell; an earlier one takes the cell.
    if (scan == 255u || (scan & ((1u << (7u - c)) - 1u)) != 0u) { continue; }
    let row = (region * CONFIGURATIONS + configuration(scan)) * ROW;
    let at = origin + vec3u(x, y, z);
    add64(row, 1u);
    for (var axis = 0u; axis < params.axes; axis++) { add64(row + 2u + 2u * axis, at[axis]); }
  }
}
