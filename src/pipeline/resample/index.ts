/** Resampling of images and masks to other grids on the GPU. */
import { type BufferRef, type Engine, Recording } from '../../engine/index.ts';
import { type DeviceVolume, downloadVolume, gridOf, uploadVolume, volumeOf } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import { resampleMaskToImage } from '../geometry.ts';
import type { Geometry, Mask, Volume } from '../volume.ts';
import { type Interpolator, profileOf } from './interpolators.ts';
import { castRange } from './cast.ts';
import { recordLabel } from './label.ts';
import { lineOf } from './lines.ts';
import { recordLinear } from './linear.ts';
import { type AxisPositions, parallelPositions } from './positions.ts';
import { recordRotated } from './rotated.ts';
import { recordNearest, recordSeparable } from './separable.ts';
import { recordSpline } from './spline.ts';

export { ibsiGrid, itkGrid, pyradiomicsGrid } from './grids.ts';
export { type Interpolator, interpolatorNames, interpolators, parseInterpolator } from './interpolators.ts';

export interface ResampleOptions {
  /** Default: sitkBSpline. */
  readonly interpolator?: Interpolator;
  /** Value of voxels outside the image. Default 0. */
  readonly defaultValue?: number;
  /** The adapter runs on the CPU (`engine.caps.software`): long lines for few cores. Default false. */
  readonly software?: boolean;
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
  { interpolator = 'sitkBSpline', defaultValue = 0, software = false }: ResampleOptions = {},
): DeviceVolume {
  const voxels = recordVoxels(rec, image, grid, interpolator, defaultValue, software);
  return { ...gridOf(grid), voxels: rec.keep(voxels), type: image.type };
}

function recordVoxels(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  interpolator: Interpolator,
  defaultValue: number,
  software: boolean,
): BufferRef {
  const axes = parallelPositions(grid, image);
  const outside = new Uint32Array(new Float32Array([defaultValue]).buffer)[0]!;
  switch (interpolator) {
    case 'sitkNearestNeighbor':
      if (axes) return recordNearest(rec, image.voxels, image.size, grid, axes, outside);
      break;
    case 'sitkLabelGaussian':
      if (axes) return recordLabel(rec, image.voxels, image.size, grid, axes, outside);
      throw new PipelineError(
        'BadSetting',
        'sitkLabelGaussian needs a grid parallel to the image, found a rotated one; use sitkNearestNeighbor',
      );
    default:
      if (axes && !castRange(image.type) && isBetween(axes, image)) {
        if (interpolator === 'sitkLinear')
          return recordLinear(rec, image.voxels, image.size, grid, axes, defaultValue);
        if (interpolator === 'sitkBSpline' && software) return recordSpline(rec, image, grid, axes, defaultValue);
      }
      if (axes) return recordSeparable(rec, image, grid, axes, profileOf(interpolator), outside);
  }
  return recordRotated(rec, image, grid, interpolator, defaultValue);
}

/** Whether voxels of the grid lie in the image, some of them between its voxels. */
function isBetween(axes: readonly AxisPositions[], image: DeviceVolume): boolean {
  const lines = axes.map((a) => lineOf(a, image.size[a.axis]));
  return lines.every((line) => line.positions.length > 0) && lines.some((line) => !line.whole);
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
  const image = uploadVolume(rec, volume);
  const resampled = recordResample(rec, image, grid, { software: engine.caps.software, ...options });
  const download = downloadVolume(rec, resampled);
  try {
    return volumeOf(await engine.execute(rec), download, resampled);
  } finally {
    engine.release(image.voxels, resampled.voxels);
  }
}

/** Resamples a label map by the nearest voxel, halves up as ITK; voxels outside become 0. */
export async function resampleMask(engine: Engine, mask: Mask, grid: Geometry): Promise<Mask> {
  const axes = parallelPositions(grid, mask);
  if (axes === null) return resampleMaskToImage(mask, grid);
  const rec = new Recording('resample/mask');
  const labels = rec.upload('resample.labels', Uint32Array.from(mask.data));
  const download = rec.download(recordNearest(rec, labels, mask.size, grid, axes, 0));
  const words = (await engine.execute(rec)).u32(download);
  return { ...gridOf(grid), data: new (mask.data.constructor as new (words: Uint32Array) => Mask['data'])(words) };
}
