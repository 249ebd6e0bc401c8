/** Physical grids: whether two agree, and how a mask comes onto the grid of its image, as ITK and PyRadiomics decide it. */
import { type Box, boxSize, boxUnion } from './box.ts';
import { gridOf } from './device-volume.ts';
import { PipelineError } from './errors.ts';
import { findMaskLabels, type LabelUnion, labelUnions } from './selection.ts';
import type { Settings } from './settings.ts';
import { inverse } from './svd.ts';
import type { Geometry, Mask, Vec3, VoxelArray } from './volume.ts';

/** ITK's default tolerance, relative to the first spacing for positions and absolute for direction cosines. */
export const defaultTolerance = 1e-6;
/** PyRadiomics' tolerance for regions at the border of the image, in voxels (imageoperations._checkROI). */
const borderTolerance = 1e-3;

const differs = (a: readonly number[], b: readonly number[], tolerance: number): boolean =>
  a.some((x, i) => !(Math.abs(x - b[i]!) <= tolerance));
const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

/**
 * How a mask's grid differs from its image's, by the rule of ITK's ImageToImageFilter::VerifyInputInformation.
 * @param tolerance of origin and spacing relative to the image's first spacing, of direction cosines absolute
 * @returns one phrase per difference; empty where the grids agree
 */
export function compareGeometry(image: Geometry, mask: Geometry, tolerance = defaultTolerance): string[] {
  const distance = Math.abs(tolerance * image.spacing[0]);
  const found: string[] = [];
  if (image.dimension !== mask.dimension) found.push(`the image is ${image.dimension}D, the mask ${mask.dimension}D`);
  if (differs(image.size, mask.size, 0))
    found.push(`sizes differ by ${image.size.map((n, i) => n - mask.size[i]!).join(', ')} voxels`);
  if (differs(image.spacing, mask.spacing, distance)) {
    found.push(`spacings differ by up to ${largest(image.spacing, mask.spacing).toPrecision(3)} mm`);
  }
  if (differs(image.origin, mask.origin, distance)) {
    found.push(`origins differ by up to ${largest(image.origin, mask.origin).toPrecision(3)} mm`);
  }
  if (differs(image.direction, mask.direction, tolerance)) {
    found.push(`direction cosines differ by up to ${largest(image.direction, mask.direction).toPrecision(3)}`);
  }
  return found;
}

function describe({ size, spacing, origin, direction }: Geometry): string {
  return `${size.join(' x ')} voxels of ${spacing.join(' x ')} mm, origin (${origin.join(', ')}), direction (${direction.join(' ')})`;
}

/** Both grids and the differences that `compareGeometry` found. */
export const describeMismatch = (
  image: Geometry,
  mask: Geometry,
  differences: readonly string[],
  tolerance: number,
): string => `image ${describe(image)}; mask ${describe(mask)}; ${differences.join('; ')} (tolerance ${tolerance})`;

/** Both grids, the differences that `compareGeometry` found, and what to do. */
export function geometryMismatchMessage(
  image: Geometry,
  mask: Geometry,
  differences: readonly string[],
  tolerance = defaultTolerance,
): string {
  const small = image.dimension === mask.dimension && !differs(image.size, mask.size, 0);
  const gap = Math.max(largest(image.spacing, mask.spacing), largest(image.origin, mask.origin)) / image.spacing[0];
  const needed = Math.max(gap, largest(image.direction, mask.direction)) * 1.01;
  // A mask that lies elsewhere is not accepted by any tolerance that makes sense.
  const accept =
    small && needed < 1 ? `, or geometryTolerance=${needed.toPrecision(2)} to accept the mask as it is` : '';
  return `${describeMismatch(image, mask, differences, tolerance)}. Pass the mask of this image, or set correctMask=true to resample the mask to the image${accept}`;
}

/** Row-major matrix from voxel indices to millimetres, without the origin. */
function indexMatrix({ dimension: n, direction, spacing }: Geometry): number[] {
  return Array.from({ length: n * n }, (_, k) => direction[3 * Math.floor(k / n) + (k % n)]! * spacing[k % n]!);
}

