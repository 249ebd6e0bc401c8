/** What PyRadiomics' first-order features and IBSI's intensity statistics share. */
import { quantiles, type Sample } from './order.ts';
import { centralMoments, deviationWithin, ends } from './sums.ts';

/**
 * The intensities of a region: distinct finite values in ascending order with their counts, or (counts null) all values in
 * any order; a list may hold NaN, which all features but Entropy and Uniformity leave out as numpy's nan-functions do.
 */
export interface RoiValues {
  readonly values: Float64Array;
  readonly counts: Uint32Array | null;
}

/** Why statistics are NaN. */
export const noValues = 'The region holds no intensity other than NaN.';
export const noneWithin = 'No intensity lies between the 10th and the 90th percentile: the region holds two voxels.';

/** Leaves NaN out; copies only where there is any. */
export function sampleOf({ values, counts }: RoiValues): Sample {
  if (counts) return { values, counts, n: counts.reduce((sum, c) => sum + c, 0) };
  let nans = 0;
  for (let i = 0; i < values.length; i++) nans += Number.isNaN(values[i] as number) ? 1 : 0;
  const kept = nans === 0 ? values : values.filter((v) => !Number.isNaN(v));
  return { values: kept, counts: null, n: kept.length };
}

/** Statistics of a sample, in powers of its unit. */
export interface Description {
  readonly mean: number;
  /** Standard deviation of the population. */
  readonly deviation: number;
  /** 0 in a flat region. */
  readonly skewness: number;
  /** Not the excess over 3; 0 in a flat region. */
  readonly kurtosis: number;
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly p10: number;
  readonly p25: number;
  readonly p75: number;
  readonly p90: number;
  /** Mean of |value - mean|. */
  readonly absoluteDeviation: number;
  /** The same of the values between the 10th and the 90th percentile; NaN where there are none. */
  readonly robustDeviation: number;
  /** Sum of (value + shift)^2, and the root of its mean. */
  readonly energy: number;
  readonly rootMeanSquare: number;
}

/** Describes a sample of at least one value. @param shift added to the values before they are squared */
export function describe(sample: Sample, shift: number): Description {
  const { mean, energy, minimum, maximum } = ends(sample, shift);
  const { absolute, second, third, fourth } = centralMoments(sample, mean);
  const { quantiles: percentiles, median } = quantiles(sample, [0.1, 0.25, 0.75, 0.9]);
  const [p10, p25, p75, p90] = percentiles as [number, number, number, number];
  // In a flat region the moments are 0, and so are the ratios. (PyRadiomics' are noise where its mean is rounded.)
  const scale = second === 0 ? 1 : second;
  return {
    mean,
    deviation: Math.sqrt(second),
    skewness: third / scale ** 1.5,
    kurtosis: fourth / scale ** 2,
    median,
    minimum,
    maximum,
    p10,
    p25,
    p75,
    p90,
    absoluteDeviation: absolute,
    robustDeviation: deviationWithin(sample, p10, p90),
    energy,
    rootMeanSquare: Math.sqrt(energy / sample.n),
  };
}
