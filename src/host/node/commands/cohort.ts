/** Cohorts: a CSV file of cases in place of an image. */
import { extname } from 'node:path';
import type { UsedImage } from '../../../pipeline/used-images.ts';
import type { Case } from '../cases.ts';
import { extractCases } from '../extract-cases.ts';
import type { ExtractFilesOptions } from '../extract-files.ts';
import { openJournal } from '../journal.ts';
import { caseFolder, imageSaver } from '../save-images.ts';
import type { ImageFormat } from '../write-image.ts';
import { type RowsFlags, type RowsFormat, reportFailed, writeRows } from './rows.ts';
import type { EngineFlags, Workbench } from './with-engine.ts';

/** Images to be written, as flags. */
interface SaveFlags {
  readonly saveImages?: string;
  readonly imageFormat?: ImageFormat;
}

/** What is left of a cohort that is interrupted; see `withEngine`. */
export const cohortLeft = 'finished cases are kept: the same command goes on from there';

/** Whether a path names a file of cases. */
export const isCohort = (path: string): boolean => extname(path).toLowerCase() === '.csv';

/** Extracts cases; what is finished is kept until the rows are written. */
export async function extractCohort(
  { engine, makeEngine }: Workbench,
  cases: readonly Case[],
  choices: ExtractFilesOptions,
  format: RowsFormat,
  options: EngineFlags & RowsFlags & SaveFlags,
): Promise<void> {
  const { output: target, profile, debug, adapter, format: _format, ...work } = options;
  const journal = await openJournal(target as string, {
    cases,
    work,
    params: choices.settings,
    types: choices.imageTypes,
    classes: choices.classes,
    weights: choices.deep?.network.weights.sha256,
    // What `auto` has chosen: rows in 16 and in 32 bits do not belong into one table.
    precision: choices.deep?.network.precision,
  });
  if (journal.finished.size > 0)
    process.stderr.write(`voxomics: ${journal.finished.size} of ${cases.length} cases were finished before\n`);
  const { saveImages, imageFormat } = options;
  const onImage =
    saveImages === undefined
      ? undefined
      : (image: UsedImage, index: number) =>
          imageSaver(caseFolder(saveImages, index, cases.length), imageFormat)(image);
  const rows = await extractCases(engine, cases, { ...choices, onImage, journal, renew: makeEngine });
  await writeRows(rows, format, target);
  await journal.remove();
  reportFailed(rows);
}
