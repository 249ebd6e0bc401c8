/** Image filters: the registry of the image types that are derived from an image. */
import { type Engine, type Kernel, Recording } from '../../engine/index.ts';
import { type Box, boxUnion, wholeBox } from '../box.ts';
import type { PartialVolume } from '../device-volume.ts';
import { fourierKernels } from '../fourier/transform.ts';
import type { ImageType, ImageTypeName, PyradiomicsTypeName } from '../image-types.ts';
import { gather } from '../resample/gather.ts';
import type { Settings } from '../settings.ts';
import type { Geometry } from '../volume.ts';
import { gradientKernel, recordGradient } from './gradient.ts';
import { convolve } from './ibsi/convolve.ts';
import { gaborKernels } from './ibsi/gabor.ts';
import { type IbsiFilterSpec, recordIbsi } from './ibsi/index.ts';
import { ibsiImageName, type IbsiTypeName, isIbsiType } from './ibsi/schema.ts';
import { spectrum } from './ibsi/spectrum.ts';
import { lbp2dPattern, recordLbp2d } from './lbp2d.ts';
import {
  findMaskVoxels,
  lbp3dKurtosis,
  lbp3dLevel,
  lbp3dList,
  lbp3dSample,
  type MaskSource,
  type MaskVoxels,
  recordLbp3d,
} from './lbp3d.ts';
import { logSupport, recordLog, recursive } from './log.ts';
import { findPeak, type Peak, peakKernel } from './peak.ts';
import { type PointFilter, pointLookup, recordPoint } from './point.ts';
import type { FilteredImage } from './filtered-image.ts';
import { recordWavelet, wavelet, waveletSupport } from './wavelet.ts';

export type { FilteredImage } from './filtered-image.ts';

/** An image that others are derived from. */
export interface FilterSource {
  readonly engine: Engine;
  /** Stays its owner's. Whole, but where every filter that it is for has a support. */
  readonly image: PartialVolume;
  /** Voxels of it whose derived values are wanted. */
  readonly box: Box;
  /** Its largest absolute value, found once for all filters that need it. */
  peak(): Promise<Peak>;
  /** The voxels of the regions in the box, found once. */
  region(): Promise<MaskVoxels>;
  /** Gives back what was found; not the image. */
  release(): Promise<void>;
}

/** The image as a source of derived ones. @param mask the regions on the grid of the image */
export function filterSource(engine: Engine, image: PartialVolume, box: Box, mask: MaskSource): FilterSource {
  let peak: Promise<Peak> | null = null;
  let region: Promise<MaskVoxels> | null = null;
  return {
    engine,
    image,
    box,
    peak: () => (peak ??= findPeak(engine, image)),
    region: () => (region ??= findMaskVoxels(engine, mask, box)),
    release: async () => {
      const found = await region?.catch(() => null);
      if (found) engine.release(found.list);
    },
  };
}

/** The images of a type. */
export interface DerivedImages {
  /** By PyRadiomics' names and in its order, on the grid of the box, kept. */
  readonly images: readonly FilteredImage[];
  /** Why there are fewer than were asked for; PyRadiomics logs a warning and goes on. */
  readonly notes: readonly string[];
}

/** An image type. */
interface Filter {
  /** What it most likely runs, to be compiled ahead. */
  readonly kernels: readonly unknown[];
  /** The voxels of an image that it reads to make a box; without it, all. */
  support?(image: Geometry, settings: Settings, box: Box): Box;
  /** Derives its images on the box of the source. */
  derive(rec: Recording, source: FilterSource, settings: Settings): Promise<DerivedImages>;
}

const all = (images: readonly FilteredImage[]): DerivedImages => ({ images, notes: [] });

const point = (filter: PointFilter): Filter => ({
  kernels: [peakKernel, pointLookup],
  derive: async (rec, { image, peak, box }) => all(recordPoint(rec, image, await peak(), [filter], box)),
});

/** The filter of each image type: a new one goes here. */
const filters: Readonly<Record<Exclude<PyradiomicsTypeName, 'Original'>, Filter>> = {
  Exponential: point('exponential'),
  Gradient: {
    kernels: [gradientKernel],
    derive: async (rec, { image, box }, settings) => all(recordGradient(rec, image, settings, box)),
  },
  LBP2D: {
    kernels: [lbp2dPattern],
    derive: async (rec, { image, box }, settings) => all(recordLbp2d(rec, image, settings, box)),
  },
  LBP3D: {
    kernels: [lbp3dList, lbp3dSample, lbp3dLevel, lbp3dKurtosis],
    derive: async (rec, { image, region }, settings) => all(recordLbp3d(rec, image, await region(), settings)),
  },
  LoG: {
    kernels: [recursive],
    support: logSupport,
    derive: async (rec, { image, box }, settings) => recordLog(rec, image, settings, box),
  },
  Logarithm: point('logarithm'),
  Square: point('square'),
  SquareRoot: point('squareroot'),
  Wavelet: {
    kernels: [wavelet],
    support: waveletSupport,
    derive: async (rec, { image, box }, settings) => all(recordWavelet(rec, image, settings, box)),
  },
};

/** What the filters of IBSI 2 most likely run. */
const ibsiKernels: Readonly<Record<IbsiTypeName, readonly unknown[]>> = {
  IbsiMean: [gather, convolve],
  IbsiLaws: [gather, convolve],
  IbsiLoG: [gather, convolve],
  IbsiGabor: [gather, ...gaborKernels],
  IbsiWavelet: [gather, convolve],
  IbsiSimoncelli: [...fourierKernels, spectrum],
};

/** The image of a filter of IBSI 2, named by its settings. */
function deriveIbsi(rec: Recording, { engine, image, box }: FilterSource, filter: IbsiFilterSpec): DerivedImages {
  const made = recordIbsi(rec, image, filter, box, engine.caps.software);
  return all(made.map((filtered) => ({ ...filtered, name: ibsiImageName(filter) })));
}

const kernelsOf = (name: ImageTypeName): readonly unknown[] => {
  if (name === 'Original') return [];
  return isIbsiType(name) ? ibsiKernels[name] : filters[name].kernels;
};

/** The voxels of an image that a type reads to make a box; filters of IBSI 2 read all. */
function supportOfType({ name, settings }: ImageType, image: Geometry, box: Box): Box {
  if (name === 'Original') return box;
  return (isIbsiType(name) ? null : filters[name].support?.(image, settings, box)) ?? wholeBox(image);
}

/** The voxels of an image that its derived images need to be made on a box. */
export const supportOf = (types: readonly ImageType[], image: Geometry, box: Box): Box =>
  types.map((type) => supportOfType(type, image, box)).reduce(boxUnion, box);

/** The kernels that the image types most likely run. */
export const filterKernels = (types: readonly { readonly name: ImageTypeName }[]): Kernel[] =>
  types.flatMap(({ name }) => kernelsOf(name)) as Kernel[];

/**
 * Derives the images of a type, in a submit of their own.
 * @throws PipelineError of the filter
 */
export async function deriveImages(
  { name, settings, filter }: ImageType,
  source: FilterSource,
): Promise<DerivedImages> {
  if (name === 'Original') return all([]);
  const rec = new Recording(`filter/${name}`);
  const derived = isIbsiType(name)
    ? deriveIbsi(rec, source, filter as IbsiFilterSpec)
    : await filters[name].derive(rec, source, settings);
  if (derived.images.length > 0) await source.engine.execute(rec);
  return derived;
}
