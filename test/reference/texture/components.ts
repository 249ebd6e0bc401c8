/** CPU twin of texture/components: flood fill. */
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';
import { indexOf, inRegion, type LevelGrid, levelAt, plus, voxelsOf } from './grid.ts';

/** Components of voxels of a region that touch by one of the offsets (both directions) and match: the voxels of each. */
function collect(grid: LevelGrid, region: number, half: readonly Offset[], matchLevels: boolean): Vec3[][] {
  const seen = new Set<number>();
  const around = half.flatMap((o): Offset[] => [o, [-o[0], -o[1], -o[2]]]);
  return voxelsOf(grid, region).flatMap((start) => {
    if (seen.has(indexOf(grid, start))) return [];
    seen.add(indexOf(grid, start));
    const level = levelAt(grid, start);
    const stack: Vec3[] = [start];
    const members: Vec3[] = [];
    for (let at = stack.pop(); at; at = stack.pop()) {
      members.push(at);
      for (const o of around) {
        const next = plus(at, o);
        if (!inRegion(grid, next, region) || seen.has(indexOf(grid, next))) continue;
        if (matchLevels && levelAt(grid, next) !== level) continue;
        seen.add(indexOf(grid, next));
        stack.push(next);
      }
    }
    return [members];
  });
}

/** The zones of a region: the voxels of each. */
export const zonesOf = (grid: LevelGrid, region: number, half: readonly Offset[]): Vec3[][] =>
  collect(grid, region, half, true);

/** Components: level and size of each. */
export function components(
  grid: LevelGrid,
  region: number,
  half: readonly Offset[],
  matchLevels: boolean,
): { level: number; size: number }[] {
  return collect(grid, region, half, matchLevels).map((members) => ({
    level: levelAt(grid, members[0]!),
    size: members.length,
  }));
}

/** Zones as (row, size, count), by row, then size. */
export function zones(
  grid: LevelGrid,
  region: number,
  half: readonly Offset[],
): [row: number, size: number, count: number][] {
  const found = new Map<string, [number, number, number]>();
  for (const { level, size } of components(grid, region, half, true)) {
    const key = `${level} ${size}`;
    const zone = found.get(key) ?? [level - 1, size, 0];
    zone[2]++;
    found.set(key, zone);
  }
  return [...found.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}
