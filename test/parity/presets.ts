/** The settings of the recorded PyRadiomics runs, as far as they concern the original image. */
import type { ClassSelection } from '../../src/pipeline/classes.ts';
import type { SettingsInput } from '../../src/pipeline/settings.ts';

export interface Preset {
  readonly settings: SettingsInput;
  readonly classes: ClassSelection;
  /** Whether the settings change the image before its features: its values then carry the rounding of both sides. */
  readonly processed: boolean;
}

const all = ['shape', 'firstorder', 'glcm', 'glrlm', 'glszm', 'gldm', 'ngtdm'] as const;
const textures = ['glcm', 'gldm', 'glrlm', 'glszm', 'ngtdm'] as const;
/** The order of the classes in the parameter files of the resampled runs. */
const alphabetic = ['shape', 'firstorder', ...textures] as const;
const preset = (settings: SettingsInput = {}, classes: ClassSelection = all): Preset => ({
  settings,
  classes,
  processed: Boolean(settings.normalize || settings.resampledPixelSpacing),
});

const ranges: Record<string, number[]> = {
  brain: [600, 1000],
  breast: [110, 150],
  ct: [-50, 100],
  mr: [300, 700],
  pet: [1, 5],
  prostate: [1000, 1600],
};

export const presets: Record<string, Preset> = {
  original_default: preset(),
  paper1037a: preset(),
  all_types: preset(),
  per_filter_settings: preset(),
  precrop: preset({ preCrop: true, padDistance: 3 }),
  paper1037b: preset({ force2D: true }),
  fixed_count: preset({ binCount: 32 }),
  force2d_shape2D: preset({ force2D: true }, ['shape2D', ...all.slice(1)]),
  force2d_dim1: preset({ force2D: true, force2Ddimension: 1, distances: [2] }, textures),
  symmetricalGLCM_false: preset({ symmetricalGLCM: false }),
  weighted: preset({ weightingNorm: 'euclidean', distances: [1, 2], gldm_a: 1 }),
  weighted_manhattan: preset({ weightingNorm: 'manhattan', distances: [1, 2] }),
  weighted_infinity: preset({ weightingNorm: 'infinity', distances: [1, 2] }),
  weighted_none: preset({ weightingNorm: 'no_weighting' }),
  resegment_sigma: preset({ resegmentRange: [-1, 1.5], resegmentMode: 'sigma' }),
  resegment_sigma_shape: preset({ resegmentRange: [-1, 1.5], resegmentMode: 'sigma', resegmentShape: true }),
  resegment_one_sided: preset({ resegmentRange: [-1], resegmentMode: 'sigma' }),
  resegment_relative: preset({ resegmentRange: [0.4], resegmentMode: 'relative', resegmentShape: true }),
  deprecated_on: preset(
    {},
    {
      shape: ['Compactness1', 'Compactness2', 'SphericalDisproportion', 'Sphericity'],
      firstorder: ['StandardDeviation', 'Variance'],
      glcm: ['Dissimilarity', 'Homogeneity1', 'Homogeneity2', 'SumVariance', 'Idm'],
      gldm: ['GrayLevelNonUniformityNormalized', 'DependencePercentage', 'DependenceEntropy'],
    },
  ),
  mr_norm: preset({
    normalize: true,
    normalizeScale: 100,
    removeOutliers: 3,
    resampledPixelSpacing: [1, 1, 1],
    interpolator: 'sitkBSpline',
    binWidth: 5,
    voxelArrayShift: 300,
  }),
  resample_inplane: preset({ resampledPixelSpacing: [1, 1, 0], interpolator: 'sitkBSpline' }, alphabetic),
  resample_2mm_linear: preset(
    { resampledPixelSpacing: [2, 2, 2], interpolator: 'sitkLinear', padDistance: 10 },
    alphabetic,
  ),
  precrop_resample: preset({
    preCrop: true,
    padDistance: 10,
    resampledPixelSpacing: [2, 2, 0],
    interpolator: 'sitkLinear',
  }),
  ...Object.fromEntries(
    Object.entries(ranges).flatMap(([name, resegmentRange]) => [
      [`resegment_absolute_${name}`, preset({ resegmentRange })],
      [`resegment_absolute_shape_${name}`, preset({ resegmentRange, resegmentShape: true })],
    ]),
  ),
};

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
