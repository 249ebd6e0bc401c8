/** texture/distance: city-block distance of every voxel to the border of its region. */
import source from '../../../shaders/texture/distance.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';

export const distance = defineKernel({
  name: 'texture/distance',
  source,
  bindings: { params: 'uniform', cells: 'read', distances: 'read_write' },
  workgroup: 64,
});

/** An axis: 0 = x. */
export type Axis = 0 | 1 | 2;

/**
 * Returns a u32 for every cell: steps to the border, 1 for voxels at it; cells outside of the regions hold anything.
 * @param axes along which steps go: all, or those of a slice
 */
export function recordDistances(rec: Recording, { cells, box }: RegionCells, axes: readonly Axis[]): BufferRef {
  const distances = rec.buffer('texture/distance.distances', box.cells * 4);
  for (const [k, axis] of axes.entries()) {
    const lines = (box.size[0] * box.size[1] * box.size[2]) / box.size[axis];
    const params = { size: box.size, pad: box.pad, lines, axis, first: Number(k === 0) };
    rec.dispatch(distance, { params, cells, distances }, lines);
  }
  return distances;
}

/** The largest distance that a region in a box can have. */
export const maxDistance = (size: readonly number[], axes: readonly Axis[]): number =>
  Math.ceil(Math.min(...axes.map((axis) => size[axis] as number)) / 2);
