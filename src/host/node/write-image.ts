/** Image files on the disk. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PipelineError } from '../../pipeline/errors.ts';
import type { Volume } from '../../pipeline/volume.ts';
import { baseName } from '../format/decoded.ts';
import { encodeNifti } from '../format/nifti-write.ts';
import { writeAtomically } from './write.ts';

const compress = promisify(gzip);

/** Level 1: half the time of zlib's default for images, a few per cent larger. */
const LEVEL = 1;

/**
 * Refuses names whose ending says no format that `writeImageFile` writes, before any work is done.
 * @throws PipelineError BadFile
 */
export function checkImageName(path: string): void {
  if (!/\.nii(\.gz)?$/i.test(path))
    throw new PipelineError(
      'BadFile',
      `${baseName(path)}: images are written as NIfTI; end the name in .nii or .nii.gz`,
    );
}

/**
 * Writes an image as NIfTI-1 with voxels of its own type, whole or not at all.
 * @param path ending in .nii or .nii.gz
 * @throws PipelineError BadFile on another ending, or where it cannot be written
 */
export async function writeImageFile(path: string, image: Volume): Promise<void> {
  checkImageName(path);
  const bytes = encodeNifti(image);
  await writeAtomically(path, /\.gz$/i.test(path) ? await compress(bytes, { level: LEVEL }) : bytes);
}
