/** Order statistics of long lists without sorting them, and numpy's percentiles. */

/** Values, and how often each occurs (null: once). With counts the values are distinct and ascending. NaN is not allowed. */
export interface Sample {
  readonly values: Float64Array;
  readonly counts: Uint32Array | null;
  /** Number of values, repetitions included. */
  readonly n: number;
}

function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if ((values[i - 1] as number) > (values[i] as number)) return false;
  return true;
}

/** Below this length insertion sort is the fastest. */
const SHORT = 24;
/** Rounds of partitioning after which an unlucky list is sorted instead: keeps the worst case at n log n. */
const MAX_ROUNDS = 60;

function insertionSort(a: Float64Array, low: number, high: number): void {
  for (let i = low + 1; i <= high; i++) {
    const v = a[i] as number;
    let j = i - 1;
    while (j >= low && (a[j] as number) > v) {
      a[j + 1] = a[j] as number;
      j--;
    }
    a[j + 1] = v;
  }
}

const median3 = (x: number, y: number, z: number): number => Math.max(Math.min(x, y), Math.min(Math.max(x, y), z));

/** Median of three medians of three, spread over the range. */
function choosePivot(a: Float64Array, low: number, high: number): number {
  const step = (high - low) >> 3;
  const three = (i: number) => median3(a[i] as number, a[i + step] as number, a[i + 2 * step] as number);
  return median3(three(low), three(low + 3 * step), three(high - 2 * step));
}

/** Reorders a[low .. high] so that every position ranks[from .. to - 1] holds the value it would hold when sorted. */
function select(
  a: Float64Array,
  low: number,
  high: number,
  ranks: readonly number[],
  from: number,
  to: number,
  rounds: number,
): void {
  if (from >= to) return;
  if (high - low < SHORT) {
    insertionSort(a, low, high);
    return;
  }
  if (rounds === 0) {
    a.subarray(low, high + 1).sort();
    return;
  }
  const pivot = choosePivot(a, low, high);
  let i = low;
  let j = high;
  while (i <= j) {
    while ((a[i] as number) < pivot) i++;
    while ((a[j] as number) > pivot) j--;
    if (i > j) break;
    const swap = a[i] as number;
    a[i++] = a[j] as number;
    a[j--] = swap;
  }
  // Left of i: at most the pivot; right of j: at least the pivot; between them, if anything, the pivot itself.
  let left = from;
  while (left < to && (ranks[left] as number) <= j) left++;
  let right = left;
  while (right < to && (ranks[right] as number) < i) right++;
  select(a, low, j, ranks, from, left, rounds - 1);
  select(a, i, high, ranks, right, to, rounds - 1);
}

/** The values at the given ranks (0 = smallest, ascending) as a lookup. */
function orderStatistics({ values, counts }: Sample, ranks: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  if (counts) {
    let below = 0;
    let k = 0;
    for (let i = 0; i < values.length && k < ranks.length; i++) {
      below += counts[i] as number;
      while (k < ranks.length && (ranks[k] as number) < below) found.set(ranks[k++] as number, values[i] as number);
    }
    return found;
  }
  let ordered = values;
  if (!isAscending(values)) {
    ordered = values.slice();
    select(ordered, 0, ordered.length - 1, ranks, 0, ranks.length, MAX_ROUNDS);
  }
  for (const rank of ranks) found.set(rank, ordered[rank] as number);
  return found;
}

/** numpy's linear interpolation (function_base._lerp), rounding included. */
export function interpolate(a: number, b: number, t: number): number {
  const difference = b - a;
  return t >= 0.5 ? b - difference * (1 - t) : a + difference * t;
}

/**
 * Quantiles as numpy.percentile(..., method='linear') gives them, and the median as numpy.median does.
 * @param sample at least one value
 * @param quantiles 0 .. 1
 */
export function quantiles(sample: Sample, wanted: readonly number[]): { quantiles: number[]; median: number } {
  const last = sample.n - 1;
  const positions = wanted.map((q) => last * q);
  const half = [last >> 1, (last + 1) >> 1] as const;
  const ranks = new Set([...half, ...positions.flatMap((p) => [Math.floor(p), Math.min(Math.floor(p) + 1, last)])]);
  const at = orderStatistics(
    sample,
    [...ranks].sort((a, b) => a - b),
  );
  const value = (rank: number) => at.get(rank) as number;
  return {
    quantiles: positions.map((p) => {
      const below = Math.floor(p);
      return below >= last ? value(last) : interpolate(value(below), value(below + 1), p - below);
    }),
    median: half[0] === half[1] ? value(half[0]) : (value(half[0]) + value(half[1])) / 2,
  };
}
