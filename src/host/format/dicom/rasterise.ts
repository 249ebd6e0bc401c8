/**
 * Contours of structures to voxels of an image.
 *
 * The rule: a voxel belongs to a structure if its centre lies inside an odd number of the contours on its slice, so that
 * a contour inside another one is a hole and keyhole channels vanish. Centres on an edge follow the half-open scanline
 * rule: those on a left or upper edge are inside, those on a right or lower one outside, so that neighbouring contours
 * with a common edge share no voxel. Nothing is filled in between slices.
 *
 * All of it happens in the index space of the image, whatever its orientation, on the contours as stored. Positions are
 * only rid of the noise of the float64 affine (1e-12 voxel) by rounding to 2^-20 voxel, so that corners on voxel centres of
 * oblique images are on them and the rule of edges decides. Coarser rounding moves contours: 1/1024 voxel changes voxels.
 */
import { PipelineError } from '../../../pipeline/errors.ts';
import { physicalToIndex } from '../../../pipeline/geometry.ts';
import type { Geometry, Mask, Vec3 } from '../../../pipeline/volume.ts';
import type { Contour, Structure } from './rtstruct.ts';

export interface RasteriseOptions {
  /** Largest distance of a contour's points from the slice they are taken for, in slice distances. Default 0.1, at most 0.5. */
  readonly planeTolerance?: number;
}

const defaultPlaneTolerance = 0.1;
/** Positions per voxel and axis, see above. */
const subdivisions = 2 ** 20;

/** A contour in voxels of the image. */
interface PlacedContour {
  readonly number: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Least and greatest index of its corners along x, y and across the slices. */
  readonly low: Vec3;
  readonly high: Vec3;
}

const named = ({ number, name }: Structure): string => `structure ${number} "${name}"`;
const rounded = (x: number): number => Math.round(x * subdivisions) / subdivisions;

