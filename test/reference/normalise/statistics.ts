/** CPU twin of normalise/measure. */
import type { Statistics } from '../../../src/pipeline/normalise/measure.ts';

/** Two passes in float64. */
export function statistics(values: Float64Array): Statistics {
  const count = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / count;
  // The second term takes out what the rounding of the mean has left.
  const squares =
    values.reduce((sum, x) => sum + (x - mean) ** 2, 0) - values.reduce((sum, x) => sum + (x - mean), 0) ** 2 / count;
  return {
    count,
    minimum: values.reduce((a, b) => Math.min(a, b)),
    maximum: values.reduce((a, b) => Math.max(a, b)),
    mean,
    populationSd: Math.sqrt(squares / count),
    sampleSd: Math.sqrt(squares / (count - 1)),
  };
}
