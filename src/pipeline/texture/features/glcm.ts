/** PyRadiomics' GLCM features (glcm.py; IBSI 3.6) from co-occurrence counts, in float64. */
import type { FeatureValues } from '../../feature-values.ts';
import type { WeightingNorm } from '../../settings.ts';
import type { Vec3 } from '../../volume.ts';
import type { GlcmMatrix, LevelTable, Offset } from '../matrices.ts';
import { AngleMeans, EPSILON, entropyTerm, occupiedRows, offsetDistance } from './averages.ts';
import { largestSingularValue } from './singular.ts';

/** Feature names in PyRadiomics' order. */
export const glcmNames = [
  'Autocorrelation',
  'ClusterProminence',
  'ClusterShade',
  'ClusterTendency',
  'Contrast',
  'Correlation',
  'DifferenceAverage',
  'DifferenceEntropy',
  'DifferenceVariance',
  'Id',
  'Idm',
  'Idmn',
  'Idn',
  'Imc1',
  'Imc2',
  'InverseVariance',
  'JointAverage',
  'JointEnergy',
  'JointEntropy',
  'MCC',
  'MaximumProbability',
  'SumAverage',
  'SumEntropy',
  'SumSquares',
] as const;

type GlcmValues = Record<(typeof glcmNames)[number], number>;

export interface GlcmOptions {
  /** Count every pair in both directions. */
  readonly symmetrical: boolean;
  /** Sum the angles with weight exp(-distance^2) instead of averaging their features. */
  readonly weightingNorm: WeightingNorm | null;
  /** Millimetres along x, y, z. */
  readonly spacing: Vec3;
}

const NO_PAIRS = 'no voxel of the region has a neighbour inside the region at the distances asked for';

/** Joint probabilities of one angle over the occupied grey levels. */
interface Joint {
  readonly levels: Float64Array;
  /** Row-major, n x n. */
  readonly p: Float64Array;
  readonly px: Float64Array;
  readonly py: Float64Array;
  /** Probabilities of i + j and |i - j| by value. */
  readonly sums: Float64Array;
  readonly differences: Float64Array;
}

/** Adds weight * counts of one angle, restricted to the occupied rows, in one or both directions. */
function addAngle(
  p: Float64Array,
  { counts }: GlcmMatrix,
  angle: number,
  rows: readonly number[],
  tableRows: number,
  symmetrical: boolean,
  weight: number,
): void {
  const n = rows.length;
  const base = angle * tableRows * tableRows;
  for (let i = 0; i < n; i++) {
    const row = base + (rows[i] as number) * tableRows;
    for (let j = 0; j < n; j++) {
      const count = counts[row + (rows[j] as number)] as number;
      if (count === 0) continue;
      p[i * n + j]! += weight * count;
      if (symmetrical) p[j * n + i]! += weight * count;
    }
  }
}

/** Normalises a matrix and takes its marginals; null where it is empty. */
function normalise(p: Float64Array, levels: Float64Array): Joint | null {
  const n = levels.length;
  let total = 0;
  for (const count of p) total += count;
  if (total === 0) return null;
  const top = levels[n - 1] as number;
  const joint = {
    levels,
    p,
    px: new Float64Array(n),
    py: new Float64Array(n),
    sums: new Float64Array(2 * top + 1),
    differences: new Float64Array(top),
  };
  for (let i = 0, k = 0; i < n; i++) {
    for (let j = 0; j < n; j++, k++) {
      if (p[k] === 0) continue;
      const value = (p[k] as number) / total;
      p[k] = value;
      joint.px[i]! += value;
      joint.py[j]! += value;
      joint.sums[(levels[i] as number) + (levels[j] as number)]! += value;
      joint.differences[Math.abs((levels[i] as number) - (levels[j] as number))]! += value;
    }
  }
  return joint;
}

/** Sum over a distribution of f(value) p(value). */
function expectation(p: Float64Array, f: (value: number) => number): number {
  let sum = 0;
  for (let k = 0; k < p.length; k++) if (p[k] !== 0) sum += (p[k] as number) * f(k);
  return sum;
}

const entropy = (p: Float64Array): number => {
  let sum = 0;
  for (const value of p) if (value !== 0) sum -= entropyTerm(value);
  return sum;
};

/** Mean of the levels under a marginal, and the sum of squared deviations. */
function moments(levels: Float64Array, p: Float64Array): { mean: number; variance: number } {
  let mean = 0;
  for (let i = 0; i < levels.length; i++) mean += (levels[i] as number) * (p[i] as number);
  let variance = 0;
  for (let i = 0; i < levels.length; i++) variance += ((levels[i] as number) - mean) ** 2 * (p[i] as number);
  return { mean, variance };
}

