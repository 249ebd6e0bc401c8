/** Image filters: the registry of the image types that are derived from an image. */
import { type Engine, Recording } from '../../engine/index.ts';
import type { Box } from '../box.ts';
import type { DeviceVolume } from '../device-volume.ts';
import type { ImageTypeName } from '../image-types.ts';
import type { Settings } from '../settings.ts';
import { recordGradient } from './gradient.ts';
import { recordLbp2d } from './lbp2d.ts';
import { recordLog } from './log.ts';
import { findPeak, type Peak } from './peak.ts';
import { type PointFilter, recordPoint } from './point.ts';
import type { FilteredImage } from './region.ts';
import { recordWavelet } from './wavelet.ts';

export type { FilteredImage } from './region.ts';

/** An image that others are derived from. */
export interface FilterSource {
  readonly engine: Engine;
  /** Stays its owner's. */
  readonly image: DeviceVolume;
  /** Its largest absolute value, found once for all filters that need it. */
  peak(): Promise<Peak>;
}

/** The image as a source of derived ones. */
export function filterSource(engine: Engine, image: DeviceVolume): FilterSource {
  let peak: Promise<Peak> | null = null;
  return { engine, image, peak: () => (peak ??= findPeak(engine, image)) };
}

/** The images of a type. */
export interface DerivedImages {
  /** By PyRadiomics' names and in its order, on the grid of the box, kept. */
  readonly images: readonly FilteredImage[];
  /** Why there are fewer than were asked for; PyRadiomics logs a warning and goes on. */
  readonly notes: readonly string[];
}

/** Derives the images of a type, cut to a box of the source. */
type Filter = (rec: Recording, source: FilterSource, settings: Settings, box: Box) => Promise<DerivedImages>;

const all = (images: readonly FilteredImage[]): DerivedImages => ({ images, notes: [] });

const point =
  (filter: PointFilter): Filter =>
  async (rec, { image, peak }, _settings, box) =>
    all(recordPoint(rec, image, await peak(), [filter], box));

/** The filter of each image type: a new one goes here. */
const filters: Readonly<Record<Exclude<ImageTypeName, 'Original'>, Filter>> = {
  Exponential: point('exponential'),
  Gradient: async (rec, { image }, settings, box) => all(recordGradient(rec, image, settings, box)),
  LBP2D: async (rec, { image }, settings, box) => all(recordLbp2d(rec, image, settings, box)),
  LoG: async (rec, { image }, settings, box) => recordLog(rec, image, settings, box),
  Logarithm: point('logarithm'),
  Square: point('square'),
  SquareRoot: point('squareroot'),
  Wavelet: async (rec, { image }, settings, box) => all(recordWavelet(rec, image, settings, box)),
};

/**
 * Derives the images of a type, in a submit of their own.
 * @param box voxels of the source that the images shall cover
 * @throws PipelineError of the filter
 */
export async function deriveImages(
  name: ImageTypeName,
  source: FilterSource,
  settings: Settings,
  box: Box,
): Promise<DerivedImages> {
  if (name === 'Original') return all([]);
  const rec = new Recording(`filter/${name}`);
  const derived = await filters[name](rec, source, settings, box);
  if (derived.images.length > 0) await source.engine.execute(rec);
  return derived;
}
