/** resample/label: label Gaussian interpolation. */
import source from '../../../shaders/resample/label.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { voxelCount } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { profileOf } from './interpolators.ts';
import { type AxisPositions, inside } from './positions.ts';
import { tapsOf } from './taps.ts';

export const label = defineKernel({
  name: 'resample/label',
  source,
  bindings: { params: 'uniform', samples: 'read', first: 'read', weights: 'read', chosen: 'read_write' },
  workgroup: 64,
});

const OUTSIDE = 0xffffffff;

/** Picks the value of most weight. @param outside word of voxels outside @returns the voxels, not kept */
export function recordLabel(
  rec: Recording,
  voxels: BufferRef,
  size: Vec3,
  grid: Geometry,
  axes: readonly AxisPositions[],
  outside: number,
): BufferRef {
  const tables = axes.map(({ axis, positions }) => tapsOf(profileOf('sitkLabelGaussian'), positions, size[axis], 0));
  const first = Uint32Array.from(
    tables.flatMap((table, gridAxis) => {
      const { axis, positions } = axes[gridAxis]!;
      return Array.from(table.first, (f, k) => (inside(positions[k]!, size[axis]) ? f : OUTSIDE));
    }),
  );
  const strides = [1, size[0], size[0] * size[1]];
  const length = voxelCount(grid);
  const chosen = rec.buffer('resample/label.chosen', length * 4);
  const params = {
    size: grid.size,
    length,
    counts: tables.map((t) => t.count),
    outside,
    strides: axes.map(({ axis }) => strides[axis]!),
  };
  rec.dispatch(
    label,
    {
      params,
      samples: voxels,
      first: rec.upload('resample/label.first', first),
      weights: rec.upload('resample/label.weights', Float32Array.from(tables.flatMap((t) => [...t.weights]))),
      chosen,
    },
    length,
  );
  return chosen;
}
