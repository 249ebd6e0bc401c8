/** Resampling of images and masks to other grids on the GPU. */
import { type Engine, type Kernel, Recording } from '../../engine/index.ts';
import { buffersOf, type DeviceVolume, downloadVolume, gridOf, uploadVolume, volumeOf } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import { resampleMaskToImage } from '../geometry.ts';
import type { MaskRule } from '../settings.ts';
import type { Geometry, Mask, Volume } from '../volume.ts';
import { type Interpolator, profileOf } from './interpolators.ts';
import { axisWide } from './axis-wide.ts';
import { castOf } from './cast.ts';
import { gather } from './gather.ts';
import { byGaussian, byMajority, recordLabel } from './label.ts';
import { lineOf } from './lines.ts';
import { recordLinear } from './linear.ts';
import { linearWide, recordLinearWide } from './linear-wide.ts';
import { type AxisPositions, parallelPositions } from './positions.ts';
import { recordRotated } from './rotated.ts';
import { recordNearest, recordSeparable, type VoxelBuffers } from './separable.ts';
import { fitsLines, recordSpline } from './spline.ts';

export { extentGrid, ibsiGrid, itkGrid, pyradiomicsGrid } from './grids.ts';
export { type Interpolator, interpolatorNames, interpolators, parseInterpolator } from './interpolators.ts';

export interface ResampleOptions {
  /** Default: sitkBSpline. */
  readonly interpolator?: Interpolator;
  /** Value of voxels outside the image. Default 0. */
  readonly defaultValue?: number;
  /**
   * Values of a float64 computation, rounded to float32 where the image is float32; on parallel grids only. Default
   * false: computed in float32.
   */
  readonly exact?: boolean;
  /** The adapter runs on the CPU (`engine.caps.software`): long lines for few cores. Default false. */
  readonly software?: boolean;
  /** Interpolated values are rounded to whole numbers, as IBSI asks of CT. Default false. */
  readonly round?: boolean;
}

/** The kernels that most images need, to be compiled ahead. */
export const resampleKernels = (exact: boolean, interpolator: Interpolator = 'sitkBSpline'): Kernel[] =>
  [...(exact ? [axisWide] : []), ...(interpolator === 'sitkLinear' ? [linearWide] : []), gather] as unknown as Kernel[];

/**
 * Resamples an image to a grid, as ITK's ResampleImageFilter with the identity transform: a voxel whose centre lies more than
 * half a voxel outside the image gets the default; images of integer types stay so, clamped and cut off towards zero
 * unless they are to be rounded.
 * The input stays; the result is kept and is the caller's to release.
 * @throws PipelineError BadSetting for the label Gaussian on a rotated grid
 */
export function recordResample(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  options: ResampleOptions = {},
): DeviceVolume {
  const { voxels, tails } = recordVoxels(rec, image, grid, options);
  return { ...gridOf(grid), voxels: rec.keep(voxels), tails: tails && rec.keep(tails), type: image.type };
}

function recordVoxels(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  { interpolator = 'sitkBSpline', defaultValue = 0, exact = false, software = false, round = false }: ResampleOptions,
): VoxelBuffers {
  const cast = castOf(image.type, round);
  const axes = parallelPositions(grid, image);
  const outside = new Uint32Array(new Float32Array([defaultValue]).buffer)[0]!;
  switch (interpolator) {
    case 'sitkNearestNeighbor':
      if (axes) return recordNearest(rec, image, image.size, grid, axes, outside, software);
      break;
    case 'sitkLabelGaussian':
      if (axes)
        return { voxels: recordLabel(rec, image.voxels, image.size, grid, axes, byGaussian(outside)), tails: null };
      throw new PipelineError(
        'BadSetting',
        'sitkLabelGaussian needs a grid parallel to the image, found a rotated one; use sitkNearestNeighbor',
      );
    default:
      if (axes && cast && interpolator === 'sitkLinear' && !image.tails && isBetween(axes, image))
        return { voxels: recordLinearWide(rec, image, grid, axes, defaultValue, cast, software), tails: null };
      if (axes && !exact && isBetween(axes, image)) {
        if (interpolator === 'sitkLinear' && !cast)
          return {
            voxels: recordLinear(rec, image.voxels, image.size, grid, axes, defaultValue, software),
            tails: null,
          };
        if (interpolator === 'sitkBSpline' && software && fitsLines(image, grid, cast))
          return { voxels: recordSpline(rec, image, grid, axes, { outside: defaultValue, cast }), tails: null };
      }
      if (axes)
        return recordSeparable(rec, image, grid, axes, profileOf(interpolator), outside, cast, { exact, software });
  }
  return { voxels: recordRotated(rec, image, grid, interpolator, defaultValue, cast), tails: null };
}

