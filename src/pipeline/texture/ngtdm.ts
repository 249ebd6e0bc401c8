/** texture/ngtdm: neighbourhood grey tone differences of all regions. */
import source from '../../../shaders/texture/ngtdm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';

export const ngtdm = defineKernel({
  name: 'texture/ngtdm',
  source,
  bindings: {
    params: 'uniform',
    voxels: 'read',
    cells: 'read',
    steps: 'read',
    regions: 'read',
    grey_levels: 'read',
    sums: 'read_write',
  },
  workgroup: 64,
});

/**
 * Returns 64-bit sums by row, number of neighbours - 1.
 * @param steps linear steps of the bidirectional offsets
 * @param greyLevels grey level of each row
 * @param ranked whether the cells hold ranks instead of grey levels
 */
export function recordNgtdm(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  regions: BufferRef,
  steps: Int32Array,
  greyLevels: Uint32Array,
  ranked: boolean,
): BufferRef {
  const sums = rec.zeros('texture/ngtdm.sums', greyLevels.length * steps.length * 8);
  rec.dispatch(
    ngtdm,
    {
      params: { length, neighbours: steps.length, ranked: Number(ranked) },
      voxels,
      cells,
      steps: rec.upload('texture/ngtdm.steps', steps),
      regions,
      grey_levels: rec.upload('texture/ngtdm.grey_levels', greyLevels),
      sums,
    },
    length,
  );
  return sums;
}
