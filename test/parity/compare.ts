/** Comparison of a row with what PyRadiomics recorded. */

/** Non-finite numbers are recorded as strings. */
export const recordedNumber = (value: unknown): number =>
  typeof value === 'string' ? Number(value) : (value as number);

/**
 * Features whose value is a difference of larger numbers: their absolute error is that of the numbers subtracted, so they are
 * compared on the scale of those (the reference's README): third powers of the level range, of the standard deviation, and the
 * order-1 terms of correlation measures.
 */
function scaleOf(column: string, row: Readonly<Record<string, unknown>>): number {
  const image = column.replace(/_[^_]+_[^_]+$/, '');
  const of = (name: string) => Math.abs((row[`${image}_${name}`] as number | null) ?? 0);
  if (column.endsWith('glcm_ClusterShade')) return of('glcm_ClusterTendency') ** 1.5;
  if (/glcm_(Imc1|Imc2|Correlation)$/.test(column)) return 1;
  if (column.endsWith('firstorder_Skewness')) return 1;
  // A flat region's least axis is 0; PyRadiomics has the rounding of its eigenvalues there.
  if (column.endsWith('shape_LeastAxisLength')) return of('shape_MajorAxisLength');
  if (column.endsWith('shape_Flatness')) return 1;
  if (/firstorder_(Mean|Median)$/.test(column)) return of('firstorder_Range');
  return 0;
}

export interface Difference {
  readonly column: string;
  readonly expected: number;
  readonly actual: number;
  readonly relative: number;
}

/** Columns of `recorded` whose values differ by more than `tolerance`, relative to the value or the scale it comes from. */
export function differences(
  row: Readonly<Record<string, unknown>>,
  recorded: Readonly<Record<string, unknown>>,
  tolerance: number,
): Difference[] {
  return Object.keys(recorded).flatMap((column) => {
    const expected = recordedNumber(recorded[column]);
    const found = row[column];
    const actual =
      found === null || found === undefined
        ? column in row
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : (found as number);
    if (Number.isNaN(expected) && Number.isNaN(actual)) return [];
    if (expected === actual) return [];
    const relative = Math.abs(actual - expected) / Math.max(Math.abs(expected), Math.abs(actual), scaleOf(column, row));
    return relative <= tolerance ? [] : [{ column, expected, actual, relative }];
  });
}
