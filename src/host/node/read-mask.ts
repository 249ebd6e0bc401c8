/** Masks from the disk. */
import { type LoadedMask, type LoadMaskOptions, loadMask } from '../format/load-mask.ts';
import { dicomFiles } from './dicom-source.ts';
import { kindOf, readImageFile } from './read.ts';

/**
 * Reads a mask: a label map in any format that images have, a DICOM segmentation or an RT structure set (also the only one
 * in a folder or zip archive).
 * @throws PipelineError BadFile, and whatever `loadMask` throws
 */
export async function readMaskFile(path: string, options: LoadMaskOptions = {}): Promise<LoadedMask> {
  const dicom = (await kindOf(path)) === 'dicom' ? await dicomFiles(path) : undefined;
  return loadMask(path, dicom, () => readImageFile(path), options);
}
