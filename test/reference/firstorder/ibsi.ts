/** IBSI's statistics slow and obvious, in the words of the reference manual (3.3); NaN is left out. */
import { firstOrderByDefinition, percentile } from './features.ts';

/** Features by tag without prefix. @param all intensities, may hold NaN */
export function statisticsByDefinition(all: ArrayLike<number>): Record<string, number> {
  const x = Array.from(all)
    .filter((v) => !Number.isNaN(v))
    .sort((a, b) => a - b);
  const f = firstOrderByDefinition(x, [1], 0, 1) as Record<string, number>;
  const [p25, p75] = [percentile(x, 0.25), percentile(x, 0.75)];
  return {
    mean: f['Mean']!,
    var: f['Variance']!,
    skew: f['Skewness']!,
    kurt: f['Variance'] === 0 ? 0 : f['Kurtosis']! - 3,
    median: f['Median']!,
    min: x[0]!,
    p10: f['10Percentile']!,
    p90: f['90Percentile']!,
    max: x.at(-1)!,
    iqr: p75 - p25,
    range: x.at(-1)! - x[0]!,
    mad: f['MeanAbsoluteDeviation']!,
    rmad: f['RobustMeanAbsoluteDeviation']!,
    medad: x.reduce((sum, v) => sum + Math.abs(v - f['Median']!), 0) / x.length,
    cov: Math.sqrt(f['Variance']!) / f['Mean']!,
    qcod: (p75 - p25) / (p75 + p25),
    energy: f['Energy']!,
    rms: f['RootMeanSquared']!,
  };
}

/**
 * The intensity-volume histogram as the manual's table has it (3.5): every intensity of the range, from the lowest on, with its
 * fraction of the range and the share of the voxels that have at least it.
 * @param intensities of the voxels, as discretised @param range all intensities there could be, ascending
 */
export function ivhByDefinition(intensities: readonly number[], range: readonly number[]): Record<string, number> {
  const [low, high] = [range[0]!, range.at(-1)!];
  const table = range.map((i) => ({
    i,
    fraction: (i - low) / (high - low),
    volume: intensities.filter((x) => x >= i).length / intensities.length,
  }));
  const volume = (x: number) => Math.max(...table.filter(({ fraction }) => fraction >= x).map((row) => row.volume));
  const intensity = (x: number) => Math.min(...table.filter((row) => row.volume <= x).map(({ i }) => i));
  let area = 0;
  for (let k = 1; k < table.length; k++)
    area += ((table[k]!.volume + table[k - 1]!.volume) / 2) * (table[k]!.fraction - table[k - 1]!.fraction);
  return {
    v10: volume(0.1),
    v90: volume(0.9),
    i10: intensity(0.1),
    i90: intensity(0.9),
    diff_v10_v90: volume(0.1) - volume(0.9),
    diff_i10_i90: intensity(0.1) - intensity(0.9),
    auc: area,
  };
}

/** Mode and gradients of an intensity histogram (3.4). @param levels of the voxels */
export function histogramByDefinition(levels: readonly number[]): Record<string, number> {
  const last = Math.max(...levels);
  const counts = Array.from({ length: last }, (_, k) => levels.filter((level) => level === k + 1).length);
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  const modes = counts.flatMap((count, k) => (count === Math.max(...counts) ? [k + 1] : []));
  const n = (i: number) => counts[i - 1]!;
  const slopes = counts.map((_, k) => {
    const i = k + 1;
    if (i === 1) return n(2) - n(1);
    return i === last ? n(last) - n(last - 1) : (n(i + 1) - n(i - 1)) / 2;
  });
  const p = counts.map((count) => count / levels.length).filter((x) => x > 0);
  return {
    mode: modes.toSorted((a, b) => Math.abs(a - mean) - Math.abs(b - mean))[0]!,
    entropy: -p.reduce((sum, x) => sum + x * Math.log2(x), 0),
    uniformity: p.reduce((sum, x) => sum + x * x, 0),
    max_grad: Math.max(...slopes),
    max_grad_g: slopes.indexOf(Math.max(...slopes)) + 1,
    min_grad: Math.min(...slopes),
    min_grad_g: slopes.indexOf(Math.min(...slopes)) + 1,
  };
}
