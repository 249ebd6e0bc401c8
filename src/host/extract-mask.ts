/** Extraction with a mask of any kind: one label map, or regions with voxels in common. */
import type { Engine } from '../engine/index.ts';
import { PipelineError, type PipelineErrorCode } from '../pipeline/errors.ts';
import { extract, type ExtractOptions } from '../pipeline/extract.ts';
import type { Row } from '../pipeline/row.ts';
import type { UsedImage } from '../pipeline/used-images.ts';
import type { Volume } from '../pipeline/volume.ts';
import type { DicomMask } from './format/dicom/mask.ts';
import type { LoadedMask } from './format/load-mask.ts';

/** What is wrong with one region and not with the others. */
const ofRegion: ReadonlySet<PipelineErrorCode> = new Set([
  'EmptyMask',
  'LabelNotFound',
  'NonFiniteImage',
  'ResegmentationEmpty',
  'RoiOutsideImage',
  'RoiTooFewDimensions',
  'RoiTooSmall',
  'TooManyLevels',
]);

/**
 * Extracts the regions of a mask, see `extract`. DICOM regions with voxels in common, such as a target volume inside a larger
 * one, take a pass each, every one of them with all preprocessing.
 * @throws PipelineError of reading the mask and of `extract`; OverlappingRegions where labels are asked for by number
 */
export async function extractMask(
  engine: Engine,
  image: Volume,
  loaded: LoadedMask,
  options: ExtractOptions,
): Promise<Row[]> {
  const { labels, settings, notes: known = [], onImage } = options;
  const run = ({ mask, notes }: DicomMask, give = onImage) =>
    extract(engine, image, mask, { ...options, notes: [...known, ...notes], onImage: give });
  const numbered = (labels !== undefined && labels !== 'all') || settings?.label !== undefined;
  let whole: DicomMask;
  try {
    whole = loaded.place(image);
  } catch (error) {
    if (numbered || !(error instanceof PipelineError && error.code === 'OverlappingRegions')) throw error;
    const rows: Row[] = [];
    for (const part of loaded.parts(image)) {
      const region = `region-${rows.length + 1}`;
      const give = onImage && ((used: UsedImage) => onImage({ ...used, region }));
      rows.push(...(await run(part, give).catch((e: unknown) => [failedRow(part, e)])));
    }
    return rows;
  }
  return run(whole);
}

/** The row of a region that cannot be processed; any other error ends it all. */
function failedRow({ mask }: DicomMask, error: unknown): Row {
  if (!(error instanceof PipelineError && ofRegion.has(error.code))) throw error;
  const [name = ''] = mask.names?.values() ?? [];
  return { voxomics_region: name, voxomics_error: { code: error.code, message: error.message } };
}
