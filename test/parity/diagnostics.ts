/** Comparison of the diagnostics columns. */
import { expect } from 'vitest';
import { expectClose } from '../support/close.ts';
import { recordedNumber } from './compare.ts';

/** Columns that describe PyRadiomics itself. */
const leftOut = /^(Versions|Configuration)/;

/** Nine decimals: positions in millimetres and means of 16-bit intensities to a few units in the last place. */
const NINE_DECIMALS = 1e-9;
/** Statistics of a resampled image are those of its float32 values; a tie of linear interpolation moves a voxel by one. */
const RESAMPLED = 1e-5;

/** Expects every recorded diagnostics column: text and integers as they are, numbers within their tolerance. */
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
        const rel = /interpolated_(Mean|Minimum|Maximum)$/.test(column) ? RESAMPLED : 0;
        expectClose([actual].flat()[k] as number, recordedNumber(v), { abs: NINE_DECIMALS, rel, what: column });
      });
    }
  }
}
