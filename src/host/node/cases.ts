/** Cohorts: a CSV file with a case in each line, as PyRadiomics' command takes it. */
import { dirname, isAbsolute, join } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { PipelineError } from '../../pipeline/errors.ts';
import { type LabelUnion, parseLabels } from '../../pipeline/selection.ts';
import { suggest } from '../../pipeline/settings.ts';
import { baseName } from '../format/decoded.ts';
import { readBytes } from './files.ts';

/** A line of a cases file. */
export interface Case {
  /** All columns as they stand in the file; they come first in the rows of the case. */
  readonly columns: Readonly<Record<string, string>>;
  /** Paths, resolved against the folder of the file. */
  readonly image: string;
  readonly mask: string;
  /** Of the column Label; null where it is empty or missing. */
  readonly labels: readonly LabelUnion[] | 'all' | null;
  /** Of the column Label_channel. */
  readonly channel: number | null;
}

const required = ['Image', 'Mask'] as const;

function caseOf(columns: Record<string, string>, line: number, file: string): Case {
  const path = (name: (typeof required)[number]) => {
    const text = columns[name]?.trim() ?? '';
    if (text === '')
      throw new PipelineError('BadFile', `${file}:${line}: expected a path in column ${name}, found none`);
    return isAbsolute(text) ? text : join(dirname(file), text);
  };
  const label = columns['Label']?.trim() ?? '';
  const channel = columns['Label_channel']?.trim() ?? '';
  if (!/^\d*$/.test(channel))
    throw new PipelineError('BadFile', `${file}:${line}: expected a channel number, found "${channel}"`);
  const parsed = label === '' ? null : parseLabels(label);
  return {
    columns,
    image: path('Image'),
    mask: path('Mask'),
    labels: parsed === null || parsed === 'all' ? parsed : [parsed],
    channel: channel === '' ? null : Number(channel),
  };
}

/**
 * Reads a cases file: columns Image and Mask (relative paths are relative to the file), optionally Label (`1`, `1+2`,
 * `all`) and Label_channel; further columns are carried through.
 * @throws PipelineError BadFile naming the line and what was expected
 */
export async function readCases(path: string): Promise<Case[]> {
  const name = baseName(path);
  let records: { record: Record<string, string>; info: { lines: number } }[];
  try {
    records = parse(await readBytes(path), { bom: true, columns: true, info: true, skip_empty_lines: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new PipelineError('BadFile', `${name}: expected a CSV file, found: ${error.message}`, { cause: error });
  }
  if (records.length === 0)
    throw new PipelineError('BadFile', `${name}: expected a header and a line for each case, found no case`);
  const found = Object.keys(records[0]!.record);
  for (const column of required)
    if (!found.includes(column))
      throw new PipelineError(
        'BadFile',
        `${name}: expected a column ${column}, found ${found.join(', ')}.${suggest(column, found)}`,
      );
  return records.map(({ record, info }) => caseOf(record, info.lines, join(dirname(path), name)));
}
