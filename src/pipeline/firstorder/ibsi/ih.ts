/** IBSI's intensity histogram (reference manual 3.4) in float64: statistics of the grey levels, and gradients of their histogram. */
import type { FeatureValues } from '../../feature-values.ts';
import type { LevelTable } from '../../texture/matrices.ts';
import { statistics } from './stat.ts';

/** Tags of the features without `ih_`, in the manual's order. */
export const ihNames = [
  'mean',
  'var',
  'skew',
  'kurt',
  'median',
  'min',
  'p10',
  'p90',
  'max',
  'mode',
  'iqr',
  'range',
  'mad',
  'rmad',
  'medad',
  'cov',
  'qcod',
  'entropy',
  'uniformity',
  'max_grad',
  'max_grad_g',
  'min_grad',
  'min_grad_g',
] as const;

/** The commonest level; of several the one nearest to the mean, of two as near the lower. */
function modeOf(levels: Float64Array, counts: Uint32Array, mean: number): number {
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  let mode = Number.NaN;
  for (const [k, level] of levels.entries()) {
    if (counts[k] !== most) continue;
    if (Number.isNaN(mode) || Math.abs(level - mean) < Math.abs(mode - mean)) mode = level;
  }
  return mode;
}

/** The histogram's largest and smallest slope and the levels where they are first; a histogram of one bin is level. */
function gradients(levels: Float64Array, counts: Uint32Array): Record<string, number> {
  const bins = new Float64Array(levels.at(-1) as number);
  for (const [k, level] of levels.entries()) bins[level - 1] = counts[k] as number;
  const last = bins.length - 1;
  let [max, maxLevel, min, minLevel] = [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY, 1];
  for (let i = 0; i <= last; i++) {
    const [before, after] = [Math.max(i - 1, 0), Math.min(i + 1, last)];
    const slope = last === 0 ? 0 : ((bins[after] as number) - (bins[before] as number)) / (after - before);
    if (slope > max) [max, maxLevel] = [slope, i + 1];
    if (slope < min) [min, minLevel] = [slope, i + 1];
  }
  return { max_grad: max, max_grad_g: maxLevel, min_grad: min, min_grad_g: minLevel };
}

/** The 23 features of one region with at least one voxel. */
export function ihFeatures({ levels: grey, histogram }: LevelTable): FeatureValues {
  const levels = Float64Array.from(grey.filter((_, row) => histogram[row] !== 0));
  const counts = histogram.filter((count) => count !== 0);
  const n = counts.reduce((sum, count) => sum + count, 0);
  const { values, reasons } = statistics({ values: levels, counts, n });
  let [entropy, uniformity] = [0, 0];
  for (const count of counts) {
    const p = count / n;
    entropy -= p * Math.log2(p);
    uniformity += p * p;
  }
  const mode = modeOf(levels, counts, values['mean'] as number);
  const all: Record<string, number> = { ...values, mode, entropy, uniformity, ...gradients(levels, counts) };
  return { values: Object.fromEntries(ihNames.map((name) => [name, all[name] as number])), reasons };
}
