/** Comparison of the diagnostics columns. */
import { expect } from 'vitest';
import { expectClose } from '../support/close.ts';
import { recordedNumber } from './compare.ts';

/** Columns that describe PyRadiomics itself, and stages that this project has not yet. */
const leftOut = /^(Versions|Configuration)|interpolated/;

/** Expects every recorded diagnostics column: text and integers as they are, numbers to nine decimals. */
export function expectDiagnostics(
  row: Readonly<Record<string, unknown>>,
  recorded: Readonly<Record<string, unknown>>,
): void {
  for (const [column, value] of Object.entries(recorded)) {
    if (leftOut.test(column)) continue;
    const actual = row[`diagnostics_${column}`];
    expect(actual, column).toBeDefined();
    const expected = [value].flat();
    if (/Hash|Dimensionality/.test(column)) expect(actual, column).toEqual(value);
    else {
      expect([actual].flat(), column).toHaveLength(expected.length);
      expected.forEach((v, k) => {
        // Nine decimals: positions in millimetres and means of 16-bit intensities to a few units in the last place.
        expectClose([actual].flat()[k] as number, recordedNumber(v), { abs: 1e-9, what: column });
      });
    }
  }
}
