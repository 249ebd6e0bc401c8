/** The images that features are computed on, as files. */
import { join } from 'node:path';
import type { UsedImage } from '../../pipeline/used-images.ts';
import { type ImageFormat, imageEndings, writeImageFile } from './write-image.ts';
import { makeFolder } from './write.ts';

/**
 * Takes images for `onImage` of `extract` and writes each to a file of its own, whole or not at all:
 * `wavelet-LLH.nii.gz`, with `label-1_` before it where each region has images of its own.
 * @param folder made where it is missing; files of the same names are replaced
 */
export function imageSaver(folder: string, format: ImageFormat = 'nifti'): (image: UsedImage) => Promise<void> {
  return async ({ name, image, region }) => {
    await makeFolder(folder);
    await writeImageFile(join(folder, `${region === null ? '' : `${region}_`}${name}${imageEndings[format]}`), image);
  };
}

/** The folder of a case of a cohort: `case-07` of 12. @param index its place, from 0 */
export const caseFolder = (folder: string, index: number, cases: number): string =>
  join(folder, `case-${String(index + 1).padStart(String(cases).length, '0')}`);
