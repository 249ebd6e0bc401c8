/** Accurate sums over the intensities of a region. */
import type { Sample } from './order.ts';

/** Values added plainly before the compensated total takes them: the error stays at that of a hundred additions. */
const BLOCK = 128;

/** A running sum with the rounding errors carried along (Neumaier). */
class Total {
  private sum = 0;
  private rest = 0;

  add(x: number): void {
    const next = this.sum + x;
    this.rest += Math.abs(this.sum) >= Math.abs(x) ? this.sum - next + x : x - next + this.sum;
    this.sum = next;
  }

  get value(): number {
    return this.sum + this.rest;
  }
}

export interface Ends {
  readonly mean: number;
  /** Sum of (value + shift)^2. */
  readonly energy: number;
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * One pass over at least one value. The mean is summed from the first value on: the error is relative to the spread, and
 * the mean of a flat region is exactly its value.
 */
export function ends({ values, counts, n }: Sample, shift: number): Ends {
  const origin = values[0] as number;
  const [sum, energy] = [new Total(), new Total()];
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let start = 0; start < values.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, values.length);
    let [s, e] = [0, 0];
    for (let i = start; i < end; i++) {
      const v = values[i] as number;
      const w = counts ? (counts[i] as number) : 1;
      s += w * (v - origin);
      e += w * ((v + shift) * (v + shift));
      if (v < minimum) minimum = v;
      if (v > maximum) maximum = v;
    }
    sum.add(s);
    energy.add(e);
  }
  return { mean: origin + sum.value / n, energy: energy.value, minimum, maximum };
}

/** Means of |d|, d^2, d^3 and d^4 with d = value - mean. */
export interface CentralMoments {
  readonly absolute: number;
  readonly second: number;
  readonly third: number;
  readonly fourth: number;
}

export function centralMoments({ values, counts, n }: Sample, mean: number): CentralMoments {
  const [one, two, three, four] = [new Total(), new Total(), new Total(), new Total()];
  for (let start = 0; start < values.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, values.length);
    let [d1, d2, d3, d4] = [0, 0, 0, 0];
    for (let i = start; i < end; i++) {
      const d = (values[i] as number) - mean;
      const w = counts ? (counts[i] as number) : 1;
      const squared = d * d;
      d1 += w * Math.abs(d);
      d2 += w * squared;
      d3 += w * (squared * d);
      d4 += w * (squared * squared);
    }
    one.add(d1);
    two.add(d2);
    three.add(d3);
    four.add(d4);
  }
  return { absolute: one.value / n, second: two.value / n, third: three.value / n, fourth: four.value / n };
}

/** Mean absolute deviation of the values in the closed range from their own mean; NaN where the range holds none. */
export function deviationWithin(sample: Sample, low: number, high: number): number {
  const inside = sumWithin(sample, low, high, low, false);
  return sumWithin(sample, low, high, low + inside.sum / inside.n, true).sum / inside.n;
}

/** Number of values in the closed range and the sum of value - centre, or of its absolute value. */
function sumWithin(
  { values, counts }: Sample,
  low: number,
  high: number,
  centre: number,
  absolute: boolean,
): { n: number; sum: number } {
  const sum = new Total();
  let n = 0;
  for (let start = 0; start < values.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, values.length);
    let s = 0;
    for (let i = start; i < end; i++) {
      const v = values[i] as number;
      // The differences decide, as in firstorder.py.
      if (v - low < 0 || v - high > 0) continue;
      const w = counts ? (counts[i] as number) : 1;
      const d = v - centre;
      s += w * (absolute ? Math.abs(d) : d);
      n += w;
    }
    sum.add(s);
  }
  return { n, sum: sum.value };
}
