/** From slices to a grid: order, spacing and direction, and what is wrong with them. */
import { PipelineError } from '../../../pipeline/errors.ts';
import type { Geometry, Vec3 } from '../../../pipeline/volume.ts';
import type { Slice } from './slices.ts';

/** Largest difference of direction cosines within a stack: 0.06 degrees, a quarter of a millimetre across 256. */
export const directionTolerance = 1e-3;
/** Largest relative difference of pixel spacings within a stack. */
export const pixelSpacingTolerance = 1e-3;
/** A slice may lie beside its place on the regular grid by this part of the slice distance... */
export const placeTolerance = 0.05;
/** ... or by this much, mm: positions are often rounded to hundredths. */
export const roundingTolerance = 0.01;
/** Slices closer than this, mm, lie at the same place. */
export const samePlace = 1e-3;
/** In-plane shift of a slice off the line through the first and last, or of the last off the normal, in pixels. */
export const shiftTolerance = 0.5;

/** Slices shown in a message. */
const shownSlices = 4;

const dot = (a: readonly number[], b: readonly number[]): number => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
const minus = (a: readonly number[], b: readonly number[]): Vec3 => [a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!];
const length = (a: readonly number[]): number => Math.hypot(a[0]!, a[1]!, a[2]!);
const unit = (a: readonly number[]): Vec3 => {
  const norm = length(a);
  return [a[0]! / norm, a[1]! / norm, a[2]! / norm];
};
const cross = (a: readonly number[], b: readonly number[]): Vec3 => [
  a[1]! * b[2]! - a[2]! * b[1]!,
  a[2]! * b[0]! - a[0]! * b[2]!,
  a[0]! * b[1]! - a[1]! * b[0]!,
];

/** Up to four decimals. */
export const shownNumber = (x: number): string => String(Math.round(x * 1e4) / 1e4);

const badSeries = (message: string) => new PipelineError('BadSeries', message);

interface Axes {
  readonly row: Vec3;
  readonly column: Vec3;
  readonly normal: Vec3;
}

/**
 * The unit axes of a slice's plane.
 * @throws PipelineError BadSeries where the direction cosines are no two perpendicular unit vectors
 */
export function axesOf({ orientation, name }: Slice): Axes {
  const cosines = orientation as readonly number[];
  const [row, column] = [cosines.slice(0, 3), cosines.slice(3, 6)];
  const off = Math.max(Math.abs(length(row) - 1), Math.abs(length(column) - 1), Math.abs(dot(row, column)));
  // Cosines are written with few digits by some scanners.
  if (!(off <= 1e-2)) {
    throw badSeries(
      `${name}: expected two perpendicular unit vectors as orientation, found ${cosines.map(shownNumber).join(' ')}; export the series again`,
    );
  }
  return { row: unit(row), column: unit(column), normal: unit(cross(row, column)) };
}

/** Where a slice lies along a normal, mm; 0 for one without position. */
export const placeOf = ({ position }: Slice, normal: Vec3): number => (position ? dot(position, normal) : 0);

interface Placed {
  readonly slice: Slice;
  readonly place: number;
}

const shownPlaced = ({ slice, place }: Placed): string => `${slice.name} at ${shownNumber(place)} mm`;

