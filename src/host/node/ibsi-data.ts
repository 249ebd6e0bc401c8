/** A user's copy of IBSI's data sets (github.com/theibsi/data_sets). */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MapData, Phantom } from '../../pipeline/verify/index.ts';
import type { Volume } from '../../pipeline/volume.ts';
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
 * @param folder of the data sets, of the phantom itself, or one that holds that of the data sets
 * @returns null where it is not there
 * @throws what reading throws
 */
export async function readCtPhantom(folder: string): Promise<Phantom | null> {
  const roots = await foldersIn(folder);
  for (const root of [...roots.map((name) => join(name, phantomFolder)), folder]) {
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
  return null;
}

/** A folder, and the folders in it. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const inside = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  return [folder, ...inside.map(({ name }) => join(folder, name))];
}

/** Reads a NIfTI file, compressed or not. @throws PipelineError BadFile where neither is there; what reading throws */
async function readNifti(stem: string): Promise<Volume> {
  for (const path of [`${stem}.nii.gz`, `${stem}.nii`])
    if (await exists(path)) return toVolume(await readImageFile(path));
  throw badFile(stem, 'expected this file as .nii.gz or .nii; found neither, is the copy of IBSI’s data whole?');
}

/**
 * Finds IBSI 2's digital phantoms and response maps.
 * @param folder that holds ibsi_2_digital_phantom and reference_response_maps, or folders with them
 * @returns what reads them, null where either is not there
 */
export async function findMaps(folder: string): Promise<MapData | null> {
  const roots = await foldersIn(folder);
  const find = async (name: string) => {
    const paths = roots.map((root) => join(root, name));
    const there = await Promise.all(paths.map(exists));
    return paths.find((_, k) => there[k]);
  };
  const [phantoms, maps] = await Promise.all([find('ibsi_2_digital_phantom/nifti'), find('reference_response_maps')]);
  if (phantoms === undefined || maps === undefined) return null;
  return {
    phantom: (name) => readNifti(join(phantoms, name, 'image', name)),
    reference: (id) => readNifti(join(maps, `${id.replaceAll('.', '_')}-ValidCRM`)),
  };
}

/**
 * What of IBSI's data a folder holds.
 * @param folder of github.com/theibsi/data_sets, of ibsi_2_reference_data, of both, or of the CT phantom
 * @throws PipelineError BadFile where it is neither; what reading throws
 */
export async function readIbsiData(folder: string): Promise<{ ctPhantom: Phantom | null; maps: MapData | null }> {
  const [ctPhantom, maps] = await Promise.all([readCtPhantom(folder), findMaps(folder)]);
  if (!ctPhantom && !maps)
    throw badFile(
      folder,
      `expected a folder with ${phantomFolder}, and in it ${layouts.map((l) => `${l.image} and ${l.mask}`).join(', or ')}; or with ibsi_2_digital_phantom and reference_response_maps; found neither. They are at github.com/theibsi (data_sets, ibsi_2_reference_data)`,
    );
  return { ctPhantom, maps };
}
