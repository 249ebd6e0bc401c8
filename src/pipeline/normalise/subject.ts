/** The image that a normalisation is fitted to, and where it is measured. */
import type { Engine } from '../../engine/index.ts';
import type { DeviceMask } from '../device-mask.ts';
import type { DeviceVolume } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import { type Sampling, samplingOf } from './sampling.ts';
import { voxelsOf } from './statistics.ts';

/** Where a method measures: the whole image, inside the mask, voxels other than 0, above 0, above the image's mean. */
export const regions = ['image', 'mask', 'nonzero', 'positive', 'above-mean'] as const;
export type Region = (typeof regions)[number];

export interface Subject {
  readonly engine: Engine;
  readonly image: DeviceVolume;
  /** Null where no method measures inside a mask. */
  readonly mask: DeviceMask | null;
}

/**
 * The voxels of a region. One pass over the image for `above-mean`, none for the others.
 * @throws PipelineError BadSetting where the region is the mask and there is none; GeometryMismatch
 */
export async function samplingIn({ engine, image, mask }: Subject, region: Region): Promise<Sampling> {
  if (region === 'mask' && !mask) {
    const others = regions.filter((r) => r !== 'mask').join(', ');
    throw new PipelineError(
      'BadSetting',
      `this normalisation measures inside a mask and none is given; give one, or measure one of ${others}`,
    );
  }
  return samplingOf(image, await voxelsOf(engine, image, region === 'mask' ? (mask as DeviceMask) : region));
}
