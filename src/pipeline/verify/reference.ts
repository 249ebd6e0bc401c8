/** Consensus values with their tolerances. */
import { ibsi1Table } from './ibsi1-table.ts';
import { ibsi2Table } from './ibsi2-table.ts';

/** How many teams of IBSI agreed on a value: at least three, six, ten. */
export type Consensus = 'moderate' | 'strong' | 'very strong';

/** A consensus value. */
export interface Reference {
  /** IBSI's tag with the aggregation, e.g. `cm_contrast_3D_avg`. */
  readonly tag: string;
  /** IBSI's code of the feature, four characters. */
  readonly code: string;
  /** Null where the manual gives none. */
  readonly value: number | null;
  /** Largest difference that is within the consensus. Null where there is no value. */
  readonly tolerance: number | null;
  /** Null where it is not told. */
  readonly consensus: Consensus | null;
}

/** The data sets of IBSI 1: the digital phantom, and five configurations of the CT phantom. */
export const ibsi1Sets = ['digital', 'A', 'B', 'C', 'D', 'E'] as const;
export type Ibsi1Set = (typeof ibsi1Sets)[number];

const strengths: Readonly<Record<string, Consensus>> = { m: 'moderate', s: 'strong', v: 'very strong' };

/**
 * Half a unit of the third significant digit, to which the manual rounds: the tolerance where it gives none since all teams
 * have the same value. Of 0, which is exact: the rounding of float64 sums.
 */
export function roundingOf(value: number): number {
  const size = Math.abs(value);
  // The factor keeps a value that lies on the half within, whatever the last bit of the difference.
  return size === 0 ? 1e-12 : 0.5 * 10 ** (Math.floor(Math.log10(size)) - 2) * (1 + 1e-9);
}

/** One cell of the table, e.g. `556~4v`. */
function parseCell(cell: string): Pick<Reference, 'value' | 'tolerance' | 'consensus'> {
  const consensus = strengths[cell.at(-1) as string] as Consensus;
  if (cell.startsWith('none')) return { value: null, tolerance: null, consensus };
  const [value, tolerance] = cell.slice(0, -1).split('~').map(Number) as [number, number | undefined];
  return { value, tolerance: tolerance ?? roundingOf(value), consensus };
}

/** All consensus values of a data set of IBSI 1, in the manual's order. */
export function ibsi1References(set: Ibsi1Set): Reference[] {
  return ibsi1Table
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [code, tag, ...cells] = line.split(' ') as [string, string, ...string[]];
      const cell = cells[ibsi1Sets.indexOf(set)] as string;
      return cell === '-' ? [] : [{ tag, code, ...parseCell(cell) }];
    });
}

/** The sets of IBSI 2's phase 2: numbers of the filters (1: none), in planes (A) or in space (B). */
export const ibsi2Sets = [
  ...(['1.A', '2.A', '3.A', '4.A', '5.A', '6.A', '7.A', '8.A', '9.A'] as const),
  ...(['1.B', '2.B', '3.B', '4.B', '5.B', '6.B', '7.B', '8.B', '9.B'] as const),
] as const;
export type Ibsi2Set = (typeof ibsi2Sets)[number];

/** The consensus values of a set of IBSI 2; codes are those of IBSI 1, whose statistics they are. */
export function ibsi2References(set: Ibsi2Set): Reference[] {
  const codes = new Map(ibsi1References('digital').map(({ tag, code }) => [tag, code]));
  const [head, ...lines] = ibsi2Table.trim().split('\n') as [string, ...string[]];
  const column = head.split(' ').indexOf(set);
  return lines.map((line) => {
    const cells = line.split(' ');
    const tag = cells[0] as string;
    const cell = cells[column] as string;
    const [value, tolerance] = cell === 'none' ? [null, null] : (cell.split('~').map(Number) as [number, number]);
    return { tag, code: codes.get(tag) as string, value, tolerance, consensus: null };
  });
}
