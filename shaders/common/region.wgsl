// What the counting kernels know of a region. All fields u32; filled by src/pipeline/discretise/regions.ts.
struct Region {
  edge_first: u32,   // first of its bin edges in `edges` (in keys)
  edge_count: u32,   // number of bin edges
  row_first: u32,    // first of its rows in tables that hold one row per grey level of every region
  rows: u32,         // its number of grey levels
  glcm_first: u32,   // first of its co-occurrence counts, in u32
  value_first: u32,  // first of its intensity counts in the value histogram
  value_low: u32,    // smallest key, the origin of its value histogram
}
