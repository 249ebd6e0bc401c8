/** texture/gldm: grey level dependences of all regions. */
import source from '../../../shaders/texture/gldm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';

export const gldm = defineKernel({
  name: 'texture/gldm',
  source,
  bindings: {
    params: 'uniform',
    voxels: 'read',
    cells: 'read',
    steps: 'read',
    regions: 'read',
    grey_levels: 'read',
    counts: 'read_write',
  },
  workgroup: 64,
});

/**
 * Returns the counts by row, number of dependent neighbours (0 .. neighbours).
 * @param steps linear steps of the bidirectional offsets
 * @param greyLevels grey level of each row
 * @param alpha largest difference of dependent grey levels
 */
export function recordGldm(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  regions: BufferRef,
  steps: Int32Array,
  greyLevels: Uint32Array,
  alpha: number,
): BufferRef {
  const counts = rec.zeros('texture/gldm.counts', greyLevels.length * (steps.length + 1) * 4);
  rec.dispatch(
    gldm,
    {
      params: { length, neighbours: steps.length, alpha },
      voxels,
      cells,
      steps: rec.upload('texture/gldm.steps', steps),
      regions,
      grey_levels: rec.upload('texture/gldm.grey_levels', greyLevels),
      counts,
    },
    length,
  );
  return counts;
}
