/** The shared folder of reference data beside the project; tests that need it skip with a reason where it is absent. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'vitest';

const folder = process.env['VOXOMICS_SHARED'] ?? resolve(import.meta.dirname, '../../../shared');

export const hasShared: boolean = existsSync(folder);

/** Absolute path of a file of the shared folder. */
export const sharedPath = (...parts: string[]): string => resolve(folder, ...parts);

/**
 * `describe`, skipped with a printed reason where there is no reference data.
 * @param tests not even called then: they may read the data to know their names
 */
export function describeShared(name: string, tests: () => void): void {
  if (hasShared) {
    describe(name, tests);
    return;
  }
  console.log(`${name}: skipped, no reference data in ../shared`);
  describe(name, () => {
    it.skip('needs the reference data in ../shared');
  });
}
