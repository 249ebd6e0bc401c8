/** CPU twin of texture/gldm. */
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import { inRegion, type LevelGrid, levelAt, plus, voxelsOf } from './grid.ts';

/** Counts by level, number of neighbours whose level differs by at most alpha. */
export function gldm(grid: LevelGrid, region: number, offsets: readonly Offset[], ng: number, alpha: number): number[] {
  const columns = offsets.length + 1;
  const counts = new Array<number>(ng * columns).fill(0);
  for (const at of voxelsOf(grid, region)) {
    const level = levelAt(grid, at);
    const dependent = offsets.filter(
      (o) => inRegion(grid, plus(at, o), region) && Math.abs(levelAt(grid, plus(at, o)) - level) <= alpha,
    ).length;
    counts[(level - 1) * columns + dependent]! += 1;
  }
  return counts;
}
