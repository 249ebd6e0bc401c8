/** Masks of every kind: label maps, and DICOM segmentations and structure sets, which need their image. */
import { PipelineError } from '../../pipeline/errors.ts';
import { placeSinglePrecision } from '../../pipeline/mask-geometry.ts';
import type { ImageGrid } from '../../pipeline/volume.ts';
import { toMask } from './convert.ts';
import { baseName, type DecodedImage } from './decoded.ts';
import { type DicomMask, type DicomMaskOptions, readDicomMask, readDicomMaskParts } from './dicom/mask.ts';
import { findDicomMask } from './dicom/mask-source.ts';
import type { NamedBytes } from './dicom/source.ts';

export interface LoadMaskOptions extends DicomMaskOptions {
  /** Channel of a label map with several values per voxel (setting `label_channel`). */
  readonly labelChannel?: number;
}

/** A mask that is read, up to what depends on its image. */
export interface LoadedMask {
  /**
   * The whole mask.
   * @param image its grid: DICOM masks are placed on it, label maps keep their own, but for single precision beside DICOM
   * @throws PipelineError of `readDicomMask`
   */
  place(image: ImageGrid): DicomMask;
  /** Its regions one by one, where they have voxels in common; label maps are one part. */
  parts(image: ImageGrid): Iterable<DicomMask>;
}

/**
 * Reads a mask, so that it can be read beside its image.
 * @param name of the file, folder or archive, for messages
 * @param dicom the files where these are DICOM
 * @param readImage reads it as an image: a label map
 * @throws PipelineError BadSetting on options for DICOM masks where it is a label map, BadDicom on several DICOM masks, and
 * whatever `readImage` throws
 */
export async function loadMask(
  name: string,
  dicom: readonly NamedBytes[] | undefined,
  readImage: () => Promise<DecodedImage>,
  { labelChannel, ...choice }: LoadMaskOptions,
): Promise<LoadedMask> {
  const file = dicom && (await findDicomMask(dicom, name));
  if (file) {
    const bytes = await file.read();
    return {
      place: (image) => readDicomMask(bytes, file.name, image, choice),
      parts: (image) => readDicomMaskParts(bytes, file.name, image, choice),
    };
  }
  if (choice.regions || choice.threshold !== undefined)
    throw new PipelineError(
      'BadSetting',
      `${baseName(name)}: regions and threshold choose from a DICOM segmentation or structure set, found a label map; choose by label`,
    );
  const mask = toMask(await readImage(), labelChannel);
  const place = (image: ImageGrid): DicomMask => ({ mask: placeSinglePrecision(image, mask), notes: [] });
  return { place, parts: (image) => [place(image)] };
}
