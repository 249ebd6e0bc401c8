/** Finished cases of a long run, kept on the disk until the result is written, so that nothing is computed twice. */
import { createHash } from 'node:crypto';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { PipelineError } from '../../pipeline/errors.ts';
import type { Row } from '../../pipeline/row.ts';
import { version } from '../../version.ts';
import { badFile, baseName } from '../format/decoded.ts';
import { writeAtomically } from './write.ts';

/** JSON has neither NaN nor infinity. */
const write = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { notFinite: String(value) } : value;
const read = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'notFinite' in value ? Number(value.notFinite) : value;

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

export interface Journal {
  /** Rows of the cases that an earlier run has finished, by their place in the cohort. */
  readonly finished: ReadonlyMap<number, readonly Row[]>;
  /** Keeps the rows of a case. */
  add(index: number, rows: readonly Row[]): Promise<void>;
  /** Removes the journal, once the result is written. */
  remove(): Promise<void>;
}

/** A finished case, as a line. */
interface Entry {
  readonly index: number;
  readonly rows: readonly Row[];
}

/**
 * The key and the entries of a journal; the last may have been cut off by what ended the run.
 * @throws PipelineError BadFile where it is no journal
 */
function parseJournal(path: string, text: string): { readonly key: string; readonly entries: readonly Entry[] } {
  const lines = text.split('\n');
  lines.pop();
  try {
    const [head, ...entries] = lines.map((line) => JSON.parse(line, read)) as [{ key: unknown }, ...Entry[]];
    if (typeof head.key === 'string' && entries.every(({ index, rows }) => index >= 0 && Array.isArray(rows)))
      return { key: head.key, entries };
  } catch {
    // Said below.
  }
  throw badFile(
    path,
    'expected finished cases of an earlier run, found something else; remove or rename it, or choose another --output',
  );
}

/**
 * The text of the journal; empty where there is none.
 * @throws PipelineError BadFile where it cannot be read: it must not be replaced then
 */
async function readJournal(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw badFile(path, `expected finished cases of an earlier run, found ${code}; choose another --output`, error);
  }
}

/**
 * Opens the journal beside a result, and takes over what an earlier run of the same work has finished.
 * @param work what the rows depend on: cases and options
 * @throws PipelineError BadFile where the journal is of other work, or a file of that name is no journal
 */
export async function openJournal(result: string, work: unknown): Promise<Journal> {
  const path = `${result}.journal`;
  const key = digest([version, work]);
  const text = await readJournal(path);
  const finished = new Map<number, readonly Row[]>();
  if (text !== '') {
    const { key: found, entries } = parseJournal(path, text);
    if (found !== key)
      throw new PipelineError(
        'BadFile',
        `${baseName(path)} holds cases of a run with other cases, settings or version; finish that run, or remove the file to start anew`,
      );
    for (const { index, rows } of entries) finished.set(index, rows);
  }
  const lines = [{ key }, ...Array.from(finished, ([index, rows]) => ({ index, rows }))];
  await writeAtomically(path, lines.map((line) => `${JSON.stringify(line, write)}\n`).join(''));
  return {
    finished,
    add: (index, rows) => appendFile(path, `${JSON.stringify({ index, rows }, write)}\n`),
    remove: () => rm(path, { force: true }),
  };
}
