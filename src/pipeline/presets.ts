/** Parameters by name. */
import { PipelineError } from './errors.ts';
import { ibsiSelection } from './filter/ibsi/schema.ts';
import { suggest } from './settings.ts';
import { phase2Filters } from './verify/ibsi2-filters.ts';

/** A named set of parameters. */
export interface Preset {
  /** One line. */
  readonly description: string;
  /** As a parameter file holds them. */
  readonly params: object;
}

const threeD = { shape: null, firstorder: null, glcm: null, glrlm: null, glszm: null, gldm: null, ngtdm: null };
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
  ibsi2: {
    description: '162 statistics of CT in voxels of 1 mm: original, the eight filters of IBSI 2’s phase 2 in space',
    params: {
      setting: { resegmentRange: [-1000, 400] },
      imageType: { Original: {}, ...ibsiSelection(Object.values(phase2Filters).map(({ B }) => B)) },
      featureClass: { stat: null },
    },
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
