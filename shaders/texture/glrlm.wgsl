// texture/glrlm: grey level run lengths. One invocation per line of a region (texture/lines) walks it from its first voxel
// to its last and counts every run of one level under (angle, level, length). All lines of a workgroup have the same angle.
// Grid: the lines of each angle, filled up to whole workgroups; other invocations do nothing.
// Definition: PyRadiomics glrlm.py, cmatrices.c (IBSI 3.7). Twin: test/reference/texture/glrlm.ts
#import common/cell
#import common/region

struct Params {
  groups: u32,   // workgroups with lines
  rows: u32,     // rows of all regions together
  max_run: u32,  // columns
}

struct Angle {
  step: i32,         // linear step
  first: u32,        // of its lines
  lines: u32,
  first_group: u32,  // of its workgroups
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> starts: array<u32>;  // first voxels
@group(0) @binding(2) var<storage, read> angles: array<Angle>;
@group(0) @binding(3) var<storage, read> groups: array<u32>;  // angle of each workgroup
@group(0) @binding(4) var<storage, read> cells: array<u32>;
@group(0) @binding(5) var<storage, read> regions: array<Region>;
@group(0) @binding(6) var<storage, read_write> counts: array<atomic<u32>>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = group.y * grid.x + group.x;
  if (number >= params.groups) { return; }
  let angle = groups[number];
  let lines = angles[angle];
  let k = (number - lines.first_group) * workgroup_size + local;
  if (k >= lines.lines) { return; }
  var at = starts[lines.first + k];
  var cell = cells[at];
  let row_first = angle * params.rows + regions[region_of(cell)].row_first - 1u;
  var before = 0u;  // voxels of the run before this one
  loop {
    at = u32(i32(at) + lines.step);
    let next = cells[at];
    if (next == cell) {
      before++;
    } else {
      atomicAdd(&counts[(row_first + level_of(cell)) * params.max_run + before], 1u);
      if (!same_region(next, cell)) { break; }
      before = 0u;
      cell = next;
    }
  }
}
