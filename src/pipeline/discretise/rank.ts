/** discretise/rank: grey levels replaced by their ranks among the levels that occur. */
import source from '../../../shaders/discretise/rank.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';

export const rank = defineKernel({
  name: 'discretise/rank',
  source,
  bindings: { params: 'uniform', voxels: 'read', regions: 'read', ranks: 'read', cells: 'read_write' },
  workgroup: 64,
});

/** @param ranks rank (1-based) of each row of the level histogram within its region; 0 for rows without voxels */
export function recordRank(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  regions: BufferRef,
  ranks: Uint32Array,
): void {
  rec.dispatch(
    rank,
    { params: { length }, voxels, regions, ranks: rec.upload('discretise/rank.ranks', ranks), cells },
    length,
  );
}
