/** The parameters and the cases of the recorded PyRadiomics runs. */
import { readFileSync } from 'node:fs';
import { parseParamsFile } from '../../src/host/format/params-file.ts';
import type { Params } from '../../src/pipeline/params.ts';
import { sharedPath } from '../support/shared.ts';

/** The parameter file that a run was made with, as PyRadiomics read it. */
export const recordedParams = (preset: string): Params =>
  parseParamsFile(readFileSync(sharedPath('reference/pyradiomics/params', `${preset}.yaml`), 'utf8'), `${preset}.yaml`);

const pyradiomics = 'data/pyradiomics/data';

/** Image, mask and label of a recorded case, relative to the shared folder. */
export function caseFiles(name: string): { image: string; mask: string; label: number } {
  const prostate = /^prostate_(\d+)$/.exec(name);
  if (prostate) {
    return {
      image: `${pyradiomics}/prostate_phantom_subvolume.nrrd`,
      mask: `${pyradiomics}/prostate_phantom_subvolume-label.nrrd`,
      label: Number(prostate[1]),
    };
  }
  if (name === 'BR-06_tumour')
    return { image: 'reference/cases/BR-06_t0.nii.gz', mask: 'reference/cases/BR-06_tumour_mask.nii.gz', label: 1 };
  if (name === 'BR-06_fgt')
    return {
      image: 'reference/cases/BR-06_t0.nii.gz',
      mask: 'data/breast_mri/UCSF-BR-06_breast_fgt_mask.nii.gz',
      label: 1,
    };
  if (name === 'STS_003_CT_1mm')
    return { image: `reference/cases/${name}_image.nii.gz`, mask: `reference/cases/${name}_mask.nii.gz`, label: 1 };
  const sts = /^(STS_\d+)_(.*)$/.exec(name);
  if (sts)
    return {
      image: `data/ibsi1_sts/dev/${sts[1]}/${sts[2]}_image.nii.gz`,
      mask: `data/ibsi1_sts/dev/${sts[1]}/${sts[2]}_mask.nii.gz`,
      label: 1,
    };
  return { image: `${pyradiomics}/${name}_image.nrrd`, mask: `${pyradiomics}/${name}_label.nrrd`, label: 1 };
}
