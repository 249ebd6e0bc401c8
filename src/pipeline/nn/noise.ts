/** Normally distributed noise from integers: the same on every device. */
import { erf } from '../resample/interpolators.ts';

/** Length of the table; the kernel takes so many bits of a hash. */
export const QUANTILES = 2 ** 14;

const cumulative = (z: number): number => (1 + erf(z / Math.SQRT2)) / 2;
const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
/** Newton's steps from the quantile before: the error squares in each. */
const STEPS = 4;

/** The quantiles (k + 0.5) / 2^14 of the standard normal distribution, ascending, within 4 of 0. */
export function normalQuantiles(): Float32Array<ArrayBuffer> {
  const quantiles = new Float32Array(QUANTILES);
  let z = 0;
  for (let k = QUANTILES / 2; k < QUANTILES; k++) {
    for (let step = 0; step < STEPS; step++) z -= (cumulative(z) - (k + 0.5) / QUANTILES) / density(z);
    quantiles[k] = z;
    quantiles[QUANTILES - 1 - k] = -z;
  }
  return quantiles;
}
