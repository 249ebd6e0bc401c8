/** Extraction from files. */
import type { Engine } from '../../engine/index.ts';
import { wantedFeatures } from '../../pipeline/classes.ts';
import { extract, type ExtractOptions } from '../../pipeline/extract.ts';
import { kernelsFor } from '../../pipeline/kernels.ts';
import type { Row } from '../../pipeline/row.ts';
import { parseSettings } from '../../pipeline/settings.ts';
import { toMask, toVolume } from '../format/index.ts';
import { readImageFile } from './read.ts';

/**
 * Reads an image and a mask (NIfTI, NRRD, MetaImage) and extracts their features.
 * @returns one row per region, see `extract`
 * @throws PipelineError BadFile with the file's name, and whatever `extract` throws
 */
export async function extractFiles(
  engine: Engine,
  imagePath: string,
  maskPath: string,
  options: ExtractOptions = {},
): Promise<Row[]> {
  const settings = parseSettings(options.settings);
  // Kernels compile while the files are read. A failure surfaces where the kernel is used.
  engine.prepare(kernelsFor(wantedFeatures(options.classes), settings, null)).catch(() => undefined);
  const [image, mask] = await Promise.all([readImageFile(imagePath), readImageFile(maskPath)]);
  return extract(engine, toVolume(image), toMask(mask, settings.label_channel), options);
}
