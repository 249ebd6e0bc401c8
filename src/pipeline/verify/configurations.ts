/** The image processing of IBSI 1's data sets in our settings. */
import type { IbsiFilterSpec } from '../filter/ibsi/index.ts';
import type { ResampleStep } from '../preprocess.ts';
import type { SettingsInput } from '../settings.ts';
import type { Vec3 } from '../volume.ts';
import { filterTitle, phase2Filter } from './ibsi2-filters.ts';
import type { Ibsi1Set, Ibsi2Set } from './reference.ts';

export interface Configuration {
  /** Name of the set in tables. */
  readonly title: string;
  /** Name of its values in the table of a set that others are of too; default the families of the features. */
  readonly family?: string;
  /** Filter whose responses are measured; default the image itself. */
  readonly filter?: IbsiFilterSpec | null;
  /** Textures slice by slice only; volumes have both. */
  readonly slicewise: boolean;
  /** How grey levels are made, and the intensities of the intensity-volume histogram. */
  readonly discretise: Pick<SettingsInput, 'binWidth' | 'binCount' | 'binMinimum' | 'ivhBinWidth' | 'ivhBinCount'>;
  readonly resample: ResampleStep | null;
  /** Intensities that stay in the region, closed; null: all. */
  readonly range: readonly [number, number] | null;
  /** Intensities that stay lie within so many standard deviations of the region's mean; null: all. */
  readonly sigmas: number | null;
}

/** Resampling as IBSI asks of CT: aligned centres, rounded intensities, masks by majority. */
const to = (spacing: Vec3, interpolator: 'sitkLinear' | 'sitkBSpline'): ResampleStep => ({
  spacing,
  interpolator,
  grid: 'ibsi',
  round: true,
});

/**
 * The reference manual's configurations ("Lung cancer CT image", tables of configurations A to E). Bins of fixed width begin
 * at the lower end of the range.
 */
export const configurations: Readonly<Record<Ibsi1Set, Configuration>> = {
  digital: {
    title: 'IBSI 1 digital phantom',
    slicewise: false,
    discretise: { binWidth: 1, binMinimum: 1 },
    resample: null,
    range: null,
    sigmas: null,
  },
  A: {
    title: 'IBSI 1 CT phantom, A',
    slicewise: true,
    discretise: { binWidth: 25, binMinimum: -500 },
    resample: null,
    range: [-500, 400],
    sigmas: null,
  },
  B: {
    title: 'IBSI 1 CT phantom, B',
    slicewise: true,
    discretise: { binCount: 32 },
    // 0: slices stay as they are.
    resample: to([2, 2, 0], 'sitkLinear'),
    range: [-500, 400],
    sigmas: null,
  },
  C: {
    title: 'IBSI 1 CT phantom, C',
    slicewise: false,
    discretise: { binWidth: 25, binMinimum: -1000, ivhBinWidth: 2.5 },
    resample: to([2, 2, 2], 'sitkLinear'),
    range: [-1000, 400],
    sigmas: null,
  },
  D: {
    title: 'IBSI 1 CT phantom, D',
    slicewise: false,
    discretise: { binCount: 32 },
    resample: to([2, 2, 2], 'sitkLinear'),
    range: null,
    sigmas: 3,
  },
  E: {
    title: 'IBSI 1 CT phantom, E',
    slicewise: false,
    discretise: { binCount: 32, ivhBinCount: 1000 },
    resample: to([2, 2, 2], 'sitkBSpline'),
    range: [-1000, 400],
    sigmas: 3,
  },
};

/** IBSI 2's phase 2: slices as they are, and volumes of 1 mm. */
const phase2: Readonly<Record<'A' | 'B', Pick<Configuration, 'slicewise' | 'resample'>>> = {
  A: { slicewise: true, resample: null },
  B: { slicewise: false, resample: to([1, 1, 1], 'sitkBSpline') },
};

/** The configuration of a set of IBSI 2's phase 2. */
export function phase2Configuration(set: Ibsi2Set): Configuration {
  const filter = phase2Filter(set);
  return {
    title: 'IBSI 2 phase 2',
    family: `${set} ${filter ? filterTitle(filter) : 'no filter'}`,
    discretise: {},
    range: [-1000, 400],
    sigmas: null,
    filter,
    ...phase2[set.at(-1) as 'A' | 'B'],
  };
}
