/** IBSI's morphological features (reference manual, "Morphological features"), under its tags. */
import type { Correlation } from './autocorrelation.ts';

/**
 * Moran's I and Geary's C from sums over all pairs of voxels.
 * @param n voxels of the region, at least two, of different intensities
 */
export function autocorrelationFeatures(
  { deviation, square, pairs }: Correlation,
  n: number,
): { moran_i: number; geary_c: number } {
  if (!pairs) throw new Error('the sums over pairs were not asked for');
  // Sums about the origin, brought to the mean.
  const shift = deviation / n;
  const variation = square - n * shift ** 2;
  const product = pairs.product - 2 * shift * pairs.deviation + shift ** 2 * pairs.weight;
  // (x_i - x_j)^2, twice for each pair as in the manual, does not depend on the origin.
  const differences = 2 * (pairs.square - pairs.product);
  return {
    moran_i: ((n / pairs.weight) * product) / variation,
    geary_c: (((n - 1) / (2 * pairs.weight)) * differences) / variation,
  };
}
