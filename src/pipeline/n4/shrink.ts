/** n4/shrink: the subsampled grid with its logarithms. */
import source from '../../../shaders/n4/shrink.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { foursOf } from './columns.ts';
import type { N4Grid } from './grid.ts';

export const shrink = defineKernel({
  name: 'n4/shrink',
  source,
  bindings: {
    params: 'uniform',
    image: 'read',
    mask: 'read',
    confidence: 'read',
    logs: 'read_write',
    values: 'read_write',
    weights: 'read_write',
    control: 'read_write',
  },
  workgroup: 64,
});

const STRIP = 16;

/** The shrunk grid on the GPU: rows of whole fours of voxels, those beyond the grid marked as outside. */
export interface ShrunkImage {
  /** Logarithm inside the mask as a pair of f32; a mark outside. */
  readonly logs: BufferRef;
  /** Log image less log field, f32. */
  readonly values: BufferRef;
  /** Confidence per voxel; null where it is 1 inside the mask. */
  readonly weights: BufferRef | null;
}

/**
 * @param mask one bit per voxel of the image, or null
 * @param confidence f32 per voxel of the image, or null
 * @param control takes the range of the values and the number of voxels
 */
export function recordShrink(
  rec: Recording,
  image: BufferRef,
  mask: BufferRef | null,
  confidence: BufferRef | null,
  { size, full, factor, offset }: N4Grid,
  control: BufferRef,
): ShrunkImage {
  const length = foursOf(size[0]) * size[1] * size[2];
  const logs = rec.keep(rec.buffer('n4/shrink.logs', length * 32));
  const values = rec.keep(rec.buffer('n4/shrink.values', length * 16));
  const weights = rec.keep(rec.buffer('n4/shrink.weights', confidence ? length * 16 : 16));
  const params = {
    size,
    length,
    full,
    factor,
    offset,
    masked: Number(mask !== null),
    weighted: Number(confidence !== null),
    strip: STRIP,
    zero: 0,
  };
  rec.dispatch(
    shrink,
    { params, image, mask: mask ?? image, confidence: confidence ?? image, logs, values, weights, control },
    Math.ceil(length / STRIP),
  );
  return { logs, values, weights: confidence ? weights : null };
}
