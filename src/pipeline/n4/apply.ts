/** n4/apply: the field on the grid of the whole image. */
import source from '../../../shaders/n4/apply.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { walkers } from './columns.ts';
import type { Spread } from './level.ts';
import { packAxis } from './spline.ts';

export const apply = defineKernel({
  name: 'n4/apply',
  source,
  bindings: {
    params: 'uniform',
    image: 'read',
    mask: 'read',
    controls: 'read',
    corrected: 'read_write',
    non_finite: 'read_write',
  },
  workgroup: 64,
});

/** What n4/apply leaves. */
export interface Applied {
  /** f32 per voxel, kept. */
  readonly voxels: BufferRef;
  /** One word: how many voxels inside the mask are NaN or infinite. */
  readonly nonFinite: BufferRef;
}

/**
 * The corrected image, or the field exp(log field) where there is no image.
 * @param spread evaluated by n4/lattice:expand
 * @param mask one bit per voxel, or null
 */
export function recordApply(
  rec: Recording,
  { size, stretches, points, axes, controls }: Spread,
  image: BufferRef | null,
  mask: BufferRef | null,
): Applied {
  const nonFinite = rec.zeros('n4/apply.non_finite', 4);
  const corrected = rec.keep(rec.buffer('n4/apply.corrected', size[0] * size[1] * size[2] * 4));
  const params = {
    size,
    stretches: stretches.count,
    rows: stretches.rows,
    points: points[1],
    axis: packAxis(axes[1]),
    masked: Number(mask !== null),
    divide: Number(image !== null),
  };
  rec.dispatch(
    apply,
    { params, image: image ?? controls, mask: mask ?? controls, controls, corrected, non_finite: nonFinite },
    walkers(size, stretches, apply.workgroup),
  );
  return { voxels: corrected, nonFinite };
}
