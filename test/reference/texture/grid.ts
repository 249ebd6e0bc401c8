/** A labelled volume of grey levels, as the CPU twins of the texture kernels walk it. */
import type { Offset } from '../../../src/pipeline/texture/matrices.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';

export interface LevelGrid {
  readonly size: Vec3;
  /** Region of each voxel (1-based), 0 outside. */
  readonly regions: ArrayLike<number>;
  /** Grey level of each voxel (1-based). */
  readonly levels: ArrayLike<number>;
}

export const indexOf = ({ size }: LevelGrid, [x, y, z]: Vec3): number => x + size[0] * (y + size[1] * z);

export const plus = (a: Vec3, b: Offset, times = 1): Vec3 => [
  a[0] + times * b[0],
  a[1] + times * b[1],
  a[2] + times * b[2],
];

/** Whether a position lies in the volume and in a region. */
export function inRegion(grid: LevelGrid, at: Vec3, region: number): boolean {
  return at.every((c, axis) => c >= 0 && c < grid.size[axis]!) && grid.regions[indexOf(grid, at)] === region;
}

export const levelAt = (grid: LevelGrid, at: Vec3): number => grid.levels[indexOf(grid, at)] as number;

/** All voxels of a region. */
export function voxelsOf(grid: LevelGrid, region: number): Vec3[] {
  const list: Vec3[] = [];
  for (let z = 0; z < grid.size[2]; z++) {
    for (let y = 0; y < grid.size[1]; y++) {
      for (let x = 0; x < grid.size[0]; x++) if (inRegion(grid, [x, y, z], region)) list.push([x, y, z]);
    }
  }
  return list;
}
