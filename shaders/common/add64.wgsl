// 64-bit sums in pairs of u32 (low, high), for any array of atomics named `sums`.
// Depends on the global declaration `sums`: array<atomic<u32>>.
fn add64(at: u32, value: u32) {
  let before = atomicAdd(&sums[at], value);
  if (before + value < before) { atomicAdd(&sums[at + 1u], 1u); }
}
