/** CPU twin of texture/glcm. */
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import { inRegion, type LevelGrid, levelAt, plus, voxelsOf } from './grid.ts';

/** Counts by angle, level at the voxel, level at voxel + offset (levels 1 .. ng). */
export function glcm(grid: LevelGrid, region: number, offsets: readonly Offset[], ng: number): number[] {
  const counts = new Array<number>(offsets.length * ng * ng).fill(0);
  for (const at of voxelsOf(grid, region)) {
    offsets.forEach((offset, angle) => {
      const other = plus(at, offset);
      if (inRegion(grid, other, region))
        counts[(angle * ng + levelAt(grid, at) - 1) * ng + levelAt(grid, other) - 1]! += 1;
    });
  }
  return counts;
}
