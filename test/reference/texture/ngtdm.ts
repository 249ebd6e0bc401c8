/** CPU twin of texture/ngtdm. */
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import { inRegion, type LevelGrid, levelAt, plus, voxelsOf } from './grid.ts';

/** Sums of |c * level - sum of the neighbours' levels| by level, number of neighbours c (1 ..). */
export function ngtdm(grid: LevelGrid, region: number, offsets: readonly Offset[], ng: number): number[] {
  const sums = new Array<number>(ng * offsets.length).fill(0);
  for (const at of voxelsOf(grid, region)) {
    const around = offsets.map((o) => plus(at, o)).filter((p) => inRegion(grid, p, region));
    if (around.length === 0) continue;
    const total = around.reduce((sum, p) => sum + levelAt(grid, p), 0);
    const level = levelAt(grid, at);
    sums[(level - 1) * offsets.length + around.length - 1]! += Math.abs(around.length * level - total);
  }
  return sums;
}
