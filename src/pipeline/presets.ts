/** Parameters by name. */
import { PipelineError } from './errors.ts';
import { phase2Filters } from './filter/ibsi/phase2.ts';
import { ibsiSelection } from './filter/ibsi/schema.ts';
import { suggest } from './settings.ts';

/** A named set of parameters. */
export interface Preset {
  /** One line. */
  readonly description: string;
  /** As a parameter file holds them. */
  readonly params: object;
}

const threeD = { shape: null, firstorder: null, glcm: null, glrlm: null, glszm: null, gldm: null, ngtdm: null };
/** IBSI's families of features: PyRadiomics' classes where those have its definitions, else those with its names. */
const ibsiFamilies = {
  morph: null,
  loc: null,
  stat: null,
  ih: null,
  ivh: null,
  glcm: null,
  glrlm: null,
  glszm: null,
  dzm: null,
  ngtdm: null,
  ngl: null,
};
/** Resampling as IBSI asks of CT: aligned centres, whole HU, masks by majority. A spacing of 0 keeps an axis. */
const ibsiResampling = (
  resampledPixelSpacing: [number, number, number],
  interpolator: 'sitkLinear' | 'sitkBSpline',
) => ({
  resampledPixelSpacing,
  interpolator,
  resampledGrid: 'ibsi' as const,
  resampledRounding: true,
  resampledMask: 'majority' as const,
});
/** @param setting image processing of a configuration of the reference manual ("Lung cancer CT image") */
const ibsi1 = <S extends object>(setting: S) => ({
  setting,
  imageType: { Original: {} },
  featureClass: ibsiFamilies,
});
/** @param setting image processing of IBSI 2's phase 2, A or B */
const ibsi2 = <S extends object>(configuration: 'A' | 'B', setting: S) => ({
  setting,
  imageType: {
    Original: {},
    ...ibsiSelection(Object.values(phase2Filters).map((filters) => filters[configuration])),
  },
  featureClass: { stat: null },
});
const pointFilters = { Square: {}, SquareRoot: {}, Logarithm: {}, Exponential: {}, Gradient: {} };

/** The presets by name. */
export const presets = {
  pyradiomics: {
    description: 'PyRadiomics’ defaults: 107 features of the original image',
    params: { setting: { binWidth: 25 }, imageType: { Original: {} }, featureClass: threeD },
  },
  'guo2024-a': {
    description: '1037 features in 3D: original, 8 wavelet bands (coif1), LoG of 2 and 3 mm',
    params: {
      setting: { binWidth: 25 },
      imageType: { Original: {}, Wavelet: {}, LoG: { sigma: [2, 3] } },
      featureClass: threeD,
    },
  },
  'guo2024-b': {
    description: '1037 features slice by slice: original, 4 wavelet bands, five point filters, LBP2D',
    params: {
      setting: { binWidth: 25, force2D: true, force2Ddimension: 0 },
      imageType: { Original: {}, Wavelet: {}, ...pointFilters, LBP2D: {} },
      featureClass: threeD,
    },
  },
  all: {
    description: '1967 features: every image type of PyRadiomics, LoG of 1, 2 and 3 mm',
    params: {
      setting: { binWidth: 25 },
      imageType: { Original: {}, LoG: { sigma: [1, 2, 3] }, Wavelet: {}, ...pointFilters, LBP2D: {}, LBP3D: {} },
      featureClass: threeD,
    },
  },
  mr: {
    description: '1037 features of MR: normalised to 100 per SD, outliers beyond 3 SD clipped, resampled to 1 mm',
    params: {
      setting: {
        normalize: true,
        normalizeScale: 100,
        removeOutliers: 3,
        resampledPixelSpacing: [1, 1, 1],
        interpolator: 'sitkBSpline',
        binWidth: 5,
        voxelArrayShift: 300,
      },
      imageType: { Original: {}, Wavelet: {}, LoG: { sigma: [2, 3] } },
      featureClass: threeD,
    },
  },
  'ibsi1-a': {
    description: 'IBSI 1, A: CT by slices as they are, [-500, 400] HU, bins of 25 HU',
    params: ibsi1({ force2D: true, resegmentRange: [-500, 400], binWidth: 25, binMinimum: -500 }),
  },
  'ibsi1-b': {
    description: 'IBSI 1, B: CT by slices at 2 mm, linear, [-500, 400] HU, 32 bins',
    params: ibsi1({
      force2D: true,
      ...ibsiResampling([2, 2, 0], 'sitkLinear'),
      resegmentRange: [-500, 400],
      binCount: 32,
    }),
  },
  'ibsi1-c': {
    description: 'IBSI 1, C: CT in 3D at 2 mm, linear, [-1000, 400] HU, bins of 25 HU',
    params: ibsi1({
      ...ibsiResampling([2, 2, 2], 'sitkLinear'),
      resegmentRange: [-1000, 400],
      binWidth: 25,
      binMinimum: -1000,
      ivhBinWidth: 2.5,
    }),
  },
  'ibsi1-d': {
    description: 'IBSI 1, D: CT in 3D at 2 mm, linear, without outliers beyond 3 SD, 32 bins',
    params: ibsi1({ ...ibsiResampling([2, 2, 2], 'sitkLinear'), resegmentSigmas: 3, binCount: 32 }),
  },
  'ibsi1-e': {
    description: 'IBSI 1, E: CT in 3D at 2 mm, cubic spline, [-1000, 400] HU without outliers beyond 3 SD, 32 bins',
    params: ibsi1({
      ...ibsiResampling([2, 2, 2], 'sitkBSpline'),
      resegmentRange: [-1000, 400],
      resegmentSigmas: 3,
      binCount: 32,
      ivhBinCount: 1000,
    }),
  },
  'ibsi2-a': {
    description:
      '162 statistics of CT by slices as they are, [-1000, 400] HU: original, the filters of IBSI 2’s phase 2 in planes',
    params: ibsi2('A', { force2D: true, resegmentRange: [-1000, 400] }),
  },
  'ibsi2-b': {
    description: '162 statistics of CT at 1 mm, cubic spline, [-1000, 400] HU: original, the same filters in space',
    params: ibsi2('B', { ...ibsiResampling([1, 1, 1], 'sitkBSpline'), resegmentRange: [-1000, 400] }),
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as readonly PresetName[];

/** A preset. @throws PipelineError BadSetting on an unknown name */
export function presetOf(name: string): Preset {
  const known = presetNames.find((n) => n === name);
  if (known) return presets[known];
  throw new PipelineError(
    'BadSetting',
    `no preset ${name}.${suggest(name, presetNames)} Known: ${presetNames.join(', ')}`,
  );
}
