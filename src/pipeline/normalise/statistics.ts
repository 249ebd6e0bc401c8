/** Statistics and exact percentiles of the voxels of an image on the GPU. */
import { type Engine, Recording } from '../../engine/index.ts';
import type { DeviceMask } from '../device-mask.ts';
import type { DeviceVolume } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import { interpolate } from '../firstorder/order.ts';
import {
  type Checks,
  decodeExtremes,
  decodeStatistics,
  type Extremes,
  recordDistribution,
  recordStatistics,
  type Statistics,
} from './measure.ts';
import { describeVoxels, type Sampling, samplingOf, type Voxels } from './sampling.ts';
import { orderStatistics } from './select.ts';

/** Voxels by name or mask: all, those other than 0, those above 0, those above the mean of all, those inside a mask. */
export type Within = 'image' | 'nonzero' | 'positive' | 'above-mean' | DeviceMask;

/**
 * Resolves what has to be measured first.
 * @throws PipelineError ConstantImage where no voxel can be above the mean
 */
export async function voxelsOf(engine: Engine, image: DeviceVolume, within: Within): Promise<Voxels> {
  if (within === 'positive') return { above: 0 };
  if (within !== 'above-mean') return within;
  const { minimum, maximum, mean } = await measureSampling(engine, samplingOf(image, 'image'));
  if (minimum < maximum) return { above: mean };
  throw new PipelineError(
    'ConstantImage',
    `expected intensities that differ, found ${minimum} everywhere; leave this image out`,
  );
}

function checkMeasured({ count, finite }: Extremes & Checks, { within }: Sampling): void {
  const what = describeVoxels(within);
  if (count === 0) {
    throw new PipelineError(
      'EmptyMask',
      `expected voxels to measure, found none in ${what}; check the mask or measure the image`,
    );
  }
  if (!finite) {
    throw new PipelineError(
      'NonFiniteImage',
      `expected finite intensities, found NaN or infinity in ${what}; replace them or leave them out with a mask`,
    );
  }
}

/**
 * Measures a sampling in one pass.
 * @throws PipelineError EmptyMask where there is no voxel to measure; NonFiniteImage where one is NaN or infinite
 */
export async function measureSampling(engine: Engine, sampling: Sampling): Promise<Statistics> {
  const rec = new Recording('normalise/measure');
  const blocks = recordStatistics(rec, sampling);
  const measured = decodeStatistics(await engine.execute(rec), blocks);
  checkMeasured(measured, sampling);
  return measured;
}

/** Extremes and percentiles of a sampling, in one to three passes. */
export interface Distribution extends Extremes {
  readonly percentiles: readonly number[];
}

/**
 * Measures percentiles of a sampling, exactly, as numpy.percentile's default (linear, type 7) defines them.
 * @param wanted per cent, 0 .. 100
 * @throws PipelineError EmptyMask, NonFiniteImage, BadSetting for percentiles outside their range
 */
export async function measureDistribution(
  engine: Engine,
  sampling: Sampling,
  wanted: readonly number[],
): Promise<Distribution> {
  const wrong = wanted.find((p) => !(p >= 0 && p <= 100));
  if (wrong !== undefined) {
    throw new PipelineError('BadSetting', `expected percentiles from 0 to 100, found ${wrong}`);
  }
  const rec = new Recording('normalise/measure');
  const downloads = recordDistribution(rec, sampling);
  const results = await engine.execute(rec);
  const measured = decodeExtremes(results, downloads.blocks);
  checkMeasured(measured, sampling);
  const last = measured.count - 1;
  const positions = wanted.map((p) => last * (p / 100));
  const above = (position: number) => Math.min(Math.floor(position) + 1, last);
  const ranks = [...new Set(positions.flatMap((position) => [Math.floor(position), above(position)]))];
  const first = results.u32(downloads.digits);
  const at = await orderStatistics(engine, sampling, ranks, { first, bits: measured.bits });
  const value = (rank: number) => at.get(rank) as number;
  const percentiles = positions.map((position) => {
    const below = Math.floor(position);
    return interpolate(value(below), value(above(position)), position - below);
  });
  return { ...measured, percentiles };
}

/**
 * Count, extremes, mean and standard deviations of the voxels of an image, in one pass over it (two for `above-mean`).
 * Of whole numbers below 2^24 the sums are exact; of others each value is taken to 24 bits of the largest of its block.
 * @throws PipelineError EmptyMask, NonFiniteImage, GeometryMismatch
 */
export async function statistics(engine: Engine, image: DeviceVolume, within: Within = 'image'): Promise<Statistics> {
  return measureSampling(engine, samplingOf(image, await voxelsOf(engine, image, within)));
}

/**
 * Percentiles of the voxels of an image, exactly as numpy.percentile (linear, type 7) gives them for float32 voxels.
 * @param wanted per cent, 0 .. 100
 * @throws PipelineError EmptyMask, NonFiniteImage, GeometryMismatch, BadSetting
 */
export async function percentiles(
  engine: Engine,
  image: DeviceVolume,
  within: Within,
  wanted: readonly number[],
): Promise<readonly number[]> {
  const sampling = samplingOf(image, await voxelsOf(engine, image, within));
  return (await measureDistribution(engine, sampling, wanted)).percentiles;
}
