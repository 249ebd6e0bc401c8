/** What to do with a mask whose grid is not that of its image. */
import { PipelineError } from './errors.ts';
import {
  alignMask,
  compareGeometry,
  defaultTolerance,
  describeMismatch,
  indexToPhysical,
  physicalToIndex,
} from './geometry.ts';
import type { LabelUnion } from './selection.ts';
import type { Settings } from './settings.ts';
import type { Geometry, ImageGrid, Mask, Vec3, VoxelArray } from './volume.ts';

/**
 * `strict`: refused, as PyRadiomics does. `resample-mask`: nearest neighbour onto the image, PyRadiomics' correctMask.
 * `ignore-tiny`: small differences are taken for errors of the header, the mask's voxels for those of the image.
 */
export const geometryModes = ['strict', 'resample-mask', 'ignore-tiny'] as const;
export type GeometryMode = (typeof geometryModes)[number];

/** What counts as tiny; sizes must be equal. */
export interface TinyDifference {
  /** Of the centres of voxels with the same index, in voxels of the image along each of its axes. */
  readonly offset: number;
  /** Of spacings, relative to the image's. */
  readonly spacing: number;
  /** Of direction cosines. */
  readonly direction: number;
}

/** Half a voxel is a common confusion of a voxel's corner with its centre. */
export const tinyDifference: TinyDifference = { offset: 0.5, spacing: 1e-3, direction: 1e-3 };
/** Decimal texts make half a voxel a little more than that. */
const rounding = 1e-3;

/** Calls `visit` with the index of every corner voxel of a grid, along its own axes. */
function cornerVoxels({ size, dimension }: Geometry): Vec3[] {
  return Array.from({ length: 2 ** dimension }, (_, corner) => {
    const at = (axis: number) => (corner >> axis) & 1 && size[axis]! - 1;
    return [at(0), at(1), at(2)];
  });
}

/** Index in the image of each corner voxel of the mask, less its index in the mask. */
function cornerShifts(image: Geometry, mask: Geometry): number[][] {
  const toIndex = physicalToIndex(image);
  return cornerVoxels(mask).map((corner) => toIndex(indexToPhysical(mask, corner)).map((x, i) => x - corner[i]!));
}

const largest = (values: readonly number[]): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** How far apart two grids of the same size are. */
function differenceOf(image: Geometry, mask: Geometry): TinyDifference {
  return {
    offset: largest(cornerShifts(image, mask).flat()),
    spacing: largest(mask.spacing.map((s, i) => s / image.spacing[i]! - 1)),
    direction: largest(mask.direction.map((c, i) => c - image.direction[i]!)),
  };
}

const sameSize = (image: Geometry, mask: Geometry): boolean =>
  image.dimension === mask.dimension && image.size.every((n, i) => n === mask.size[i]);

const isTiny = (found: TinyDifference, limit: TinyDifference): boolean =>
  found.offset <= limit.offset + rounding && found.spacing <= limit.spacing && found.direction <= limit.direction;

/** The voxels of a mask on the grid of an image of the same size. */
function withGrid({ data }: Mask, { dimension, size, spacing, origin, direction }: Geometry): Mask {
  return { dimension, size, spacing, origin, direction, data };
}

/** What to pass in place of the mode that refused. */
function advice(image: Geometry, mask: Geometry, mode: GeometryMode, limit: TinyDifference): string {
  const own = 'Pass the mask of this image';
  if (image.dimension !== mask.dimension) return own;
  const resample = `${own}, or resample it to the image (--geometry resample-mask, setting correctMask=true)`;
  if (!sameSize(image, mask)) return resample;
  const found = differenceOf(image, mask);
  const size = `voxels are up to ${found.offset.toPrecision(3)} voxels apart`;
  if (mode === 'strict' && isTiny(found, limit)) {
    return `${resample}, or take its voxels as they are (--geometry ignore-tiny): ${size}`;
  }
  return `${resample}; for ignore-tiny it is too far off: ${size}, spacings differ by up to ${(100 * found.spacing).toPrecision(2)} %, allowed are ${limit.offset} voxels, ${100 * limit.spacing} % and ${limit.direction} in direction cosines`;
}

/** What `ignore-tiny` passed over, as a sentence. */
export function ignoredDifference(image: Geometry, mask: Geometry): string {
  const { offset } = differenceOf(image, mask);
  return `the grids of image and mask differ by up to ${offset.toPrecision(3)} voxels, which was ignored (ignore-tiny)`;
}

export interface AlignOptions {
  readonly mode: GeometryMode;
  readonly settings: Settings;
  /** Regions that `resample-mask` requires inside the image; default the setting `label`. */
  readonly labels?: readonly (number | LabelUnion)[] | 'all';
  /** Default `tinyDifference`. */
  readonly tiny?: TinyDifference;
}