/** Features that depend on every single entry. */
function entryFeatures({ p, px, py, levels }: Joint, meanX: number, meanY: number) {
  const n = levels.length;
  const all = { autocorrelation: 0, covariance: 0, energy: 0, hxy: 0, hxy1: 0, hxy2: 0, maximum: 0 };
  for (let i = 0, k = 0; i < n; i++) {
    const x = px[i] as number;
    if (x === 0) {
      k += n;
      continue;
    }
    const li = levels[i] as number;
    for (let j = 0; j < n; j++, k++) {
      const product = x * (py[j] as number);
      if (product === 0) continue;
      const log = Math.log2(product + EPSILON);
      all.hxy2 -= product * log;
      const value = p[k] as number;
      if (value === 0) continue;
      const lj = levels[j] as number;
      all.autocorrelation += value * li * lj;
      all.covariance += value * (li - meanX) * (lj - meanY);
      all.energy += value * value;
      all.hxy -= entropyTerm(value);
      all.hxy1 -= value * log;
      if (value > all.maximum) all.maximum = value;
    }
  }
  return all;
}

/**
 * Maximal correlation coefficient: the square root of the second largest eigenvalue of Q. Q is similar to A A^T with
 * A = P / sqrt(px py), whose largest singular value is 1 with the vectors sqrt(px), sqrt(py); without that pair the largest that
 * is left is the coefficient.
 */
function maximalCorrelation({ p, px, py, levels }: Joint): number {
  const n = levels.length;
  if (n < 2) return 1;
  const rootX = px.map(Math.sqrt);
  const rootY = py.map(Math.sqrt);
  const rest = new Float64Array(n * n);
  for (let i = 0, k = 0; i < n; i++) {
    for (let j = 0; j < n; j++, k++) {
      const scale = (rootX[i] as number) * (rootY[j] as number);
      rest[k] = (p[k] === 0 ? 0 : (p[k] as number) / scale) - scale;
    }
  }
  return largestSingularValue(rest, n);
}

function angleFeatures(joint: Joint): GlcmValues {
  const { levels, px, py, sums, differences } = joint;
  const top = levels[levels.length - 1] as number;
  const x = moments(levels, px);
  const y = moments(levels, py);
  const entries = entryFeatures(joint, x.mean, y.mean);
  const spread = Math.sqrt(x.variance) * Math.sqrt(y.variance);
  const centre = x.mean + y.mean;
  const differenceAverage = expectation(differences, (k) => k);
  const marginal = Math.max(entropy(px), entropy(py));
  return {
    Autocorrelation: entries.autocorrelation,
    ClusterProminence: expectation(sums, (k) => (k - centre) ** 4),
    ClusterShade: expectation(sums, (k) => (k - centre) ** 3),
    ClusterTendency: expectation(sums, (k) => (k - centre) ** 2),
    Contrast: expectation(differences, (k) => k * k),
    Correlation: spread === 0 ? 1 : entries.covariance / (spread + EPSILON),
    DifferenceAverage: differenceAverage,
    DifferenceEntropy: entropy(differences),
    DifferenceVariance: expectation(differences, (k) => (k - differenceAverage) ** 2),
    Id: expectation(differences, (k) => 1 / (1 + k)),
    Idm: expectation(differences, (k) => 1 / (1 + k * k)),
    Idmn: expectation(differences, (k) => 1 / (1 + (k * k) / (top * top))),
    Idn: expectation(differences, (k) => 1 / (1 + k / top)),
    Imc1: marginal === 0 ? 0 : (entries.hxy - entries.hxy1) / marginal,
    Imc2: entries.hxy2 === entries.hxy ? 0 : Math.sqrt(1 - Math.exp(-2 * (entries.hxy2 - entries.hxy))),
    InverseVariance: expectation(differences, (k) => (k === 0 ? 0 : 1 / (k * k))),
    JointAverage: x.mean,
    JointEnergy: entries.energy,
    JointEntropy: entries.hxy,
    MCC: maximalCorrelation(joint),
    MaximumProbability: entries.maximum,
    SumAverage: expectation(sums, (k) => k),
    SumEntropy: entropy(sums),
    SumSquares: x.variance,
  };
}

/** PyRadiomics' weight of an angle: exp of minus the squared distance, 1 without weighting. */
function glcmWeight(offset: Offset, { spacing, weightingNorm }: GlcmOptions): number {
  return weightingNorm === null || weightingNorm === 'no_weighting'
    ? 1
    : Math.exp(-(offsetDistance(offset, spacing, weightingNorm) ** 2));
}

/** The 24 GLCM features of one region: means over the angles that hold pairs, or of the weighted sum of all angles. */
export function glcmFeatures(table: LevelTable, matrix: GlcmMatrix, options: GlcmOptions): FeatureValues {
  const rows = occupiedRows(table);
  const levels = Float64Array.from(rows, (row) => table.levels[row] as number);
  const means = new AngleMeans(glcmNames);
  const angles = matrix.offsets.map((_, angle) => angle);
  const groups = options.weightingNorm === null ? angles.map((angle) => [angle]) : [angles];
  for (const group of groups) {
    const p = new Float64Array(rows.length ** 2);
    for (const angle of group) {
      addAngle(
        p,
        matrix,
        angle,
        rows,
        table.levels.length,
        options.symmetrical,
        glcmWeight(matrix.offsets[angle] as Offset, options),
      );
    }
    const joint = normalise(p, levels);
    if (joint) means.add(angleFeatures(joint));
  }
  return means.values(NO_PAIRS);
}
