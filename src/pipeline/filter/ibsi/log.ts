/** IBSI 2's Laplacian of Gaussian (L6PA): a truncated convolution, unlike ITK's recursive filters (filter/log). */
import type { Recording } from '../../../engine/index.ts';
import type { Box } from '../../box.ts';
import type { DeviceVolume } from '../../device-volume.ts';
import type { FilteredImage } from '../filtered-image.ts';
import type { Line } from './convolve.ts';
import { identity, type Lines, recordSeparable } from './separable.ts';
import { checkOneOf, checkPositive, commonSpacing, type DimensionSettings, taskOf } from './settings.ts';
import { type LaplaceFilter, recordSpectral, rieszOrder } from './spectrum.ts';

export interface IbsiLogSettings extends DimensionSettings {
  /** Standard deviation of the Gaussian, mm. */
  readonly sigma: number;
  /** Where the kernel ends, in standard deviations. Default 4. */
  readonly truncate?: number;
  /** Order of the Riesz transform along x, y and z, as [1, 0, 0]; of x and y in planes. Default: none. */
  readonly riesz?: readonly number[];
}

/** The Gaussian, or its second derivative, at the voxels no further than `reach` away. @param sigma voxels */
const sampled = (sigma: number, reach: number, factor: (x: number) => number): Line => ({
  taps: Array.from({ length: 2 * reach + 1 }, (_, t) => {
    const x = (t - reach) / sigma;
    return (factor(x) * Math.exp((-x * x) / 2)) / (Math.sqrt(2 * Math.PI) * sigma);
  }),
  centre: reach,
});

/** The kernel as a sum of products: the second derivative along one axis, the Gaussian along the others. */
function logKernels({ smooth, curved }: LaplaceFilter, dimensions: 2 | 3): Lines[] {
  if (dimensions === 2)
    return [
      [curved, smooth, identity],
      [smooth, curved, identity],
    ];
  return [
    [curved, smooth, smooth],
    [smooth, curved, smooth],
    [smooth, smooth, curved],
  ];
}

/**
 * The Laplacian of Gaussian, in float32. The kernel is that of distances in voxels, not scaled, its sum not corrected.
 * @param image stays; of float64 images the float32 part is filtered
 * @param box the voxels wanted; all by default. The image made covers it alone, its values are those of the whole image
 * @param software the adapter runs on the CPU
 * @returns one float32 image, `log`, whose buffer is kept and the caller's to release
 * @throws PipelineError BadSetting on a sigma or truncation that is no number above 0, an order that is none, voxels whose sides
 *   differ, unknown dimensions or boundary, a box outside the image
 */
export function recordIbsiLog(
  rec: Recording,
  image: DeviceVolume,
  { sigma, truncate = 4, riesz, dimensions = 3, boundary = 'mirror' }: IbsiLogSettings,
  box: Box | null = null,
  software = false,
): FilteredImage[] {
  checkPositive('sigma', sigma);
  checkPositive('truncate', truncate);
  checkOneOf('dimensions', dimensions, [2, 3]);
  const order = rieszOrder(riesz, dimensions);
  const spacing = commonSpacing(image, dimensions === 3 ? [0, 1, 2] : [0, 1], 'log');
  const { setting, part, box: wanted, finish } = taskOf(rec, image, boundary, box, software);
  const width = sigma / spacing;
  const end = Math.floor(truncate * width + 0.5);
  const filter: LaplaceFilter = {
    smooth: sampled(width, end, () => 1),
    curved: sampled(width, end, (x) => (x * x - 1) / (width * width)),
  };
  if (riesz === undefined)
    return finish('log', recordSeparable(setting, part, wanted, logKernels(filter, dimensions), { pool: 'sum' }));
  // The Riesz transform has no end, but falls fast of a kernel whose sum is nearly 0.
  return finish('log', recordSpectral(setting, part, wanted, { filter, riesz: order, dimensions, reach: 2 * end }));
}
