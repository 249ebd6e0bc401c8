/** IBSI 2's non-separable wavelets (LODD): Simoncelli's (PRT7), and their Riesz transforms. */
import type { Recording } from '../../../engine/index.ts';
import type { Box } from '../../box.ts';
import type { DeviceVolume } from '../../device-volume.ts';
import type { FilteredImage } from '../filtered-image.ts';
import { checkOneOf, checkWhole, type DimensionSettings, taskOf } from './settings.ts';
import { type RadialFilter, recordSpectral, rieszOrder } from './spectrum.ts';

export interface SimoncelliSettings extends DimensionSettings {
  /** 1 for the band of the highest frequencies, each further one half as high. Default 1. */
  readonly level?: number;
  /** Order of the Riesz transform along x, y and z, as [1, 0, 0]; of x and y in planes. Default: none. */
  readonly riesz?: readonly number[];
}

/** The band-pass of a level, an octave to both sides of its middle. */
function band(level: number): RadialFilter {
  const high = 1 / 2 ** (level - 1);
  return { low: high / 4, high, value: (distance) => Math.cos((Math.PI / 2) * Math.log2((2 * distance) / high)) };
}

/** Voxels after which the kernel of level 1 has fallen to about a thousandth. */
const REACH = 16;

/**
 * The band-pass of Simoncelli's wavelets, by the frequencies of the image, in float32.
 * @param image stays; of float64 images the float32 part is filtered
 * @param box the voxels wanted; all by default. The image made covers it alone, its values are those of the whole image
 * @param software the adapter runs on the CPU
 * @returns one float32 image, `simoncelli`, whose buffer is kept and the caller's to release
 * @throws PipelineError BadSetting on a level below 1, an order that is none, unknown dimensions or boundary, a box outside the
 *   image
 */
export function recordSimoncelli(
  rec: Recording,
  image: DeviceVolume,
  { level = 1, riesz, dimensions = 3, boundary = 'periodic' }: SimoncelliSettings,
  box: Box | null = null,
  software = false,
): FilteredImage[] {
  checkWhole('level', level, 1);
  checkOneOf('dimensions', dimensions, [2, 3]);
  const order = rieszOrder(riesz, dimensions);
  const { setting, part, box: wanted, finish } = taskOf(rec, image, boundary, box, software);
  const filter = band(level);
  const reach = REACH * 2 ** (level - 1);
  return finish('simoncelli', recordSpectral(setting, part, wanted, { filter, riesz: order, dimensions, reach }));
}
