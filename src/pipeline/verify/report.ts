/** What a verification finds: one row per consensus value, and sums of them. */
import type { Consensus } from './reference.ts';

/** A value of ours beside the consensus. */
export interface CheckedValue {
  /** Data set and configuration, e.g. `IBSI 1 digital phantom`. */
  readonly set: string;
  /** Family of features, e.g. `GLCM`. */
  readonly family: string;
  readonly tag: string;
  /** IBSI's code of the feature, empty where there is none. */
  readonly code: string;
  /** Column of `extract`, null where the value is not available. */
  readonly column: string | null;
  /** Ours. */
  readonly value: number | null;
  readonly reference: number | null;
  readonly tolerance: number | null;
  readonly consensus: Consensus | null;
  readonly status: 'agrees' | 'differs' | 'not available';
  /** Why a value is not available. */
  readonly reason: string | null;
}

/** A data set that nothing was computed of. */
export interface NotRun {
  readonly set: string;
  readonly reason: string;
}

/** How long a set took, or a family of it. */
export interface SetTime {
  readonly set: string;
  /** Null for the whole set. */
  readonly family: string | null;
  readonly seconds: number;
}

export interface VerifyReport {
  readonly values: readonly CheckedValue[];
  readonly notRun: readonly NotRun[];
  readonly times: readonly SetTime[];
}

/** The time of a set (family null) or of one of its families, null where it was not taken by itself. */
export const timeOf = ({ times }: VerifyReport, set: string, family: string | null): number | null =>
  times.find((time) => time.set === set && time.family === family)?.seconds ?? null;

/** A line of the table: a family of a set, a set or everything. */
export interface Tally {
  readonly checked: number;
  readonly agreeing: number;
  readonly notAvailable: number;
  /** Largest |ours - consensus| / |consensus| of the checked values (of a consensus of 0: the difference); null without any. */
  readonly worst: number | null;
  /** The same in shares of the tolerance: 1 is its end. */
  readonly worstOfTolerance: number | null;
}

const differenceOf = ({ value, reference }: CheckedValue): number =>
  Math.abs((value as number) - (reference as number));

/** |ours - consensus| / |consensus|; the difference itself where the consensus is 0. */
export const relativeDifference = (row: CheckedValue): number =>
  differenceOf(row) / (row.reference === 0 ? 1 : Math.abs(row.reference as number));

/** Sums up rows. */
export function tally(rows: readonly CheckedValue[]): Tally {
  const checked = rows.filter((row) => row.status !== 'not available');
  const largest = (of: (row: CheckedValue) => number) => (checked.length === 0 ? null : Math.max(...checked.map(of)));
  return {
    checked: checked.length,
    agreeing: checked.filter((row) => row.status === 'agrees').length,
    notAvailable: rows.length - checked.length,
    worst: largest(relativeDifference),
    worstOfTolerance: largest((row) => differenceOf(row) / (row.tolerance as number)),
  };
}

/** Whether anything was checked and all of it lies within its tolerance. */
export function isVerified({ values }: VerifyReport): boolean {
  const { checked, agreeing } = tally(values);
  return checked > 0 && agreeing === checked;
}

/** Rows by a key, in order of first appearance. */
export function groupRows(
  rows: readonly CheckedValue[],
  key: (row: CheckedValue) => string,
): ReadonlyMap<string, readonly CheckedValue[]> {
  return Map.groupBy(rows, key);
}
