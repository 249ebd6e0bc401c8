/** Which kernels make the wanted maps, and what each of them needs. */
import type { BufferRef, Kernel, Recording } from '../../engine/index.ts';
import type { FeatureClass, WantedFeatures } from '../classes.ts';
import type { Neighbourhoods } from '../pass/layout.ts';
import type { Settings } from '../settings.ts';
import { ngtdmNames } from '../texture/features/ngtdm.ts';
import { firstorderSlot, mapFirstorder, recordMapFirstorder } from './firstorder.ts';
import { glcmSlot, mapGlcm, recordMapGlcm } from './glcm.ts';
import { mapMcc, mccWords, recordMapMcc } from './mcc.ts';
import { mapNgtdm, recordMapNgtdm } from './ngtdm.ts';
import { mapGldm, mapGlrlm, mapGlszm, recordMapSizes, sizeSlot } from './sizes.ts';
import { type Kernels, placesOf, type Tile } from './tile.ts';

/** The values of a tile, feature by feature; of GLCM also which offsets have a pair in any neighbourhood. */
interface RecordedTile {
  readonly values: BufferRef;
  readonly seen?: BufferRef;
}

/** One kernel over the tiles of a region. */
export interface MapPlan {
  /** Names of the values, as `glcm_Contrast`. */
  readonly names: readonly string[];
  /** Words of scratch memory that a voxel needs. */
  readonly words: number;
  record(rec: Recording, tile: Tile): RecordedTile;
}

/** What all plans of a region share. */
export interface PlanInput {
  readonly settings: Settings;
  readonly around: Neighbourhoods;
  readonly kernels: Kernels;
  /** Where first order is wanted. */
  readonly intensities: BufferRef | null;
  /** Volume of a voxel in mm^3, of a 2D image area of a pixel in mm^2. */
  readonly voxelVolume: number;
}

/** GLCM's number of angles that a neighbourhood has; not a map, but JointAverage needs it. */
export const ANGLES = 'glcm_angles';

const kernelOf: Readonly<Partial<Record<FeatureClass, Kernel>>> = {
  firstorder: mapFirstorder,
  glcm: mapGlcm,
  glrlm: mapGlrlm,
  glszm: mapGlszm,
  gldm: mapGldm,
  ngtdm: mapNgtdm,
} as unknown as Record<FeatureClass, Kernel>;

const slotOf: Readonly<Partial<Record<FeatureClass, (name: string) => number>>> = {
  firstorder: firstorderSlot,
  glcm: (name) => (name === 'MCC' ? -1 : glcmSlot(name)),
  glrlm: sizeSlot,
  glszm: sizeSlot,
  gldm: sizeSlot,
  ngtdm: (name) => (ngtdmNames as readonly string[]).indexOf(name),
};

/** The features that the kernel of a class makes: all but MCC and deprecated ones, which have no value. */
function featuresOf(name: FeatureClass, wanted: readonly string[]): string[] {
  const made = wanted.filter((feature) => slotOf[name]!(feature) >= 0);
  return made.includes('JointAverage') ? [...made, 'angles'] : made;
}

const wantsMcc = (wanted: WantedFeatures): boolean => wanted.get('glcm')?.includes('MCC') ?? false;

/** The kernels that the maps need, so that they can compile while the region is being measured. */
export function mapKernels(wanted: WantedFeatures): Kernel[] {
  const classes = [...wanted].filter(([name, features]) => featuresOf(name, features).length > 0);
  const kernels = classes.map(([name]) => kernelOf[name]!);
  return wantsMcc(wanted) ? [...kernels, mapMcc as unknown as Kernel] : kernels;
}

/** How a class is recorded. */
function recorder(name: FeatureClass, slots: readonly number[], input: PlanInput): MapPlan['record'] {
  const { kernels, settings, around, intensities, voxelVolume } = input;
  const { voxelArrayShift, symmetricalGLCM, gldm_a } = settings;
  switch (name) {
    case 'firstorder':
      return (rec, tile) => ({
        values: recordMapFirstorder(rec, kernels, tile, intensities!, { voxelArrayShift, voxelVolume }, slots),
      });
    case 'glcm':
      return (rec, tile) => recordMapGlcm(rec, kernels, tile, around.pairs, symmetricalGLCM, slots);
    case 'ngtdm':
      return (rec, tile) => ({ values: recordMapNgtdm(rec, kernels, tile, around.around, slots) });
    case 'gldm':
      return (rec, tile) => ({ values: recordMapSizes(rec, name, kernels, tile, around.around, slots, gldm_a) });
    default:
      return (rec, tile) => ({
        values: recordMapSizes(rec, name as 'glrlm' | 'glszm', kernels, tile, around.unit, slots),
      });
  }
}

/** Words of scratch memory per place of a neighbourhood. */
const wordsPerPlace: Readonly<Partial<Record<FeatureClass, number>>> = { glszm: 2, ngtdm: 3 };

/** The kernels of all wanted classes. */
export function planMaps(wanted: WantedFeatures, input: PlanInput): MapPlan[] {
  const { kernels, around, settings } = input;
  const places = placesOf(kernels.radius);
  const plans = [...wanted].map(([name, all]): MapPlan => {
    const features = featuresOf(name, all);
    return {
      names: features.map((feature) => `${name}_${feature}`),
      words: places * (wordsPerPlace[name] ?? 1),
      record: recorder(name, features.map(slotOf[name]!), input),
    };
  });
  if (wantsMcc(wanted))
    plans.push({
      names: ['glcm_MCC'],
      words: mccWords(kernels, settings.symmetricalGLCM),
      record: (rec, tile) => ({
        values: recordMapMcc(rec, kernels, tile, around.pairs, settings.symmetricalGLCM),
      }),
    });
  return plans.filter(({ names }) => names.length > 0);
}