function place({ number, points }: Contour, toIndex: (point: readonly number[]) => number[]): PlacedContour {
  const count = points.length / 3;
  const [x, y] = [new Float64Array(count), new Float64Array(count)];
  const low: [number, number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high: [number, number, number] = [-low[0], -low[1], -low[2]];
  for (let i = 0; i < count; i++) {
    // A 2D image has one slice, on which everything lies.
    const [u, v, w = 0] = toIndex([points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!]);
    x[i] = rounded(u!);
    y[i] = rounded(v!);
    const corner = [x[i]!, y[i]!, w];
    for (let axis = 0; axis < 3; axis++) {
      low[axis] = Math.min(low[axis]!, corner[axis]!);
      high[axis] = Math.max(high[axis]!, corner[axis]!);
    }
  }
  return { number, x, y, low, high };
}

/** The first few of the contours with what is wrong with each. */
function list(contours: readonly PlacedContour[], describe: (contour: PlacedContour) => string): string {
  const shown = contours.slice(0, 5).map((contour) => `${contour.number} (${describe(contour)})`);
  return contours.length > 5 ? `${shown.join(', ')} and ${contours.length - 5} more` : shown.join(', ');
}

const range = ({ low, high }: PlacedContour, axis: number): string =>
  high[axis]! - low[axis]! < 0.005 ? low[axis]!.toFixed(2) : `${low[axis]!.toFixed(2)} to ${high[axis]!.toFixed(2)}`;

const sliceOf = ({ low, high }: PlacedContour): number => Math.round((low[2] + high[2]) / 2);

/** Every contour on its slice. */
function bySlice(
  structure: Structure,
  contours: readonly PlacedContour[],
  { size, dimension }: Geometry,
  tolerance: number,
): Map<number, PlacedContour[]> {
  const between = contours.filter((c) => {
    const slice = sliceOf(c);
    return !(slice - c.low[2] <= tolerance && c.high[2] - slice <= tolerance);
  });
  if (between.length > 0) {
    throw new PipelineError(
      'GeometryMismatch',
      `${named(structure)}: expected contours on the slices of the image, found ${between.length} of ${contours.length} between or across them: contours ${list(between, (c) => `at slice ${range(c, 2)}`)}, tolerance ${tolerance} of a slice distance; pass the image they were drawn on`,
    );
  }
  // Half a voxel beyond the outermost centres a contour may still run around the border; a whole one loses voxels.
  const outside = contours.filter((c) => {
    const slice = sliceOf(c);
    return !(slice >= 0 && slice < size[2] && [0, 1].every((axis) => c.low[axis]! > -1 && c.high[axis]! < size[axis]!));
  });
  if (outside.length > 0) {
    throw new PipelineError(
      'RoiOutsideImage',
      `${named(structure)}: expected contours inside the image of ${size.slice(0, dimension).join(' x ')} voxels, found ${outside.length} of ${contours.length} that reach beyond it: contours ${list(outside, (c) => `columns ${range(c, 0)}, rows ${range(c, 1)}, slice ${range(c, 2)}`)}; pass the image they were drawn on`,
    );
  }
  return Map.groupBy(contours, sliceOf);
}

/**
 * Marks, on each row whose centres the edge crosses, the first centre that is not left of the crossing. An edge holds its
 * upper end and not its lower one; both directions give the same marks, so that an edge run through twice leaves none.
 */
function markEdge(marks: Uint8Array, nx: number, ny: number, a: readonly number[], b: readonly number[]): void {
  const [[x0, y0], [x1, y1]] = (a[1]! <= b[1]! ? [a, b] : [b, a]) as [[number, number], [number, number]];
  const [dx, dy] = [x1 - x0, y1 - y0];
  const last = Math.min(ny, Math.ceil(y1)) - 1;
  for (let row = Math.max(0, Math.ceil(y0)); row <= last; row++) {
    // The crossing is at x0 + across / dy; comparing products spares the rounding of the division.
    const across = (row - y0) * dx;
    let column = Math.ceil(x0 + across / dy);
    if ((column - 1 - x0) * dy >= across) column--;
    else if ((column - x0) * dy < across) column++;
    if (column < nx) marks[row * nx + Math.max(0, column)]! ^= 1;
  }
}

function markContour(marks: Uint8Array, nx: number, ny: number, { x, y }: PlacedContour): void {
  let from = [x.at(-1)!, y.at(-1)!];
  for (let i = 0; i < x.length; i++) {
    const to = [x[i]!, y[i]!];
    markEdge(marks, nx, ny, from, to);
    from = to;
  }
}

/** First and last row of an image whose centres contours can hold. */
function rowsAround(contours: readonly PlacedContour[], ny: number): [number, number] {
  const low = contours.reduce((least, c) => Math.min(least, c.low[1]), Number.POSITIVE_INFINITY);
  const high = contours.reduce((most, c) => Math.max(most, c.high[1]), Number.NEGATIVE_INFINITY);
  return [Math.max(0, Math.ceil(low)), Math.min(ny - 1, Math.floor(high))];
}

/** Slices that hold no contour though their neighbours at equal distances do: drawn on thicker slices than the image's. */
function gapNote(structure: Structure, slices: readonly number[]): string[] {
  const sorted = slices.toSorted((a, b) => a - b);
  const steps = sorted.slice(1).map((slice, i) => slice - sorted[i]!);
  if (steps.length < 2 || Math.min(...steps) < 2) return [];
  return [
    `${named(structure)}: no two neighbouring slices have contours (at most every ${Math.min(...steps)}. slice); the slices between stay empty`,
  ];
}

/**
 * Turns structures into a label map on the grid of an image: label 1 is the first structure, and so on.
 * @param structures with contours in patient coordinates (LPS, mm)
 * @param image the grid; in a 2D image the third coordinate does not count
 * @returns the mask, and notes about what may surprise
 * @throws PipelineError GeometryMismatch naming contours that lie between or across slices, RoiOutsideImage naming those
 * that reach more than half a voxel beyond the image's border, OverlappingRegions where two structures have a voxel in common
 */
export function rasteriseStructures(
  structures: readonly Structure[],
  image: Geometry,
  { planeTolerance = defaultPlaneTolerance }: RasteriseOptions = {},
): { mask: Mask; notes: string[] } {
  if (!(planeTolerance >= 0 && planeTolerance <= 0.5)) {
    throw new PipelineError(
      'BadSetting',
      `plane tolerance: expected 0 to 0.5 slice distances, found ${planeTolerance}`,
    );
  }
  const { dimension, size, spacing, origin, direction } = image;
  const [nx, ny, nz] = size;
  const data = new (structures.length < 256 ? Uint8Array : Uint16Array)(nx * ny * nz);
  const marks = new Uint8Array(nx * ny);
  const toIndex = physicalToIndex(image);
  const notes: string[] = [];
  for (const [i, structure] of structures.entries()) {
    const label = i + 1;
    const shared = new Map<number, number>();
    const placed = structure.contours.map((contour) => place(contour, toIndex));
    const slices = bySlice(structure, placed, image, planeTolerance);
    let voxels = 0;
    for (const [slice, contours] of slices) {
      const [first, last] = rowsAround(contours, ny);
      marks.fill(0, first * nx, (last + 1) * nx);
      for (const contour of contours) markContour(marks, nx, ny, contour);
      for (let row = first; row <= last; row++) {
        let inside = 0;
        for (let x = 0, mark = row * nx, voxel = (slice * ny + row) * nx; x < nx; x++, mark++, voxel++) {
          inside ^= marks[mark]!;
          if (inside === 0) continue;
          voxels++;
          const other = data[voxel]!;
          if (other === 0) data[voxel] = label;
          else shared.set(other, (shared.get(other) ?? 0) + 1);
        }
      }
    }
    if (shared.size > 0) throw overlap(structure, structures, shared);
    if (voxels === 0) notes.push(`${named(structure)}: no voxel centre lies inside its contours`);
    notes.push(...gapNote(structure, [...slices.keys()]));
  }
  return { mask: { dimension, size, spacing, origin, direction, data }, notes };
}

function overlap(structure: Structure, all: readonly Structure[], shared: Map<number, number>): PipelineError {
  const found = [...shared].map(([label, voxels]) => `${voxels} voxels in common with ${named(all[label - 1]!)}`);
  return new PipelineError(
    'OverlappingRegions',
    `${named(structure)}: expected structures without common voxels, found ${found.join(', ')}; a label map holds one label per voxel, choose one of them at a time (--region)`,
  );
}
