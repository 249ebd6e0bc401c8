/** Finished cases of a long run, kept on the disk until the result is written, so that nothing is computed twice. */
import { createHash } from 'node:crypto';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { PipelineError } from '../../pipeline/errors.ts';
import type { Row } from '../../pipeline/row.ts';
import { version } from '../../version.ts';
import { baseName } from '../format/decoded.ts';

/** JSON has no NaN. */
const NOT_A_NUMBER = { nan: true };
const write = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && Number.isNaN(value) ? NOT_A_NUMBER : value;
const read = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'nan' in value ? Number.NaN : value;

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

export interface Journal {
  /** Rows of the cases that an earlier run has finished, by their place in the cohort. */
  readonly finished: ReadonlyMap<number, readonly Row[]>;
  /** Keeps the rows of a case. */
  add(index: number, rows: readonly Row[]): Promise<void>;
  /** Removes the journal, once the result is written. */
  remove(): Promise<void>;
}

/** Whole lines of a journal; the last may have been cut off by what ended the run. */
function linesOf(text: string): unknown[] {
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line, read) as unknown);
}

/**
 * Opens the journal beside a result, and takes over what an earlier run of the same work has finished.
 * @param work what the rows depend on: cases and options
 * @throws PipelineError BadFile where the journal is of other work
 */
export async function openJournal(result: string, work: unknown): Promise<Journal> {
  const path = `${result}.journal`;
  const key = digest([version, work]);
  const text = await readFile(path, 'utf8').catch(() => '');
  const finished = new Map<number, readonly Row[]>();
  if (text !== '') {
    const [head, ...entries] = linesOf(text) as [{ key?: string } | undefined, ...{ index: number; rows: Row[] }[]];
    if (head && head.key !== key)
      throw new PipelineError(
        'BadFile',
        `${baseName(path)} holds cases of a run with other cases, settings or version; finish that run, or remove the file to start anew`,
      );
    for (const { index, rows } of entries) finished.set(index, rows);
  }
  const lines = [{ key }, ...Array.from(finished, ([index, rows]) => ({ index, rows }))];
  await writeFile(path, lines.map((line) => `${JSON.stringify(line, write)}\n`).join(''));
  return {
    finished,
    add: (index, rows) => appendFile(path, `${JSON.stringify({ index, rows }, write)}\n`),
    remove: () => rm(path, { force: true }),
  };
}
