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
