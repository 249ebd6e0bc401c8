/** CPU twin of n4/otsu, in float64. */

const BINS = 200;
/** ITK moves the end of the last bin outwards by this part of a bin. */
const MARGIN = 0.01;

export interface OtsuHistogram {
  readonly low: number;
  readonly width: number;
  readonly counts: Float64Array;
  /** Of each bin, values so near to one of its edges (in bins) that float32 may count them next door. */
  readonly doubtful: Float64Array;
}

/** Histogram of all values from the smallest to the largest. @param margin what counts as near, in bins */
export function otsuHistogram(values: ArrayLike<number>, margin: number): OtsuHistogram {
  const all = Array.from(values);
  const low = all.reduce((a, b) => Math.min(a, b));
  const high = all.reduce((a, b) => Math.max(a, b));
  const width = (high - low + MARGIN * ((high - low) / BINS)) / BINS;
  const counts = new Float64Array(BINS);
  const doubtful = new Float64Array(BINS);
  for (const v of all) {
    const position = (v - low) / width;
    const bin = Math.floor(position);
    counts[bin]! += 1;
    const edge = Math.round(position);
    if (Math.abs(position - edge) > margin) continue;
    if (edge > 0) doubtful[edge - 1]! += 1;
    if (edge < BINS) doubtful[edge]! += 1;
  }
  return { low, width, counts, doubtful };
}

/** The end of the bin that leaves the least variance within the two classes, each value taken for its bin's centre. */
export function otsuLimit({ low, width, counts }: OtsuHistogram): number {
  const centre = (bin: number) => low + (bin + 0.5) * width;
  const within = (from: number, to: number) => {
    let [n, sum] = [0, 0];
    for (let bin = from; bin < to; bin++) [n, sum] = [n + counts[bin]!, sum + counts[bin]! * centre(bin)];
    let squares = 0;
    for (let bin = from; bin < to; bin++) squares += counts[bin]! * (centre(bin) - sum / n) ** 2;
    return squares;
  };
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let bin = 1; bin < BINS; bin++) {
    const variance = within(0, bin) + within(bin, BINS);
    if (variance < least) [best, least] = [bin, variance];
  }
  return low + best * width;
}
