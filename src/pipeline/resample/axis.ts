/** resample/axis: resampling along one axis by tables. */
import source from '../../../shaders/resample/axis.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import type { Taps } from './taps.ts';

export const axis = defineKernel({
  name: 'resample/axis',
  source,
  bindings: { params: 'uniform', samples: 'read', first: 'read', weights: 'read', resampled: 'read_write' },
  workgroup: 64,
});

/** Samples on the GPU, x fastest. */
export interface Samples {
  readonly buffer: BufferRef;
  readonly size: Vec3;
}

/** Samples `first` to `first + count - 1` along an axis. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
}

/** Samples after a pass along an axis. */
export function newSize(along: 0 | 1 | 2, count: number, box: readonly Stretch[]): Vec3 {
  const sizeOf = (i: 0 | 1 | 2) => (i === along ? count : box[i]!.count);
  return [sizeOf(0), sizeOf(1), sizeOf(2)];
}

/**
 * Resamples along one axis.
 * @param box what to keep of the other axes
 */
export function recordAxis(
  rec: Recording,
  { buffer, size: old_size }: Samples,
  along: 0 | 1 | 2,
  { count, first, weights }: Taps,
  box: readonly Stretch[],
): Samples {
  const size = newSize(along, first.length, box);
  const length = size[0] * size[1] * size[2];
  const resampled = rec.buffer('resample/axis.resampled', length * 4);
  const old_first = box.map((stretch) => stretch.first);
  rec.dispatch(
    axis,
    {
      params: { size, axis: along, old_size, count, old_first, length },
      samples: buffer,
      first: rec.upload('resample/axis.first', first),
      weights: rec.upload('resample/axis.weights', new Float32Array(weights)),
      resampled,
    },
    length,
  );
  return { buffer: resampled, size };
}