/** Names of slices for a message; only the first where there are many. */
function list<T>(items: readonly T[], show: (item: T) => string): string {
  const rest = items.length - shownSlices;
  return items.slice(0, shownSlices).map(show).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Whether numbers differ by more than a tolerance; NaN differs from everything. */
export const differs = (a: readonly number[], b: readonly number[], tolerance: number): boolean =>
  a.some((x, i) => !(Math.abs(x - b[i]!) <= tolerance));

/**
 * Whether all slices have the same size, storage, orientation and pixel spacing.
 * @throws PipelineError BadSeries naming those that differ from the first
 */
export function checkAlike(slices: readonly Slice[]): void {
  const first = slices[0]!;
  const { rows, columns } = first.format;
  const sizeOf = ({ format }: Slice) => `${format.columns} x ${format.rows}`;
  const sizes = slices.filter(({ format }) => format.rows !== rows || format.columns !== columns);
  if (sizes.length > 0) {
    throw badSeries(
      `expected slices of one size, found ${sizeOf(first)} in ${first.name} and ${list(sizes, (s) => `${sizeOf(s)} in ${s.name}`)}; separate them`,
    );
  }
  const unplaced = slices.filter((s) => !s.position || !s.orientation);
  if (unplaced.length > 0) {
    throw badSeries(
      `expected a position and an orientation of every slice, found none in ${list(unplaced, (s) => s.name)}; remove them`,
    );
  }
  const turned = slices.filter((s) => differs(s.orientation!, first.orientation!, directionTolerance));
  if (turned.length > 0) {
    const shown = (s: Slice) => `${s.orientation!.map(shownNumber).join(' ')} in ${s.name}`;
    throw badSeries(
      `expected slices of one orientation, found ${shown(first)} and ${list(turned, shown)}; separate them`,
    );
  }
  const spacing = first.pixelSpacing;
  const scaled = slices.filter(
    (s) =>
      !s.pixelSpacing !== !spacing ||
      (spacing &&
        differs(
          s.pixelSpacing!.map((d, i) => d / spacing[i]!),
          [1, 1],
          pixelSpacingTolerance,
        )),
  );
  if (scaled.length > 0) {
    const shown = (s: Slice) => `${s.pixelSpacing?.map(shownNumber).join(' x ') ?? 'none'} in ${s.name}`;
    throw badSeries(
      `expected slices of one pixel spacing, found ${shown(first)} and ${list(scaled, shown)}; separate them`,
    );
  }
  const stored = (s: Slice) => `${s.format.samples} ${s.format.type}`;
  const other = slices.filter((s) => stored(s) !== stored(first) || s.format.inverted !== first.format.inverted);
  if (other.length > 0) {
    throw badSeries(
      `expected slices with pixels of one kind, found others than in ${first.name} in ${list(other, (s) => s.name)}; separate them`,
    );
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/**
 * Whether sorted slices lie once each at regular places.
 * @throws PipelineError BadSeries naming the slices
 */
function checkPlaces(placed: readonly Placed[]): void {
  const gaps = placed.slice(1).map(({ place }, i) => place - placed[i]!.place);
  const doubled = gaps.flatMap((gap, i) => (gap <= samePlace ? [i] : []));
  if (doubled.length > 0) {
    throw badSeries(
      `expected one slice at each position, found doubled slices: ${list(doubled, (i) => `${shownPlaced(placed[i]!)} and ${placed[i + 1]!.slice.name}`)}; remove one of each, or choose a phase`,
    );
  }
  const usual = median(gaps);
  const tolerance = Math.max(placeTolerance * usual, roundingTolerance);
  // A gap of whole multiples of the usual one; the rounding of both ends adds up.
  const missing = gaps.flatMap((gap, i) => {
    const steps = Math.round(gap / usual);
    return steps > 1 && Math.abs(gap - steps * usual) <= 2 * tolerance ? [{ i, count: steps - 1 }] : [];
  });
  if (missing.length > 0) {
    throw badSeries(
      `expected a slice every ${shownNumber(usual)} mm, found missing slices: ${list(missing, ({ i, count }) => `${count} between ${shownPlaced(placed[i]!)} and ${shownPlaced(placed[i + 1]!)}`)}; add them`,
    );
  }
  const step = (placed.at(-1)!.place - placed[0]!.place) / gaps.length;
  const offPlace = placed.filter(({ place }, i) => Math.abs(place - placed[0]!.place - i * step) > tolerance);
  const offGap = gaps.flatMap((gap, i) => (Math.abs(gap - usual) > 2 * tolerance ? [i] : []));
  if (offPlace.length === 0 && offGap.length === 0) return;
  const shown =
    offGap.length > 0
      ? list(
          offGap,
          (i) => `${shownNumber(gaps[i]!)} mm between ${shownPlaced(placed[i]!)} and ${shownPlaced(placed[i + 1]!)}`,
        )
      : list(offPlace, shownPlaced);
  throw badSeries(
    `expected slices every ${shownNumber(usual)} mm (within ${shownNumber(tolerance)} mm), found uneven spacing: ${shown}; resample the series to even spacing first`,
  );
}

/** The direction of the third axis: from slice to slice, which may lean off the normal by half a pixel over the stack. */
function stepOf(placed: readonly Placed[], { row, column, normal }: Axes, [dy, dx]: readonly [number, number]): Vec3 {
  const first = placed[0]!.slice.position!;
  const whole = minus(placed.at(-1)!.slice.position!, first);
  const steps = placed.length - 1;
  const shifted = placed.filter(({ slice }, i) => {
    const off = minus(slice.position!, first).map((x, axis) => x - (i / steps) * whole[axis]!);
    return Math.abs(dot(off, row)) > shiftTolerance * dx || Math.abs(dot(off, column)) > shiftTolerance * dy;
  });
  if (shifted.length > 0) {
    throw badSeries(
      `expected slices above each other, found some shifted in their plane: ${list(shifted, shownPlaced)}; separate the stacks`,
    );
  }
  const lean = [dot(whole, row), dot(whole, column)] as const;
  if (Math.abs(lean[0]) > shiftTolerance * dx || Math.abs(lean[1]) > shiftTolerance * dy) {
    throw badSeries(
      `expected slices stacked along their normal, found them leaning by ${shownNumber(Math.hypot(...lean))} mm over the stack (gantry tilt), from ${shownPlaced(placed[0]!)} to ${shownPlaced(placed.at(-1)!)}; resample the series to an upright grid first`,
    );
  }
  return dot(whole, normal) === 0 ? normal : unit(whole);
}

/** Slices in the order of the image's z axis, and the grid they make. */
export interface Stack {
  readonly slices: readonly Slice[];
  readonly geometry: Geometry;
}

/** Pixel spacing, or the caller's where the header has none. */
function spacingOf(
  { name, pixelSpacing }: Slice,
  override: readonly [number, number] | undefined,
): readonly [number, number] {
  const spacing = pixelSpacing ?? override;
  if (spacing) return spacing;
  throw new PipelineError(
    'MissingSpacing',
    `${name}: expected a pixel spacing, found none (neither PixelSpacing nor ImagerPixelSpacing); state it as pixelSpacing [between rows, between columns] in mm (--pixel-spacing 0.07,0.07)`,
  );
}

/** Images without position: one is 2D; frames of one file without positions are a stack where their distance is known. */
function unplacedStack(slices: readonly Slice[], override: readonly [number, number] | undefined): Stack {
  const first = slices[0]!;
  const [dy, dx] = spacingOf(first, override);
  const { rows, columns } = first.format;
  const direction = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const origin: Vec3 = [0, 0, 0];
  if (slices.length === 1) {
    return { slices, geometry: { dimension: 2, size: [columns, rows, 1], spacing: [dx, dy, 1], origin, direction } };
  }
  const dz = first.sliceSpacing;
  if (!dz || dz < 0) {
    throw new PipelineError(
      'MissingSpacing',
      `${first.name}: expected a distance between the frames, found none; convert the file with its geometry`,
    );
  }
  const size: Vec3 = [columns, rows, slices.length];
  return { slices, geometry: { dimension: 3, size, spacing: [dx, dy, dz], origin, direction } };
}

/**
 * Sorts slices by their position along the normal and makes their grid.
 *
 * The third axis points along the normal (row x column), its spacing is the mean distance from slice to slice. Tolerances
 * are those above. A single slice with a position is a 3D image of one layer (spacing by SpacingBetweenSlices, else
 * SliceThickness, else 1 mm), without a position it is 2D.
 * @param override pixel spacing [between rows, between columns] in mm, for headers without one
 * @throws PipelineError BadSeries naming the slices; MissingSpacing
 */
export function stackSlices(slices: readonly Slice[], override?: readonly [number, number]): Stack {
  if (slices.every((s) => !s.position) && new Set(slices.map((s) => s.file)).size === 1) {
    return unplacedStack(slices, override);
  }
  checkAlike(slices);
  const first = slices[0]!;
  const axes = axesOf(first);
  const placed = slices
    .map((slice) => ({ slice, place: placeOf(slice, axes.normal) }))
    .toSorted((a, b) => a.place - b.place || a.slice.instance - b.slice.instance || a.slice.frame - b.slice.frame);
  const [dy, dx] = spacingOf(first, override);
  if (placed.length > 1) checkPlaces(placed);
  const third = placed.length > 1 ? stepOf(placed, axes, [dy, dx]) : axes.normal;
  const origin = placed[0]!.slice.position!;
  const depth = placed.length > 1 ? length(minus(placed.at(-1)!.slice.position!, origin)) / (placed.length - 1) : 0;
  const alone = first.sliceSpacing && first.sliceSpacing > 0 ? first.sliceSpacing : 1;
  const { row, column } = axes;
  return {
    slices: placed.map(({ slice }) => slice),
    geometry: {
      dimension: 3,
      size: [first.format.columns, first.format.rows, placed.length],
      spacing: [dx, dy, depth || alone],
      origin,
      direction: [0, 1, 2].flatMap((i) => [row[i]!, column[i]!, third[i]!]),
    },
  };
}
