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
  },
  workgroup: 64,
});

/**
 * The corrected image, or the field exp(log field) where there is no image; f32 per voxel, kept.
 * @param spread evaluated by n4/lattice:expand
 * @param mask one bit per voxel, or null
 */
export function recordApply(
  rec: Recording,
  { size, stretches, points, axes, controls }: Spread,
  image: BufferRef | null,
  mask: BufferRef | null,
): BufferRef {
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
    { params, image: image ?? controls, mask: mask ?? controls, controls, corrected },
    walkers(size, stretches, apply.workgroup),
  );
  return corrected;
}
