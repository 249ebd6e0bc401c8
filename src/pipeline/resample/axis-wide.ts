/** resample/axis-wide: resampling along one axis in numbers of twice the width. */
import source from '../../../shaders/resample/axis-wide.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { splitPairs } from '../twofold.ts';
import type { Vec3 } from '../volume.ts';
import { newSize, type Samples, type Stretch } from './axis.ts';
import { type Cast, noCast } from './cast.ts';
import type { Taps } from './taps.ts';

export const axisWide = defineKernel({
  name: 'resample/axis-wide',
  source,
  bindings: {
    params: 'uniform',
    samples: 'read',
    tails: 'read',
    first: 'read',
    weights: 'read',
    resampled: 'read_write',
    resampled_tails: 'read_write',
  },
  workgroup: 64,
});

/** Samples whose low words may lie in a buffer of their own. */
export interface WideSamples extends Samples {
  readonly tails: BufferRef | null;
}

/**
 * Resamples along one axis.
 * @param cast how the values become whole numbers, in the last pass; null leaves them as they are
 */
export function recordAxisWide(
  rec: Recording,
  { buffer, tails, size: old_size }: WideSamples,
  along: 0 | 1 | 2,
  { count, first, weights }: Taps,
  box: readonly Stretch[],
  cast: Cast | null,
): WideSamples {
  const size: Vec3 = newSize(along, first.length, box);
  const length = size[0] * size[1] * size[2];
  const resampled = rec.buffer('resample/axis-wide.resampled', length * 4);
  const resampled_tails = rec.buffer('resample/axis-wide.tails', cast ? 4 : length * 4);
  const params = {
    size,
    axis: along,
    old_size,
    count,
    old_first: box.map((stretch) => stretch.first),
    length,
    has_tails: Number(tails !== null),
    ...(cast ?? noCast),
    zero: 0,
  };
  rec.dispatch(
    axisWide,
    {
      params,
      samples: buffer,
      tails: tails ?? rec.zeros('resample/axis-wide.no_tails', 4),
      first: rec.upload('resample/axis-wide.first', first),
      weights: rec.upload('resample/axis-wide.weights', splitPairs(weights)),
      resampled,
      resampled_tails,
    },
    length,
  );
  return { buffer: resampled, tails: cast ? null : resampled_tails, size };
}
