/** Exact order statistics by radix selection: each step counts one digit of the keys, along the wanted paths only. */
import { type Engine, Recording } from '../../engine/index.ts';
import { valueOfKey } from '../keys.ts';
import { recordDigits } from './digits.ts';
import { RADIX } from './measure.ts';
import type { Sampling } from './sampling.ts';

/** Bits of a key that each digit leaves open. */
const OPEN = [21, 10, 0] as const;
const openBits = (known: number): number => OPEN[known - 1] as number;

/** Where a wanted order statistic lies, as far as its digits are known. */
interface Search {
  readonly rank: number;
  /** Leading bits of its key. */
  readonly prefix: number;
  /** Rank among the values with this prefix. */
  readonly below: number;
  /** Column of the histogram it was found in. */
  readonly column: number;
}

/** Finds the column of a histogram that holds a rank, and the rank within it. */
function locate(counts: Uint32Array, first: number, rank: number): { digit: number; below: number } {
  let below = rank;
  let digit = 0;
  while (below >= (counts[first + digit] as number)) below -= counts[first + digit++] as number;
  return { digit, below };
}

/** Numbers the distinct columns that are wanted: slots, and the table from column to 1 + slot. */
function slotTable(searches: readonly Search[], columns: number): { slots: Map<number, number>; table: Uint32Array } {
  const slots = new Map<number, number>();
  const table = new Uint32Array(columns);
  for (const { column } of searches) {
    if (!slots.has(column)) slots.set(column, slots.size);
    table[column] = 1 + (slots.get(column) as number);
  }
  return { slots, table };
}

function joined(a: Uint32Array, b: Uint32Array): Uint32Array<ArrayBuffer> {
  const both = new Uint32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The value of a key whose open bits are those of zero: zeros in a positive value, ones in a negative. */
function valueOfPrefix(prefix: number, open: number): number {
  const key = prefix * 2 ** open;
  return valueOfKey('float32', key >= 2 ** 31 ? key : key + 2 ** open - 1);
}

/**
 * The values at ranks (0 = smallest) among the sampled voxels, in one or two further passes over the image.
 * @param first counts of the leading digit of the same sampling
 * @param bits OR of the bits of all values: digits that are 0 everywhere are not counted
 */
export async function orderStatistics(
  engine: Engine,
  sampling: Sampling,
  ranks: readonly number[],
  { first, bits }: { readonly first: Uint32Array; readonly bits: number },
): Promise<Map<number, number>> {
  let searches = ranks.map((rank): Search => {
    const { digit, below } = locate(first, 0, rank);
    return { rank, prefix: digit, below, column: digit };
  });
  let paths = new Uint32Array(0);
  let columns = RADIX;
  let known = 1;
  while (known < OPEN.length && bits % 2 ** openBits(known) !== 0) {
    const { slots, table } = slotTable(searches, columns);
    paths = joined(paths, table);
    const rec = new Recording('normalise/select');
    const download = recordDigits(rec, sampling, { paths, slots: slots.size, depth: known as 1 | 2 });
    const counts = (await engine.execute(rec)).u32(download);
    // The last digit has 10 bits; the eleventh repeats a bit that is known.
    const values = 2 ** (openBits(known) - openBits(known + 1));
    searches = searches.map(({ rank, prefix, below, column }) => {
      const first = (slots.get(column) as number) * RADIX;
      const found = locate(counts, first, below);
      const longer = prefix * values + (found.digit % values);
      return { rank, prefix: longer, below: found.below, column: first + found.digit };
    });
    columns = slots.size * RADIX;
    known++;
  }
  return new Map(searches.map(({ rank, prefix }) => [rank, valueOfPrefix(prefix, openBits(known))]));
}
