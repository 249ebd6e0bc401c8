/** PyRadiomics' first-order features (firstorder.py) in float64. */
import type { FeatureValues } from '../feature-values.ts';
import type { Vec3 } from '../volume.ts';
import { quantiles, type Sample } from './order.ts';
import { centralMoments, deviationWithin, ends } from './sums.ts';

/** Feature names in PyRadiomics' order, the deprecated one left out. */
export const firstOrderNames = [
  '10Percentile',
  '90Percentile',
  'Energy',
  'Entropy',
  'InterquartileRange',
  'Kurtosis',
  'Maximum',
  'MeanAbsoluteDeviation',
  'Mean',
  'Median',
  'Minimum',
  'Range',
  'RobustMeanAbsoluteDeviation',
  'RootMeanSquared',
  'Skewness',
  'TotalEnergy',
  'Uniformity',
  'Variance',
] as const;

/**
 * The intensities of a region: distinct finite values in ascending order with their counts, or (counts null) all values in
 * any order; a list may hold NaN, which all features but Entropy and Uniformity leave out as numpy's nan-functions do.
 */
export interface RoiValues {
  readonly values: Float64Array;
  readonly counts: Uint32Array | null;
}

export interface FirstOrderOptions {
  /** Added to the intensities before they are squared: Energy, TotalEnergy, RootMeanSquared. */
  readonly voxelArrayShift: number;
  /** Millimetres along x, y, z. */
  readonly spacing: Vec3;
  /** Dimension of the image: a 2D image's TotalEnergy is per pixel area. */
  readonly dimension: 2 | 3;
  /** Names of deprecated features to compute; other names in it are ignored. */
  readonly deprecated?: readonly string[];
}

/** numpy.spacing(1): keeps the logarithm finite. */
const EPSILON = 2.220446049250313e-16;

const noValues = 'The region holds no intensity other than NaN.';
const noVoxels = 'The discretised region holds no voxel.';
const noneWithin = 'No intensity lies between the 10th and the 90th percentile: the region holds two voxels.';

function reasonFor(name: string, voxels: number): string {
  if (name === 'Entropy' || name === 'Uniformity') return noVoxels;
  return voxels === 0 ? noValues : noneWithin;
}

/** Leaves NaN out; copies only where there is any. */
function sampleOf({ values, counts }: RoiValues): Sample {
  if (counts) return { values, counts, n: counts.reduce((sum, c) => sum + c, 0) };
  let nans = 0;
  for (let i = 0; i < values.length; i++) nans += Number.isNaN(values[i] as number) ? 1 : 0;
  const kept = nans === 0 ? values : values.filter((v) => !Number.isNaN(v));
  return { values: kept, counts: null, n: kept.length };
}

/** Entropy (bits) and Uniformity of the discretised region. */
function histogramFeatures(histogram: Uint32Array): { Entropy: number; Uniformity: number } {
  const voxels = histogram.reduce((sum, c) => sum + c, 0);
  if (voxels === 0) return { Entropy: Number.NaN, Uniformity: Number.NaN };
  let entropy = 0;
  let uniformity = 0;
  for (const count of histogram) {
    if (count === 0) continue;
    const p = count / voxels;
    entropy -= p * Math.log2(p + EPSILON);
    uniformity += p * p;
  }
  return { Entropy: entropy, Uniformity: uniformity };
}

/** What depends on the intensities themselves; null where there are none. */
function intensityFeatures(
  sample: Sample,
  { voxelArrayShift, spacing, dimension }: FirstOrderOptions,
): Record<string, number> | null {
  const { n } = sample;
  if (n === 0) return null;
  const { mean, energy, minimum, maximum } = ends(sample, voxelArrayShift);
  const { absolute, second, third, fourth } = centralMoments(sample, mean);
  const { quantiles: percentiles, median } = quantiles(sample, [0.1, 0.25, 0.75, 0.9]);
  const [p10, p25, p75, p90] = percentiles as [number, number, number, number];
  const deviation = Math.sqrt(second);
  // In a flat region the moments are 0, and so are the ratios. (PyRadiomics' are noise where its mean is rounded.)
  const scale = second === 0 ? 1 : second;
  return {
    '10Percentile': p10,
    '90Percentile': p90,
    Energy: energy,
    InterquartileRange: p75 - p25,
    Kurtosis: fourth / scale ** 2,
    Maximum: maximum,
    MeanAbsoluteDeviation: absolute,
    Mean: mean,
    Median: median,
    Minimum: minimum,
    Range: maximum - minimum,
    RobustMeanAbsoluteDeviation: deviationWithin(sample, p10, p90),
    RootMeanSquared: Math.sqrt(energy / n),
    Skewness: third / scale ** 1.5,
    StandardDeviation: deviation,
    TotalEnergy: energy * spacing.slice(0, dimension).reduce((product, s) => product * s, 1),
    Variance: deviation ** 2,
  };
}

/**
 * The first-order features of one region, in powers of the image's unit.
 * @param levelHistogram voxels of each grey level of the discretised region, empty ones allowed
 * @returns all features; NaN with a reason where the region holds nothing but NaN, and RobustMeanAbsoluteDeviation also
 * where it holds two different values only
 */
export function firstOrderFeatures(
  roi: RoiValues,
  levelHistogram: Uint32Array,
  options: FirstOrderOptions,
): FeatureValues {
  const sample = sampleOf(roi);
  const all: Record<string, number> = { ...intensityFeatures(sample, options), ...histogramFeatures(levelHistogram) };
  const deprecated = options.deprecated?.includes('StandardDeviation') ? ['StandardDeviation'] : [];
  const values: Record<string, number> = {};
  const reasons: Record<string, string> = {};
  for (const name of [...firstOrderNames, ...deprecated]) {
    values[name] = all[name] ?? Number.NaN;
    if (Number.isNaN(values[name])) reasons[name] = reasonFor(name, sample.n);
  }
  return { values, reasons };
}

/** Mean and standard deviation (population) of a region, for thresholds in multiples of it. NaN is left out. */
export interface RoiMoments {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Number of values, NaN left out. */
  readonly count: number;
}

/** @returns NaN for all but count where there are no values */
export function momentsOf(roi: RoiValues): RoiMoments {
  const sample = sampleOf(roi);
  if (sample.n === 0) return { mean: Number.NaN, std: Number.NaN, min: Number.NaN, max: Number.NaN, count: 0 };
  const { mean, minimum, maximum } = ends(sample, 0);
  return { mean, std: Math.sqrt(centralMoments(sample, mean).second), min: minimum, max: maximum, count: sample.n };
}
