/** Choosing the regions of a DICOM mask by number or name. */
import { PipelineError } from '../../../pipeline/errors.ts';

/** A structure or a segment. */
export interface Region {
  readonly number: number;
  readonly name: string;
}

/** Numbers or names; texts of digits are numbers where no name is like it. */
export type RegionChoice = readonly (number | string)[];

const same = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

/** Regions that a number or a name stands for. Names as written come before names in other letters of case. */
function matching<T extends Region>(regions: readonly T[], wanted: number | string): T[] {
  if (typeof wanted === 'number') return regions.filter(({ number }) => number === wanted);
  const exact = regions.filter(({ name }) => name === wanted.trim());
  if (exact.length > 0) return exact;
  const similar = regions.filter(({ name }) => same(name, wanted));
  if (similar.length > 0 || !/^\s*\d+\s*$/.test(wanted)) return similar;
  return regions.filter(({ number }) => number === Number(wanted));
}

/** The regions as messages list them. */
export const listRegions = (regions: readonly Region[]): string =>
  regions.map(({ number, name }) => `${number} "${name}"`).join(', ') || 'none';

/**
 * The regions chosen, in the order of the choice, each once.
 * @param what the regions are, in the singular, for messages
 * @throws PipelineError LabelNotFound where a number or name stands for no region or for several
 */
export function chooseRegions<T extends Region>(regions: readonly T[], choice: RegionChoice, what: string): T[] {
  const chosen = choice.map((wanted) => {
    const found = matching(regions, wanted);
    if (found.length === 1) return found[0]!;
    const asked = typeof wanted === 'number' ? `${wanted}` : `"${wanted}"`;
    throw new PipelineError(
      'LabelNotFound',
      found.length === 0
        ? `expected ${what} ${asked}, found ${listRegions(regions)}; choose one of them by number or name (--region)`
        : `${what} ${asked}: found ${found.length} of that name (${listRegions(found)}); choose by number (--region)`,
    );
  });
  return [...new Set(chosen)];
}
