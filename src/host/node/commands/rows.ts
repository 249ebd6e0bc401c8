/** Rows out of a command: their format, where they go, and what is said of them. */
import { extname, resolve } from 'node:path';
import { PipelineError } from '../../../pipeline/errors.ts';
import type { Row } from '../../../pipeline/row.ts';
import { formatRows, parquetRows, type TextFormat } from '../../format/table.ts';
import { checkPlace, writeAtomically } from '../write.ts';

/** Exit status where all rows are written, and some have an error in place of features. */
const FAILED_ROWS = 5;

/** Formats of rows. */
export const rowsFormats = ['json', 'csv', 'txt', 'parquet'] as const;
export type RowsFormat = (typeof rowsFormats)[number];

/** Where rows go, as flags. */
export interface RowsFlags {
  readonly format?: RowsFormat;
  readonly output?: string;
}

/**
 * Format asked for, else by the output's ending, else JSON.
 * @throws PipelineError BadSetting where there is none, or a binary one would be printed
 */
export function chooseFormat({ format, output }: RowsFlags): RowsFormat {
  if (format === 'parquet' && !output)
    throw new PipelineError('BadSetting', 'parquet is binary; name a file with --output');
  if (format) return format;
  const ending = output ? extname(output).slice(1).toLowerCase() : 'json';
  const known = rowsFormats.find((f) => f === ending);
  if (known) return known;
  throw new PipelineError(
    'BadSetting',
    `the ending of ${output} names no format; pass --format ${rowsFormats.join('|')}`,
  );
}

/** @throws PipelineError where the rows cannot be written, or would replace what they are made of */
export async function checkOutput(path: string, inputs: readonly (string | undefined)[]): Promise<void> {
  if (inputs.some((input) => input !== undefined && resolve(input) === resolve(path)))
    throw new PipelineError('BadSetting', '--output: this file is the input; choose another name');
  await checkPlace(path);
}

/** Says how many rows have no features, and gives the program a status of its own then. */
export function reportFailed(rows: readonly Row[]): void {
  const failed = rows.filter((row) => 'voxomics_error' in row).length;
  if (failed === 0) return;
  process.stderr.write(`voxomics: ${failed} of ${rows.length} rows have no features; see voxomics_error\n`);
  process.exitCode = FAILED_ROWS;
}

/** Writes or prints rows. */
export async function writeRows(rows: readonly Row[], format: RowsFormat, path: string | undefined): Promise<void> {
  const content = format === 'parquet' ? new Uint8Array(parquetRows(rows)) : formatRows(rows, format as TextFormat);
  if (path) await writeAtomically(path, content);
  else await new Promise((resolve) => process.stdout.write(content, resolve));
}