/** Whether every voxel of a grid lies on the voxel of the image with the same index: nothing to resample. */
export function isSameGrid(grid: Geometry, image: Geometry): boolean {
  const axes = parallelPositions(grid, image);
  if (axes === null || grid.size.some((n, i) => n !== image.size[i])) return false;
  return axes.every((a, gridAxis) => {
    const { axis, whole, places } = lineOf(a, image.size[a.axis]);
    return axis === gridAxis && whole && places.every((place, k) => place === k);
  });
}

/** Whether voxels of the grid lie in the image, some of them between its voxels. */
function isBetween(axes: readonly AxisPositions[], image: DeviceVolume): boolean {
  const lines = axes.map((a) => lineOf(a, image.size[a.axis]));
  return lines.every((line) => line.positions.length > 0) && lines.some((line) => !line.whole);
}

/**
 * Resamples an image in memory: one upload, one download. To the grid that it has, the voxels are shared.
 * @throws EngineError LimitExceeded where the image or the grid is larger than the adapter binds
 */
export async function resample(
  engine: Engine,
  volume: Volume,
  grid: Geometry,
  options: ResampleOptions = {},
): Promise<Volume> {
  if (isSameGrid(grid, volume)) return { ...gridOf(grid), data: volume.data };
  const rec = new Recording('resample');
  const image = uploadVolume(rec, volume, options);
  const resampled = recordResample(rec, image, grid, { software: engine.caps.software, ...options });
  const download = downloadVolume(rec, resampled);
  try {
    return volumeOf(await engine.execute(rec), download, resampled);
  } finally {
    engine.release(...buffersOf(image), ...buffersOf(resampled));
  }
}

/** How labels come onto another grid. */

/**
 * Resamples a label map; voxels outside become 0.
 * @param rule `nearest`: the label of the nearest voxel, halves up as ITK. `majority`: a label where its mask, interpolated
 * linearly, is at least one half (IBSI 1, section 2.4)
 * @throws PipelineError BadSetting for `majority` on a rotated grid
 */
export async function resampleMask(
  engine: Engine,
  mask: Mask,
  grid: Geometry,
  rule: MaskRule = 'nearest',
): Promise<Mask> {
  if (isSameGrid(grid, mask)) return { ...gridOf(grid), data: mask.data };
  const axes = parallelPositions(grid, mask);
  if (axes === null) {
    if (rule === 'nearest') return resampleMaskToImage(mask, grid);
    throw new PipelineError(
      'BadSetting',
      'IBSI’s rule for masks needs a grid parallel to the mask, found a rotated one; resample the mask to the image first',
    );
  }
  const rec = new Recording('resample/mask');
  const labels = rec.upload('resample.labels', Uint32Array.from(mask.data));
  const moved =
    rule === 'nearest'
      ? recordNearest(rec, { voxels: labels, tails: null }, mask.size, grid, axes, 0, engine.caps.software).voxels
      : recordLabel(rec, labels, mask.size, grid, axes, byMajority);
  const download = rec.download(moved);
  const words = (await engine.execute(rec)).u32(download);
  return { ...gridOf(grid), data: new (mask.data.constructor as new (words: Uint32Array) => Mask['data'])(words) };
}
