/** Grids of image files in ITK's conventions. */
import type { Geometry, Vec3 } from '../../pipeline/volume.ts';
import { badFile } from './decoded.ts';

/** A grid of two or three axes as a file describes it, in the LPS frame. */
export interface FileGrid {
  readonly size: readonly number[];
  readonly spacing: readonly number[];
  readonly origin: readonly number[];
  /** One unit vector per axis: the columns of the direction matrix. */
  readonly axes: readonly (readonly number[])[];
}

export const determinant = (m: readonly number[]): number =>
  m[0]! * (m[4]! * m[8]! - m[5]! * m[7]!) -
  m[1]! * (m[3]! * m[8]! - m[5]! * m[6]!) +
  m[2]! * (m[3]! * m[7]! - m[4]! * m[6]!);

const triple = (values: readonly number[], missing: number): Vec3 => [values[0]!, values[1]!, values[2] ?? missing];

/**
 * The geometry ITK's ImageFileReader makes of a grid: a negative spacing turns its axis round, 2D grids get a z axis
 * of one voxel.
 * @throws PipelineError BadFile where sizes, spacings or directions describe no grid
 */
export function gridGeometry({ size, spacing, origin, axes }: FileGrid, name: string): Geometry {
  const dimension = size.length;
  if (dimension !== 2 && dimension !== 3) {
    throw badFile(
      name,
      `expected an image of 2 or 3 dimensions, found ${dimension} (${size.join(' x ')}); extract one volume from it`,
    );
  }
  if (size.some((n) => !(Number.isSafeInteger(n) && n > 0))) {
    throw badFile(name, `expected positive sizes, found ${size.join(' x ')}; export the file again`);
  }
  if (spacing.some((s) => !(Number.isFinite(s) && s !== 0)) || origin.some((o) => !Number.isFinite(o))) {
    throw badFile(
      name,
      `expected finite spacings other than 0 and a finite origin, found spacing ${spacing.join(' x ')} and origin ${origin.join(', ')}; correct the header`,
    );
  }
  const direction = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (let axis = 0; axis < dimension; axis++) {
    for (let row = 0; row < dimension; row++) {
      const value = axes[axis]![row]!;
      direction[3 * row + axis] = spacing[axis]! < 0 ? -value : value;
    }
  }
  const volume = determinant(direction);
  if (!Number.isFinite(volume) || volume === 0) {
    throw badFile(
      name,
      `expected linearly independent axes, found directions ${direction.join(' ')} (row by row); correct the header`,
    );
  }
  return {
    dimension,
    size: triple(size, 1),
    spacing: triple(spacing.map(Math.abs), 1),
    origin: triple(origin, 0),
    direction,
  };
}

export const identityAxes = (dimension: number): number[][] =>
  Array.from({ length: dimension }, (_, axis) => Array.from({ length: dimension }, (_, row) => Number(row === axis)));
