/** First-order features slow and obvious, in the words of PyRadiomics' firstorder.py; NaN is left out. */

const sum = (values: readonly number[]) => {
  // Smallest terms first, compensated: this twin is the more exact side of a comparison.
  let total = 0;
  let rest = 0;
  for (const v of [...values].sort((a, b) => Math.abs(a) - Math.abs(b))) {
    const y = v - rest;
    const next = total + y;
    rest = next - total - y;
    total = next;
  }
  return total;
};
const mean = (values: readonly number[]) => sum(values) / values.length;

/** numpy.percentile(..., method='linear'). */
export function percentile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const t = position - below;
  const a = sorted[below]!;
  const b = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

/** @param all intensities, may hold NaN @param levels voxels by grey level @param volume of a voxel */
export function firstOrderByDefinition(
  all: ArrayLike<number>,
  levels: ArrayLike<number>,
  shift: number,
  volume: number,
): Record<string, number> {
  const x = Array.from(all)
    .filter((v) => !Number.isNaN(v))
    .sort((a, b) => a - b);
  const p = Array.from(levels, (c) => c / sum(Array.from(levels))).filter((v) => v > 0);
  const centre = x[0] === x.at(-1) ? x[0]! : mean(x);
  const moment = (k: number) => mean(x.map((v) => (v - centre) ** k));
  const [p10, p25, p75, p90] = [0.1, 0.25, 0.75, 0.9].map((q) => percentile(x, q)) as [number, number, number, number];
  const within = x.filter((v) => v >= p10 && v <= p90);
  const centreWithin = mean(within);
  const energy = sum(x.map((v) => (v + shift) ** 2));
  const m2 = moment(2) === 0 ? 1 : moment(2);
  return {
    '10Percentile': p10,
    '90Percentile': p90,
    Energy: energy,
    Entropy: -sum(p.map((v) => v * Math.log2(v + 2 ** -52))),
    InterquartileRange: p75 - p25,
    Kurtosis: moment(4) / m2 ** 2,
    Maximum: x.at(-1)!,
    MeanAbsoluteDeviation: mean(x.map((v) => Math.abs(v - centre))),
    Mean: centre,
    Median: percentile(x, 0.5),
    Minimum: x[0]!,
    Range: x.at(-1)! - x[0]!,
    RobustMeanAbsoluteDeviation: mean(within.map((v) => Math.abs(v - centreWithin))),
    RootMeanSquared: Math.sqrt(energy / x.length),
    Skewness: moment(3) / m2 ** 1.5,
    TotalEnergy: energy * volume,
    Uniformity: sum(p.map((v) => v * v)),
    Variance: moment(2),
  };
}