function multiply(matrix: readonly number[], n: number, vector: readonly number[]): number[] {
  return Array.from({ length: n }, (_, row) => {
    let sum = 0;
    for (let c = 0; c < n; c++) sum += matrix[row * n + c]! * vector[c]!;
    return sum;
  });
}

const padded = (values: readonly number[]): Vec3 => [values[0]!, values[1]!, values[2] ?? 0];

/** Physical position (LPS, mm) of a continuous voxel index. */
export function indexToPhysical(geometry: Geometry, index: readonly number[]): Vec3 {
  return padded(multiply(indexMatrix(geometry), geometry.dimension, index).map((sum, i) => sum + geometry.origin[i]!));
}

/**
 * The grid of the voxels of a box.
 * @throws PipelineError BadSetting where the box is not inside the grid
 */
export function boxGrid(grid: Geometry, box: Box): Geometry {
  const { first, last } = box;
  if (![0, 1, 2].every((a) => 0 <= first[a]! && first[a]! <= last[a]! && last[a]! < grid.size[a]!)) {
    throw new PipelineError(
      'BadSetting',
      `expected a box inside ${grid.size.join(' x ')} voxels, found ${first.join(', ')} to ${last.join(', ')}; clip the box`,
    );
  }
  return { ...gridOf(grid), size: boxSize(box), origin: indexToPhysical(grid, first) };
}

/** From physical positions (LPS, mm) to continuous voxel indices; two of them in a 2D image. */
export function physicalToIndex(geometry: Geometry): (point: readonly number[]) => number[] {
  const { dimension: n, origin } = geometry;
  const matrix = inverse(indexMatrix(geometry), n);
  return (point) =>
    multiply(
      matrix,
      n,
      point.slice(0, n).map((x, i) => x - origin[i]!),
    );
}

/** Writes the continuous index of a voxel x, y, z to `out` from `at` on: as many numbers as the grids have dimensions. */
export type IndexMap = (x: number, y: number, z: number, out: Float64Array, at: number) => void;

/** From voxels of one grid to continuous indices of another, in the order of operations of ITK's ResampleImageFilter. */
export function indexMap(from: Geometry, to: Geometry): IndexMap {
  const n = from.dimension;
  const toPhysical = Float64Array.from(indexMatrix(from));
  const toIndex = Float64Array.from(inverse(indexMatrix(to), n));
  const offset = new Float64Array(n);
  return (x, y, z, out, at) => {
    for (let row = 0; row < n; row++) {
      let sum = from.origin[row]!;
      sum += toPhysical[row * n]! * x;
      sum += toPhysical[row * n + 1]! * y;
      if (n === 3) sum += toPhysical[row * n + 2]! * z;
      offset[row] = sum - to.origin[row]!;
    }
    for (let row = 0; row < n; row++) {
      let sum = 0;
      for (let c = 0; c < n; c++) sum += toIndex[row * n + c]! * offset[c]!;
      out[at + row] = sum;
    }
  };
}

/** `indexMap` for single voxels. */
export function gridToGrid(from: Geometry, to: Geometry): (index: readonly number[]) => number[] {
  const map = indexMap(from, to);
  const out = new Float64Array(from.dimension);
  return ([x = 0, y = 0, z = 0]) => {
    map(x, y, z, out, 0);
    return Array.from(out);
  };
}

/**
 * PyRadiomics' check that a region lies inside the image before its mask is resampled (imageoperations._checkROI):
 * the outer corners of its first and last voxel, in voxels of the image.
 * @param box of the region in voxels of the mask
 * @throws PipelineError RoiOutsideImage
 */