/**
 * The mask on the grid of the image: itself where the grids agree (setting geometryTolerance), else what the mode says.
 * @throws PipelineError GeometryMismatch with both grids, their difference and what to pass; RoiOutsideImage where
 * resampling would lose a part of a region
 */
export async function alignMaskTo(
  image: Geometry,
  mask: Mask,
  { mode, settings, labels, tiny = tinyDifference }: AlignOptions,
): Promise<Mask> {
  const tolerance = settings.geometryTolerance ?? defaultTolerance;
  const differences = compareGeometry(image, mask, tolerance);
  if (differences.length === 0) return mask;
  const resample = mode === 'resample-mask' && image.dimension === mask.dimension;
  if (resample) return alignMask(image, mask, { ...settings, correctMask: true }, labels);
  if (mode === 'ignore-tiny' && sameSize(image, mask) && isTiny(differenceOf(image, mask), tiny)) {
    return withGrid(mask, image);
  }
  throw new PipelineError(
    'GeometryMismatch',
    `${describeMismatch(image, mask, differences, tolerance)}. ${advice(image, mask, mode, tiny)}`,
  );
}

/** Rounding of a coordinate in single precision, several times over: products with spacings and directions add up. */
const singleRounding = 2 ** -21;

/**
 * A mask on the grid of its DICOM image where the two differ by no more than single precision, in which NIfTI files hold
 * theirs; otherwise the mask as it is. Images of other formats are left to the tolerance of PyRadiomics.
 */
export function placeSinglePrecision(image: ImageGrid, mask: Mask): Mask {
  if (!image.decimal || !sameSize(image, mask) || !mask.origin.every((x) => Math.fround(x) === x)) return mask;
  const places = cornerVoxels(image).map((corner) => indexToPhysical(image, corner));
  const allowed = singleRounding * largest(places.flat());
  const near = cornerVoxels(mask).every((corner, n) => {
    const place = indexToPhysical(mask, corner);
    return place.every((x, i) => Math.abs(x - places[n]![i]!) <= allowed);
  });
  return near ? withGrid(mask, image) : mask;
}

/**
 * Refuses a mask whose voxels are not those of the image, by ITK's rule.
 * @throws PipelineError GeometryMismatch with both grids, their difference and what to pass
 */
export function requireSameGrid(image: Geometry, mask: Geometry, tolerance = defaultTolerance): void {
  const differences = compareGeometry(image, mask, tolerance);
  if (differences.length === 0) return;
  throw new PipelineError(
    'GeometryMismatch',
    `${describeMismatch(image, mask, differences, tolerance)}. ${advice(image, mask, 'strict', tinyDifference)}`,
  );
}

/**
 * A mask that covers another part of its image's grid, such as a segmentation of some slices, on the whole grid: voxels
 * are moved, not resampled; those that the mask lacks are background.
 * @param tolerance how far voxel centres of the two grids may lie apart along an axis of the image, in voxels
 * @returns undefined where the mask's voxels are not those of the image
 * @throws PipelineError RoiOutsideImage where labelled voxels lie outside of the image
 */
export function placeMask(image: Geometry, mask: Mask, tolerance: number): Mask | undefined {
  if (image.dimension !== mask.dimension) return undefined;
  const shifts = cornerShifts(image, mask);
  const shift = shifts[0]!.map((x) => Math.round(x));
  if (shifts.some((corner) => corner.some((x, i) => !(Math.abs(x - shift[i]!) <= tolerance)))) return undefined;
  const [dx, dy, dz] = [shift[0]!, shift[1]!, shift[2] ?? 0];
  if (dx === 0 && dy === 0 && dz === 0 && sameSize(image, mask)) return withGrid(mask, image);
  const [nx, ny, nz] = image.size;
  const [mx, my, mz] = mask.size;
  const data = new (mask.data.constructor as new (length: number) => VoxelArray)(nx * ny * nz);
  const [first, end] = [Math.max(0, -dx), Math.min(mx, nx - dx)];
  let moved = 0;
  for (let z = 0; z < mz; z++) {
    for (let y = 0; y < my; y++) {
      const inside = z + dz >= 0 && z + dz < nz && y + dy >= 0 && y + dy < ny && first < end;
      const row = mx * (y + my * z);
      if (inside) data.set(mask.data.subarray(row + first, row + end), first + dx + nx * (y + dy + ny * (z + dz)));
      moved += inside ? end - first : 0;
    }
  }
  if (moved < mask.data.length) checkNothingLost(image, mask, data);
  return withGrid({ ...mask, data }, image);
}

function checkNothingLost(image: Geometry, mask: Mask, placed: VoxelArray): void {
  const labelled = (data: VoxelArray) => {
    let count = 0;
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
    return count;
  };
  const lost = labelled(mask.data) - labelled(placed);
  if (lost === 0) return;
  throw new PipelineError(
    'RoiOutsideImage',
    `expected a mask inside the image of ${image.size.join(' x ')} voxels, found ${lost} labelled voxels outside of it; pass the image of this mask`,
  );
}
