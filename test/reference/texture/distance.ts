/** CPU twins of texture/distance and of the zones by distance: repeated erosion, as the IBSI reference manual (3.9) describes it. */
import type { Axis } from '../../../src/pipeline/texture/distance.ts';
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';
import { zonesOf } from './components.ts';
import { indexOf, inRegion, type LevelGrid, levelAt, plus, voxelsOf } from './grid.ts';

/** Distance of each voxel of a region to its border, by index; 0 elsewhere. */
export function distances(grid: LevelGrid, region: number, axes: readonly Axis[]): number[] {
  const steps = axes.flatMap((axis): Vec3[] => {
    const step = [0, 1, 2].map((a) => Number(a === axis)) as unknown as Vec3;
    return [step, [-step[0], -step[1], -step[2]]];
  });
  const found = Array.from({ length: grid.size[0] * grid.size[1] * grid.size[2] }, () => 0);
  let left = voxelsOf(grid, region);
  while (left.length > 0) {
    const inside = new Set(left.map((at) => indexOf(grid, at)));
    for (const at of left) found[indexOf(grid, at)]!++;
    left = left.filter((at) =>
      steps.every((step) => inRegion(grid, plus(at, step), region) && inside.has(indexOf(grid, plus(at, step)))),
    );
  }
  return found;
}

/** Zones of a region by row and least distance of their voxels: `counts[row * columns + distance - 1]`. @param away distances by index */
export function distanceZones(
  grid: LevelGrid,
  region: number,
  half: readonly Offset[],
  away: readonly number[],
  rows: number,
  columns: number,
): number[] {
  const counts = Array.from({ length: rows * columns }, () => 0);
  for (const zone of zonesOf(grid, region, half)) {
    const least = Math.min(...zone.map((at) => away[indexOf(grid, at)]!));
    counts[(levelAt(grid, zone[0]!) - 1) * columns + least - 1]!++;
  }
  return counts;
}
