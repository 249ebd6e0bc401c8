/** The mask among DICOM files: a segmentation or a structure set, alone or beside its images. */
import { baseName } from '../decoded.ts';
import { badDicom, type Dataset } from './dataset.ts';
import { isDicomMask } from './mask.ts';
import { readHeader } from './slices.ts';
import type { NamedBytes } from './source.ts';

/**
 * The segmentation or structure set among files, for `readDicomMask`.
 * @param where the files come from, for messages
 * @returns undefined where there is none
 * @throws PipelineError BadDicom where there are several, naming them
 */
export async function findDicomMask(files: readonly NamedBytes[], where: string): Promise<NamedBytes | undefined> {
  const found: { readonly file: NamedBytes; readonly dataset: Dataset }[] = [];
  for (const file of files) {
    const dataset = await readHeader(file);
    if (dataset && isDicomMask(dataset)) found.push({ file, dataset });
  }
  if (found.length < 2) return found[0]?.file;
  throw badDicom(
    found.reduce((shown, { dataset }) => dataset.redact(shown), baseName(where)),
    `expected one segmentation or structure set, found ${found.length}: ${found.map(({ dataset }) => dataset.name).join(', ')}; name the file`,
  );
}
