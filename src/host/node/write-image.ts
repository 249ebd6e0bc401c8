/** Image files on the disk. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PipelineError } from '../../pipeline/errors.ts';
import type { Volume } from '../../pipeline/volume.ts';
import { baseName } from '../format/decoded.ts';
import { encodeNifti } from '../format/nifti-write.ts';
import { nrrdHeader } from '../format/nrrd-write.ts';
import { checkPlace, writeAtomically } from './write.ts';

const compress = promisify(gzip);

/** Formats of images that go into a folder, with their endings. */
export const imageEndings = { nifti: '.nii.gz', nrrd: '.nrrd' } as const;
export type ImageFormat = keyof typeof imageEndings;

/** Level 1: half the time of zlib's default for images, a few per cent larger. */
const LEVEL = 1;

/**
 * Refuses names whose ending says no format that `writeImageFile` writes.
 * @throws PipelineError BadFile
 */
function checkImageName(path: string): void {
  if (!/\.(nii(\.gz)?|nrrd)$/i.test(path))
    throw new PipelineError(
      'BadFile',
      `${baseName(path)}: images are written as NIfTI or NRRD; end the name in .nii, .nii.gz or .nrrd`,
    );
}

/**
 * Finds out before any work is done whether `writeImageFile` can write to a path.
 * @throws PipelineError BadFile
 */
export async function checkImagePlace(path: string): Promise<void> {
  checkImageName(path);
  await checkPlace(path);
}

/** NRRD whose voxels are compressed inside the file. */
async function encodeNrrd(image: Volume): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = image.data;
  const voxels = await compress(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength), { level: LEVEL });
  return Buffer.concat([nrrdHeader(image, true), voxels]);
}

/**
 * Writes an image as NIfTI-1 or NRRD with voxels of its own type, whole or not at all.
 * @param path ending in .nii, .nii.gz or .nrrd
 * @throws PipelineError BadFile on another ending, or where it cannot be written
 */
export async function writeImageFile(path: string, image: Volume): Promise<void> {
  checkImageName(path);
  if (/\.nrrd$/i.test(path)) return writeAtomically(path, await encodeNrrd(image));
  const bytes = encodeNifti(image);
  await writeAtomically(path, /\.gz$/i.test(path) ? await compress(bytes, { level: LEVEL }) : bytes);
}
