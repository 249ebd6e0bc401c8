/** Mean, minimum and maximum of a whole image, as NumPy computes them in float64. */
import type { VoxelArray } from './volume.ts';

export interface ImageStatistics {
  readonly mean: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** NumPy sums blocks of this many values with eight accumulators and halves anything longer. */
const block = 128;

/** Up to 128 values in NumPy's order of additions. */
function blockSum(values: VoxelArray, start: number, length: number): number {
  let i = 0;
  let sum = 0;
  if (length >= 8) {
    let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (; i < length - (length % 8); i += 8) {
      const at = start + i;
      a += values[at]!;
      b += values[at + 1]!;
      c += values[at + 2]!;
      d += values[at + 3]!;
      e += values[at + 4]!;
      f += values[at + 5]!;
      g += values[at + 6]!;
      h += values[at + 7]!;
    }
    sum = a + b + (c + d) + (e + f + (g + h));
  }
  for (; i < length; i++) sum += values[start + i]!;
  return sum;
}

/** NumPy's pairwise summation: the rounding error grows with the logarithm of the length. */
function pairwiseSum(values: VoxelArray, start: number, length: number): number {
  if (length <= block) return blockSum(values, start, length);
  const half = (length >> 1) - ((length >> 1) % 8);
  return pairwiseSum(values, start, half) + pairwiseSum(values, start + half, length - half);
}

/** Of integers in one pass: their sums are exact in any order. */
function integerStatistics(data: VoxelArray): ImageStatistics {
  let minimum = data[0]!;
  let maximum = data[0]!;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    sum += value;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return { mean: sum / data.length, minimum, maximum };
}

/**
 * Statistics over all voxels in float64. Sums of integers are exact below 2^53; a NaN makes all three NaN.
 * @param data at least one voxel
 */
export function imageStatistics(data: VoxelArray): ImageStatistics {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return integerStatistics(data);
  let minimum = data[0]!;
  let maximum = data[0]!;
  for (let i = 1; i < data.length; i++) {
    const value = data[i]!;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const mean = pairwiseSum(data, 0, data.length) / data.length;
  // Comparisons pass over NaN; the sum does not.
  if (Number.isNaN(mean) && data.some(Number.isNaN)) return { mean, minimum: Number.NaN, maximum: Number.NaN };
  return { mean, minimum, maximum };
}