export function checkRoiInside(image: Geometry, mask: Geometry, box: Box, name: string): void {
  const toIndex = physicalToIndex(image);
  const corners = [box.first.map((x) => x - 0.5), box.last.map((x) => x + 0.5)].map((corner) =>
    toIndex(indexToPhysical(mask, corner)),
  );
  const [a, b] = corners as [number[], number[]];
  const outside = a.some((_, axis) => {
    const [low, high] = [Math.min(a[axis]!, b[axis]!), Math.max(a[axis]!, b[axis]!)];
    return low < -0.5 - borderTolerance || high > image.size[axis]! - 0.5 + borderTolerance;
  });
  if (!outside) return;
  const text = (corner: number[]) => `(${corner.map((x) => x.toFixed(2)).join(', ')})`;
  throw new PipelineError(
    'RoiOutsideImage',
    `label ${name}: the region reaches from ${text(a)} to ${text(b)} in voxels of the image, which has ${image.size.join(' x ')}; pass the mask of this image`,
  );
}

/** Nearest integer, halves up, as ITK computes it: half of 2x + 0.5 rounded to even, rounded down. */
function roundHalfUp(x: number): number {
  const twice = 2 * x + 0.5;
  const down = Math.floor(twice);
  const rest = twice - down;
  const rounded = rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
  return Math.floor(rounded / 2);
}

/**
 * Nearest-neighbour resampling of a mask to the grid of an image; voxels outside the mask become 0.
 * Voxel for voxel the result of ITK's ResampleImageFilter with the identity transform, which interpolates positions
 * along each row of the image.
 * @param image the grid, of the same dimension as the mask
 */
export function resampleMaskToImage(mask: Mask, image: Geometry): Mask {
  const { dimension, size, spacing, origin, direction } = image;
  const [nx, ny, nz] = size;
  const n = dimension;
  const data = new (mask.data.constructor as new (length: number) => VoxelArray)(nx * ny * nz);
  const toMask = gridToGrid(image, mask);
  const strides = [1, mask.size[0], mask.size[0] * mask.size[1]];
  let voxel = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const start = toMask([0, y, z]);
      const step = toMask([nx, y, z]).map((end, i) => end - start[i]!);
      for (let x = 0; x < nx; x++, voxel++) {
        const along = x / nx;
        let source = 0;
        for (let i = 0; i < n && source >= 0; i++) {
          const index = start[i]! + along * step[i]!;
          const inside = index >= -0.5 && index < mask.size[i]! - 0.5;
          source = inside ? source + strides[i]! * roundHalfUp(index) : -1;
        }
        if (source >= 0) data[voxel] = mask.data[source]!;
      }
    }
  }
  return { dimension, size, spacing, origin, direction, data };
}

/** The box of the labels asked for, by region; labels that the mask lacks are left to the selection's own check. */
function regionBoxes(
  mask: Mask,
  settings: Settings,
  labels: readonly (number | LabelUnion)[] | 'all' | undefined,
): [string, Box][] {
  const known = findMaskLabels(mask);
  return labelUnions(known, labels, settings.label).flatMap((union): [string, Box][] => {
    const boxes = known.found.filter((f) => union.includes(known.packed.valueOf(f.index))).map((f) => f.box);
    return boxes.length > 0 ? [[union.join('+'), boxes.reduce(boxUnion)]] : [];
  });
}

/**
 * The mask on the grid of the image: itself where the grids agree, resampled with the setting correctMask.
 * @throws PipelineError GeometryMismatch without correctMask, RoiOutsideImage with it
 */
export async function alignMask(
  image: Geometry,
  mask: Mask,
  settings: Settings,
  labels?: readonly (number | LabelUnion)[] | 'all',
): Promise<Mask> {
  const tolerance = settings.geometryTolerance ?? defaultTolerance;
  const differences = compareGeometry(image, mask, tolerance);
  if (differences.length === 0) return mask;
  if (!settings.correctMask || image.dimension !== mask.dimension) {
    throw new PipelineError('GeometryMismatch', geometryMismatchMessage(image, mask, differences, tolerance));
  }
  for (const [name, box] of regionBoxes(mask, settings, labels)) checkRoiInside(image, mask, box, name);
  return resampleMaskToImage(mask, image);
}
