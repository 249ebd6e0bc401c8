/** CPU twins of filter/point and filter/peak, written as PyRadiomics' imageoperations.py. */
import type { PointFilter } from '../../../src/pipeline/filter/point.ts';

/** Largest absolute value; NaN where there is one, as numpy.max. */
export const peakOf = (values: ArrayLike<number>): number =>
  Array.from(values, Math.abs).reduce((a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b)));

const signedMap = (values: Float64Array, f: (x: number) => number): Float64Array =>
  values.map((x) => (x > 0 ? f(x) : x < 0 ? -f(-x) : x));

export function point(filter: PointFilter, values: Float64Array): Float64Array {
  const peak = peakOf(values);
  switch (filter) {
    case 'square':
      return values.map((x) => ((1 / Math.sqrt(peak)) * x) ** 2);
    case 'squareroot':
      return signedMap(values, (x) => Math.sqrt(x * peak));
    case 'logarithm': {
      const logarithms = signedMap(values, (x) => Math.log(x + 1));
      const scale = peak / peakOf(logarithms);
      return logarithms.map((x) => x * scale);
    }
    case 'exponential':
      return values.map((x) => Math.exp((Math.log(peak) / peak) * x));
  }
}
