/** Comparison of numbers with a named tolerance. */

export interface Tolerance {
  /** Relative to the larger of the two values; at most 1e-2. */
  readonly rel?: number;
  readonly abs?: number;
  /** What is compared, for the message. */
  readonly what?: string;
}

/** Throws unless |actual - expected| <= max(abs, rel * max(|actual|, |expected|)); NaN equals NaN, infinities themselves. */
export function expectClose(actual: number, expected: number, { rel = 0, abs = 0, what = 'value' }: Tolerance): void {
  if (rel > 1e-2) throw new Error(`a relative tolerance of ${rel} proves nothing; at most 1e-2 is allowed`);
  if (Object.is(actual, expected) || actual === expected) return;
  const error = Math.abs(actual - expected);
  const allowed = Math.max(abs, rel * Math.max(Math.abs(actual), Math.abs(expected)));
  if (error <= allowed) return;
  throw new Error(`${what}: ${actual} is not ${expected}; they differ by ${error}, allowed are ${allowed}`);
}
