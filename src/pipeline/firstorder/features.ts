/** PyRadiomics' first-order features (firstorder.py) in float64. */
import type { FeatureValues } from '../feature-values.ts';
import type { Vec3 } from '../volume.ts';
import type { Sample } from './order.ts';
import { describe, noneWithin, noValues, type RoiValues, sampleOf } from './statistics.ts';
import { centralMoments, ends } from './sums.ts';

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

const noVoxels = 'The discretised region holds no voxel.';

function reasonFor(name: string, voxels: number): string {
  if (name === 'Entropy' || name === 'Uniformity') return noVoxels;
  return voxels === 0 ? noValues : noneWithin;
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
  if (sample.n === 0) return null;
  const f = describe(sample, voxelArrayShift);
  return {
    '10Percentile': f.p10,
    '90Percentile': f.p90,
    Energy: f.energy,
    InterquartileRange: f.p75 - f.p25,
    Kurtosis: f.kurtosis,
    Maximum: f.maximum,
    MeanAbsoluteDeviation: f.absoluteDeviation,
    Mean: f.mean,
    Median: f.median,
    Minimum: f.minimum,
    Range: f.maximum - f.minimum,
    RobustMeanAbsoluteDeviation: f.robustDeviation,
    RootMeanSquared: f.rootMeanSquare,
    Skewness: f.skewness,
    StandardDeviation: f.deviation,
    TotalEnergy: f.energy * spacing.slice(0, dimension).reduce((product, s) => product * s, 1),
    Variance: f.deviation ** 2,
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
