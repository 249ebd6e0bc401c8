/** Resampling of images and masks to other grids on the GPU. */
import { type Engine, Recording } from '../../engine/index.ts';
import { buffersOf, type DeviceVolume, downloadVolume, gridOf, uploadVolume, volumeOf } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import { resampleMaskToImage } from '../geometry.ts';
import type { Geometry, Mask, Volume } from '../volume.ts';
import { type Interpolator, profileOf } from './interpolators.ts';
import { recordLabel } from './label.ts';
import { parallelPositions } from './positions.ts';
import { recordRotated } from './rotated.ts';
import { recordNearest, recordSeparable, type VoxelBuffers } from './separable.ts';

export { ibsiGrid, itkGrid, pyradiomicsGrid } from './grids.ts';
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
}

/**
 * Resamples an image to a grid, as ITK's ResampleImageFilter with the identity transform: a voxel whose centre lies more than
 * half a voxel outside the image gets the default; images of integer types stay so, clamped and cut off towards zero.
 * The input stays; the result is kept and is the caller's to release.
 * @throws PipelineError BadSetting for the label Gaussian on a rotated grid
 */
export function recordResample(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  { interpolator = 'sitkBSpline', defaultValue = 0, exact = false }: ResampleOptions = {},
): DeviceVolume {
  const { voxels, tails } = recordVoxels(rec, image, grid, interpolator, defaultValue, exact);
  return { ...gridOf(grid), voxels: rec.keep(voxels), tails: tails && rec.keep(tails), type: image.type };
}

function recordVoxels(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  interpolator: Interpolator,
  defaultValue: number,
  exact: boolean,
): VoxelBuffers {
  const axes = parallelPositions(grid, image);
  const outside = new Uint32Array(new Float32Array([defaultValue]).buffer)[0]!;
  switch (interpolator) {
    case 'sitkNearestNeighbor':
      if (axes) return recordNearest(rec, image, image.size, grid, axes, outside);
      break;
    case 'sitkLabelGaussian':
      if (axes) return { voxels: recordLabel(rec, image.voxels, image.size, grid, axes, outside), tails: null };
      throw new PipelineError(
        'BadSetting',
        'sitkLabelGaussian needs a grid parallel to the image, found a rotated one; use sitkNearestNeighbor',
      );
    default:
      if (axes) return recordSeparable(rec, image, grid, axes, profileOf(interpolator), outside, exact);
  }
  return { voxels: recordRotated(rec, image, grid, interpolator, defaultValue), tails: null };
}

/**
 * Resamples an image in memory: one upload, one download.
 * @throws EngineError LimitExceeded where the image or the grid is larger than the adapter binds
 */
export async function resample(
  engine: Engine,
  volume: Volume,
  grid: Geometry,
  options: ResampleOptions = {},
): Promise<Volume> {
  const rec = new Recording('resample');
  const image = uploadVolume(rec, volume, options);
  const resampled = recordResample(rec, image, grid, options);
  const download = downloadVolume(rec, resampled);
  try {
    return volumeOf(await engine.execute(rec), download, resampled);
  } finally {
    engine.release(...buffersOf(image), ...buffersOf(resampled));
  }
}

/** Resamples a label map by the nearest voxel, halves up as ITK; voxels outside become 0. */
export async function resampleMask(engine: Engine, mask: Mask, grid: Geometry): Promise<Mask> {
  const axes = parallelPositions(grid, mask);
  if (axes === null) return resampleMaskToImage(mask, grid);
  const rec = new Recording('resample/mask');
  const labels = rec.upload('resample.labels', Uint32Array.from(mask.data));
  const { voxels } = recordNearest(rec, { voxels: labels, tails: null }, mask.size, grid, axes, 0);
  const download = rec.download(voxels);
  const words = (await engine.execute(rec)).u32(download);
  return { ...gridOf(grid), data: new (mask.data.constructor as new (words: Uint32Array) => Mask['data'])(words) };
}
