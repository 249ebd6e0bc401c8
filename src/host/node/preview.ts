/** Pictures of results on the disk. */
import { PipelineError } from '../../pipeline/errors.ts';
import { type PreviewColumn, renderPreview } from '../format/preview.ts';
import { writeAtomically } from './write.ts';

/**
 * Checks the name of a picture, before the work that it will show.
 * @throws PipelineError BadSetting where it does not end with .png
 */
export function checkPreviewPath(path: string): void {
  if (path.toLowerCase().endsWith('.png')) return;
  throw new PipelineError('BadSetting', 'expected a preview file that ends with .png, found another name; rename it');
}

/**
 * Writes a PNG of images side by side, as `renderPreview` draws it. An existing file is replaced.
 * @throws PipelineError BadSetting as `checkPreviewPath`; BadFile where it cannot be written
 */
export async function writePreview(path: string, columns: readonly PreviewColumn[]): Promise<void> {
  checkPreviewPath(path);
  await writeAtomically(path, renderPreview(columns));
}
