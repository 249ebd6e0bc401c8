/** resample/gather: voxels picked by tables of offsets. */
import source from '../../../shaders/resample/gather.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { voxelCount } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { cutColumns, WALKERS } from './columns.ts';

/** For planes of a multiple of four voxels. */
export const gather = defineKernel({
  name: 'resample/gather',
  source,
  bindings: { params: 'uniform', voxels: 'read', offsets: 'read', quads: 'read_write' },
  workgroup: WALKERS,
});
/** For planes of any number of voxels. */
export const gatherRagged = defineKernel({
  name: 'resample/gather:ragged',
  source,
  entryPoint: 'ragged',
  bindings: { params: 'uniform', voxels: 'read', offsets: 'read', picked: 'read_write' },
  workgroup: WALKERS,
});

/** Mark of the tables for positions outside the image. */
const OUTSIDE = 0xffffffff;

/** For every index along an axis of the grid, the sample of the image's axis, or -1 outside. */
export interface AxisIndices {
  readonly axis: 0 | 1 | 2;
  readonly indices: Int32Array;
}

/**
 * Picks voxels.
 * @param size voxels of the image
 * @param outside word of voxels outside
 * @param software the adapter runs on the CPU
 * @param picked where to put them, a word each
 */
export function recordGather(
  rec: Recording,
  voxels: BufferRef,
  size: Vec3,
  grid: Geometry,
  axes: readonly AxisIndices[],
  outside: number,
  software: boolean,
  picked: BufferRef = rec.buffer('resample/gather.picked', voxelCount(grid) * 4),
): BufferRef {
  const strides = [1, size[0], size[0] * size[1]];
  const offsets = Uint32Array.from(
    axes.flatMap(({ axis, indices }) => Array.from(indices, (i) => (i < 0 ? OUTSIDE : i * strides[axis]!))),
  );
  const walk = cutColumns(grid.size, software);
  const params = { size: grid.size, stretches: walk.stretches, rows: walk.rows, outside };
  const args = { params, voxels, offsets: rec.upload('resample/gather.offsets', offsets) };
  if (walk.even) rec.dispatch(gather, { ...args, quads: picked }, walk.invocations);
  else rec.dispatch(gatherRagged, { ...args, picked }, walk.invocations);
  return picked;
}
