/** Tables of a separable resampling: for every new sample of a line, which old ones it takes and how much of each. */
import type { Profile } from './interpolators.ts';

export interface Taps {
  /** Old samples that each new one takes. */
  readonly count: number;
  /** First of them. */
  readonly first: Uint32Array;
  /** `count` weights for every new sample. */
  readonly weights: Float64Array;
}

/** Index of a sample beyond the ends of a line of `n`. */
function fold(index: number, n: number, boundary: Profile['boundary']): number {
  if (index >= 0 && index < n) return index;
  if (boundary !== 'mirror' || n === 1) return Math.min(Math.max(index, 0), n - 1);
  const period = 2 * (n - 1);
  const phase = ((index % period) + period) % period;
  return phase < n ? phase : period - phase;
}

/** The samples that count at one position, folded into the line. */
function folded(profile: Profile, position: number, n: number): Map<number, number> {
  const { base, weights } = profile.stencil(position, n);
  const sums = new Map<number, number>();
  weights.forEach((weight, t) => {
    const index = fold(base + t, n, profile.boundary);
    if (weight !== 0) sums.set(index, (sums.get(index) ?? 0) + weight);
  });
  return sums;
}

/**
 * Tables for positions on a line of `n` samples.
 * @param negligible weights below this are left out
 */
export function tapsOf(profile: Profile, positions: Float64Array, n: number, negligible: number): Taps {
  const rows = Array.from(positions, (p) =>
    [...folded(profile, p, n)].filter(([, w]) => Math.abs(w) >= negligible).sort(([a], [b]) => a - b),
  );
  const span = (row: [number, number][]) => (row.length === 0 ? 1 : row.at(-1)![0] - row[0]![0] + 1);
  const count = rows.reduce((most, row) => Math.max(most, span(row)), 1);
  const first = new Uint32Array(rows.length);
  const weights = new Float64Array(rows.length * count);
  rows.forEach((row, k) => {
    const start = Math.max(0, Math.min(row[0]?.[0] ?? 0, n - count));
    first[k] = start;
    for (const [index, weight] of row) weights[k * count + index - start] = weight;
  });
  return { count, first, weights };
}
