/** CPU twin of texture/glrlm. */
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import { inRegion, type LevelGrid, levelAt, plus, voxelsOf } from './grid.ts';

/** Counts by angle, level, run length - 1. */
export function glrlm(grid: LevelGrid, region: number, offsets: readonly Offset[], ng: number, maxRun: number) {
  const counts = new Array<number>(offsets.length * ng * maxRun).fill(0);
  const voxels = voxelsOf(grid, region);
  offsets.forEach((offset, angle) => {
    for (const at of voxels) {
      const level = levelAt(grid, at);
      const same = (times: number) =>
        inRegion(grid, plus(at, offset, times), region) && levelAt(grid, plus(at, offset, times)) === level;
      if (same(-1)) continue;
      let run = 1;
      while (same(run)) run++;
      counts[(angle * ng + level - 1) * maxRun + run - 1]! += 1;
    }
  });
  return counts;
}
