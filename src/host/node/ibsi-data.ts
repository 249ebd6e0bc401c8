/** A user's copy of IBSI's data sets (github.com/theibsi/data_sets). */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Phantom } from '../../pipeline/verify/index.ts';
import { badFile } from '../format/decoded.ts';
import { toVolume } from '../format/index.ts';
import { readImageFile } from './read.ts';
import { readMaskFile } from './read-mask.ts';

/** Name of the CT phantom in the data sets, and of its region. */
const phantomFolder = 'ibsi_1_ct_radiomics_phantom';
const regionName = 'GTV-1';

/** Image and mask in the phantom's folder: NIfTI first, whose mask is IBSI's own; then DICOM with its structure set. */
const layouts = [
  { image: 'nifti/image/phantom.nii.gz', mask: 'nifti/mask/mask.nii.gz', regions: undefined },
  { image: 'dicom/image', mask: 'dicom/mask', regions: [regionName] },
] as const;

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * Finds and reads the CT phantom of IBSI 1.
 * @param folder of the data sets, or of the phantom itself
 * @throws PipelineError BadFile where it is not there; what reading throws
 */
export async function readCtPhantom(folder: string): Promise<Phantom> {
  for (const root of [join(folder, phantomFolder), folder]) {
    for (const { image, mask, regions } of layouts) {
      const paths = [join(root, image), join(root, mask)] as const;
      if (!(await Promise.all(paths.map(exists))).every(Boolean)) continue;
      const [decoded, loaded] = await Promise.all([
        readImageFile(paths[0]),
        readMaskFile(paths[1], { ...(regions ? { regions } : {}) }),
      ]);
      const volume = toVolume(decoded);
      return { image: volume, mask: loaded.place(volume).mask };
    }
  }
  throw badFile(
    folder,
    `expected a folder with ${phantomFolder}, and in it ${layouts.map((l) => `${l.image} and ${l.mask}`).join(', or ')}; found neither. The data sets are at github.com/theibsi/data_sets`,
  );
}
