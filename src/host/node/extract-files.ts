/** Extraction from files. */
import type { Engine } from '../../engine/index.ts';
import { wantedFeatures } from '../../pipeline/classes.ts';
import type { ExtractOptions } from '../../pipeline/extract.ts';
import type { PreprocessSteps } from '../../pipeline/preprocess.ts';
import { wantedImageTypes } from '../../pipeline/image-types.ts';
import { kernelsFor } from '../../pipeline/kernels.ts';
import type { Row } from '../../pipeline/row.ts';
import { parseSettings } from '../../pipeline/settings.ts';
import type { ImageGrid } from '../../pipeline/volume.ts';
import { extractMask } from '../extract-mask.ts';
import type { DicomMaskOptions } from '../format/dicom/mask.ts';
import type { ReadSeriesOptions } from '../format/dicom/read.ts';
import { toVolume } from '../format/index.ts';
import { readImageFile } from './read.ts';
import { readMaskFile } from './read-mask.ts';

export interface ExtractFilesOptions extends Omit<ExtractOptions, 'preprocess'> {
  /** Which image of DICOM files, see `readDicom`. */
  readonly image?: ReadSeriesOptions;
  /** Which structures or segments of a DICOM mask, see `readDicomMask`. */
  readonly mask?: DicomMaskOptions;
  /** As for `extract`, or made once the image is read, for steps with masks of their own. */
  readonly preprocess?: PreprocessSteps | ((image: ImageGrid) => Promise<PreprocessSteps>);
}

/**
 * Reads an image (NIfTI, NRRD, MetaImage, DICOM) and a mask (the same, DICOM segmentations and structure sets) and extracts
 * their features.
 * @returns one row per region, see `extract`
 * @throws PipelineError BadFile with the file's name, whatever `readDicom` and `readDicomMask` throw, and what `extract` throws
 */
export async function extractFiles(
  engine: Engine,
  imagePath: string,
  maskPath: string,
  { image: imageChoice, mask: maskChoice, preprocess, ...options }: ExtractFilesOptions = {},
): Promise<Row[]> {
  const settings = parseSettings(options.settings);
  // Kernels compile while the files are read. A failure surfaces where the kernel is used.
  const types = wantedImageTypes(options.imageTypes, options.settings);
  engine.prepare(kernelsFor(wantedFeatures(options.classes), settings, null, types)).catch(() => undefined);
  const [decoded, loaded] = await Promise.all([
    readImageFile(imagePath, imageChoice),
    readMaskFile(maskPath, { ...maskChoice, labelChannel: settings.label_channel }),
  ]);
  const image = toVolume(decoded);
  const steps = typeof preprocess === 'function' ? await preprocess(image) : preprocess;
  return extractMask(engine, image, loaded, { ...options, preprocess: steps });
}
