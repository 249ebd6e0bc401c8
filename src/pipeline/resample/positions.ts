/** Where the voxels of one grid lie in another, decided in float64. */
import { gridToGrid, indexMap } from '../geometry.ts';
import type { Geometry, Vec3 } from '../volume.ts';

/** Position in voxels of the image for every index along one axis of the grid. */
export interface AxisPositions {
  /** Axis of the image that this axis of the grid runs along. */
  readonly axis: 0 | 1 | 2;
  readonly positions: Float64Array;
}

/** Largest shift across an axis, in voxels over the whole grid, that counts as parallel: float32 headers hold no more. */
const PARALLEL = 1e-5;

const axes = [0, 1, 2] as const;

/** The columns of the matrix from indices of the grid to indices of the image, and where the grid's first voxel lies. */
function affine(grid: Geometry, image: Geometry): { origin: number[]; columns: number[][] } {
  const toImage = gridToGrid(grid, image);
  const pad = (v: readonly number[]) => [v[0]!, v[1]!, v[2] ?? 0];
  const origin = pad(toImage([0, 0, 0]));
  const columns = axes.map((axis) => {
    // Over the whole axis, as ITK walks a row: the rounding of a single step would grow with its length.
    const far = [0, 0, 0];
    far[axis] = grid.size[axis];
    return pad(toImage(far)).map((x, i) => x - origin[i]!);
  });
  if (image.dimension === 2) columns[2] = [0, 0, 1];
  return { origin, columns };
}

/**
 * Positions by axis where every axis of the grid runs along one of the image, in either direction; null where the grids are
 * rotated against each other.
 */
export function parallelPositions(grid: Geometry, image: Geometry): readonly AxisPositions[] | null {
  const toImage = gridToGrid(grid, image);
  const { origin, columns } = affine(grid, image);
  const found = columns.map((column, gridAxis) => {
    const axis = axes.reduce((best, i) => (Math.abs(column[i]!) > Math.abs(column[best]!) ? i : best), 0 as 0 | 1 | 2);
    if (axes.some((i) => i !== axis && Math.abs(column[i]!) > PARALLEL)) return null;
    const n = grid.size[gridAxis]!;
    const at = (k: number) => toImage(axes.map((i) => (i === gridAxis ? k : 0)))[axis] ?? k;
    // ITK computes where a row starts and interpolates along it: start + (x / n) * (end - start).
    const positions = Float64Array.from({ length: n }, (_, k) =>
      gridAxis === 0 ? origin[axis]! + (k / n) * column[axis]! : at(k),
    );
    return { axis, positions };
  });
  const taken = new Set(found.map((f) => f?.axis));
  return found.every((f) => f !== null) && taken.size === 3 ? (found as AxisPositions[]) : null;
}

/**
 * Where ITK's ResampleImageFilter starts each row of the grid (y fastest) in voxels of the image, and how far it goes over
 * the whole row: x, y, z of both. Between them it interpolates: start + (x / n) * step.
 */
export function itkRows(grid: Geometry, image: Geometry): Float64Array {
  const map = indexMap(grid, image);
  const [nx, ny, nz] = grid.size;
  const rows = new Float64Array(6 * ny * nz);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const at = 6 * (y + ny * z);
      if (image.dimension === 2) rows[at + 2] = z;
      map(0, y, z, rows, at);
      map(nx, y, z, rows, at + 3);
      for (let i = 0; i < image.dimension; i++) rows[at + 3 + i]! -= rows[at + i]!;
    }
  }
  return rows;
}

/** How far ITK's positions lie from those by axis at most, for every axis of the grid; 0 where they are the same bits. */
export function wobbleOf(rows: Float64Array, { size }: Geometry, found: readonly AxisPositions[]): Vec3 {
  const [ny, nz] = [size[1], size[2]];
  const [x, y, z] = found as [AxisPositions, AxisPositions, AxisPositions];
  const worst: [number, number, number] = [0, 0, 0];
  for (let k = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      const at = 6 * (j + ny * k);
      const step = at + 3;
      const along = Math.abs(rows[at + x.axis]! - rows[x.axis]!) + Math.abs(rows[step + x.axis]! - rows[3 + x.axis]!);
      const atY = Math.abs(rows[at + y.axis]! - y.positions[j]!) + Math.abs(rows[step + y.axis]!);
      const atZ = Math.abs(rows[at + z.axis]! - z.positions[k]!) + Math.abs(rows[step + z.axis]!);
      worst[0] = Math.max(worst[0], along);
      worst[1] = Math.max(worst[1], atY);
      worst[2] = Math.max(worst[2], atZ);
    }
  }
  return worst;
}

/** Whole numbers and fractions of a position, so that float32 holds both parts to 1e-7 voxel. */
export interface SplitPositions {
  readonly origin: Vec3;
  /** Shift in voxels of the image for every index along x, then y, then z of the grid: x, y, z of each. */
  readonly shifts: readonly Float64Array[];
}

/** Positions of a rotated grid: the sum of one shift per axis. */
export function rotatedPositions(grid: Geometry, image: Geometry): SplitPositions {
  const { origin, columns } = affine(grid, image);
  const shifts = columns.map((column, axis) => {
    const n = grid.size[axis]!;
    return Float64Array.from({ length: 3 * n }, (_, k) => (Math.floor(k / 3) / n) * column[k % 3]!);
  });
  return { origin: origin as unknown as Vec3, shifts };
}

/** Whether a position lies in the image as ITK decides it: half a voxel beyond the outer centres, the upper end excluded. */
export const inside = (position: number, length: number): boolean => position >= -0.5 && position < length - 0.5;
