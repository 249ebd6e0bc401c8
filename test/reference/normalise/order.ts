/** CPU twin of the radix selection (normalise/measure:distribution, normalise/digits): sorting. */

/** Percentiles as numpy.percentile (linear, type 7) computes them, rounding included. */
export function percentiles(values: Float64Array, wanted: readonly number[]): number[] {
  const sorted = values.slice().sort();
  return wanted.map((p) => {
    const position = (sorted.length - 1) * (p / 100);
    const below = Math.floor(position);
    const [a, b] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]] as [number, number];
    const t = position - below;
    return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
  });
}
