/** Which voxels a measurement takes and what it measures of them; the host's side of shaders/common/sampling.wgsl. */
import type { BufferRef } from '../../engine/index.ts';
import type { DeviceMask } from '../device-mask.ts';
import { type DeviceVolume, voxelCount } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import { boundKey, keyOf } from '../keys.ts';
import { splitFloat } from '../twofold.ts';

/** The voxels that are measured: all, those other than 0, those above a threshold, those inside a mask. */
export type Voxels = 'image' | 'nonzero' | { readonly above: number } | DeviceMask;

export interface Sampling {
  readonly voxels: BufferRef;
  readonly length: number;
  readonly within: Voxels;
  /** Intensities are clamped to this range before they are measured. */
  readonly clip?: readonly [low: number, high: number];
  /** Measured is |intensity - deviationFrom| instead of the intensity. */
  readonly deviationFrom?: number;
}

const isMask = (within: Voxels): within is DeviceMask => typeof within === 'object' && 'inside' in within;

const codeOf = (within: Voxels): number =>
  within === 'image' ? 0 : within === 'nonzero' ? 2 : 'inside' in within ? 1 : 3;

/**
 * Measurements of an image.
 * @throws PipelineError GeometryMismatch where the mask has another size
 */
export function samplingOf(image: DeviceVolume, within: Voxels): Sampling {
  if (isMask(within) && within.size.some((n, axis) => n !== image.size[axis])) {
    throw new PipelineError(
      'GeometryMismatch',
      `the mask has ${within.size.join(' x ')} voxels, the image ${image.size.join(' x ')}; resample the mask to the image`,
    );
  }
  return { voxels: image.voxels, length: voxelCount(image), within };
}

/** The voxels in words, for messages. */
export function describeVoxels(within: Voxels): string {
  if (within === 'image') return 'the image';
  if (within === 'nonzero') return 'the nonzero voxels';
  return isMask(within) ? 'the mask' : `the voxels above ${within.above}`;
}

const floorKey = (value: number): number => (boundKey('float32', value, 'at most') as [number, number])[0];

/** Values of the fields that every sampling kernel has in its params. */
export function samplingParams({ within, clip, deviationFrom }: Sampling) {
  const [centre_high, centre_low] = splitFloat(deviationFrom ?? 0);
  return {
    within: codeOf(within),
    // The same float32 values are above the threshold and above the largest float32 that is not.
    above_key: typeof within === 'object' && 'above' in within ? floorKey(within.above) : 0,
    low_key: clip ? keyOf('float32', clip[0])[0] : 0,
    high_key: clip ? keyOf('float32', clip[1])[0] : 0xffffffff,
    deviation: Number(deviationFrom !== undefined),
    centre_high,
    centre_low,
  };
}

/** Buffers of a sampling. Without a mask the kernels do not read that binding; the voxels stand in. */
export const samplingBuffers = ({ voxels, within }: Sampling): { voxels: BufferRef; mask: BufferRef } => ({
  voxels,
  mask: isMask(within) ? within.inside : voxels,
});
