// A cell describes one voxel of the padded box in 32 bits: region number (1-based) in the high half, grey level
// (1-based, 0 before discretisation) in the low half, 0 for a voxel outside every region.
const REGION_SHIFT = 16u;
const LEVEL_MASK = 0xffffu;

fn region_of(cell: u32) -> u32 {
  return (cell >> REGION_SHIFT) - 1u;
}

fn level_of(cell: u32) -> u32 {
  return cell & LEVEL_MASK;
}

fn same_region(a: u32, b: u32) -> bool {
  return (a >> REGION_SHIFT) == (b >> REGION_SHIFT);
}
