/** CPU twin of texture/lines. */
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import { indexOf, inRegion, type LevelGrid, plus, voxelsOf } from './grid.ts';

/** By angle: the voxels at which lines of a region begin, and whether a straight line holds two voxels of the region. */
export function lines(grid: LevelGrid, region: number, offsets: readonly Offset[]) {
  const reach = Math.max(...grid.size);
  const voxels = voxelsOf(grid, region);
  return offsets.map((offset) => ({
    starts: voxels.filter((at) => !inRegion(grid, plus(at, offset, -1), region)).map((at) => indexOf(grid, at)),
    multiElement: voxels.some((at) =>
      Array.from({ length: reach }, (_, k) => k + 1).some((k) => inRegion(grid, plus(at, offset, k), region)),
    ),
  }));
}
