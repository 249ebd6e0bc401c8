/** The grid of a segmentation: from the planes of its frames to a volume in which frames may be missing. */
import type { Geometry, Vec3 } from '../../../pipeline/volume.ts';
import { badDicom, type Dataset } from './dataset.ts';
import { tags } from './tags.ts';

/** Functional groups that apply to each frame: its own, else the shared ones. */
export interface FrameGroups {
  readonly count: number;
  /** The first item of a functional group of a frame. */
  group(frame: number, tag: string): Dataset | undefined;
}

/**
 * @throws PipelineError BadDicom where there are not as many frames as groups
 */
export function frameGroups(dataset: Dataset): FrameGroups {
  const shared = dataset.sequence(tags.sharedGroups)[0];
  const perFrame = dataset.sequence(tags.perFrameGroups);
  const count = dataset.integer(tags.numberOfFrames) ?? 1;
  if (count < 1 || (perFrame.length !== count && !(perFrame.length === 0 && count === 1))) {
    throw badDicom(
      dataset.name,
      `expected one item of (5200,9230) for each of ${count} frames, found ${perFrame.length}; export the segmentation again (tiled segmentations of slides are not read)`,
    );
  }
  return {
    count,
    group: (frame, tag) => perFrame[frame]?.sequence(tag)[0] ?? shared?.sequence(tag)[0],
  };
}

export interface SegGrid {
  readonly geometry: Geometry;
  /** Slice of each frame. */
  readonly slices: readonly number[];
  /** False for a segmentation of a 2D image, whose frames have no position: origin and directions are made up. */
  readonly located: boolean;
}

/** Largest difference of direction cosines and relative difference of pixel spacings within a segmentation. */
const sameAs = 1e-3;
/** Largest distance of a frame from its place in the volume, in voxels along each axis. */
const placeTolerance = 0.05;
/** More voxels than any volume has: damaged positions span them. */
const mostVoxels = 2 ** 31;

const dot = (a: readonly number[], b: readonly number[]): number => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
const minus = (a: readonly number[], b: readonly number[]): Vec3 => [a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!];
const unit = (a: readonly number[]): Vec3 => {
  const length = Math.sqrt(dot(a, a));
  return [a[0]! / length, a[1]! / length, a[2]! / length];
};
const cross = (a: readonly number[], b: readonly number[]): Vec3 => [
  a[1]! * b[2]! - a[2]! * b[1]!,
  a[2]! * b[0]! - a[0]! * b[2]!,
  a[0]! * b[1]! - a[1]! * b[0]!,
];
const differs = (a: readonly number[], b: readonly number[], tolerance: number): boolean =>
  a.length !== b.length || a.some((value, i) => !(Math.abs(value - b[i]!) <= tolerance));

/** A functional group attribute of a frame; undefined where no group has it. */
function numbersOf(groups: FrameGroups, frame: number, group: string, tag: string): number[] | undefined {
  const values = groups.group(frame, group)?.numbers(tag);
  return values && values.length > 0 ? values : undefined;
}

/** Unit vectors along rows and columns. */
function axesOf(dataset: Dataset, orientation: readonly number[]): [Vec3, Vec3] {
  const [row, column] = [orientation.slice(0, 3), orientation.slice(3)];
  // Cosines are written with few digits by some writers.
  const regular = [dot(row, row) - 1, dot(column, column) - 1, dot(row, column)].every((off) => Math.abs(off) <= 1e-2);
  if (orientation.length === 6 && regular) return [unit(row), unit(column)];
  throw badDicom(
    dataset.name,
    `expected two perpendicular unit vectors as orientation, found ${orientation.join(', ') || 'none'}; export the segmentation again`,
  );
}

/**
 * The distance of neighbouring slices: as declared where the offsets of all frames are multiples of it, else the smallest
 * distance of two frames.
 * @returns undefined where the offsets are multiples of neither
 */
function sliceDistance(offsets: readonly number[], declared: number, thickness: number): number | undefined {
  const sorted = offsets.toSorted((a, b) => a - b);
  const least = sorted[0]!;
  const whole = sorted.at(-1)! - least;
  const usual = declared || thickness || 1;
  const gaps = sorted.slice(1).map((offset, i) => offset - sorted[i]!);
  // Frames of several segments share their planes.
  const smallest = gaps.reduce(
    (least, gap) => (gap > placeTolerance * usual ? Math.min(least, gap) : least),
    Number.POSITIVE_INFINITY,
  );
  if (!Number.isFinite(smallest)) return usual;
  for (const step of declared > 0 ? [declared, smallest] : [smallest]) {
    // Declared distances and single positions are rounded; the outermost positions tell best.
    const exact = whole / Math.max(1, Math.round(whole / step));
    const off = offsets.map((offset) => (offset - least) / exact);
    if (off.every((place) => Math.abs(place - Math.round(place)) <= placeTolerance)) return exact;
  }
  return undefined;
}

const listed = (frames: readonly number[]): string =>
  frames.length > 5 ? `${frames.slice(0, 5).join(', ')} and ${frames.length - 5} more` : frames.join(', ');

/** A 2D segmentation: all frames are one plane, that of the image. */
function planeGrid(size: Vec3, spacing: Vec3, count: number): SegGrid {
  const geometry: Geometry = { dimension: 2, size, spacing, origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  return { geometry, slices: new Array(count).fill(0), located: false };
}

/**
 * The grid that holds all frames of a segmentation: slices in the order of the normal (row x column direction).
 * @throws PipelineError BadDicom where the frames are planes of no common grid, naming frames
 */
export function segGrid(dataset: Dataset, groups: FrameGroups, rows: number, columns: number): SegGrid {
  const frames = Array.from({ length: groups.count }, (_, i) => i);
  const shared = <T>(values: readonly T[], differ: (a: T, b: T) => boolean, what: string): T => {
    const others = frames.filter((i) => differ(values[0]!, values[i]!)).map((i) => i + 1);
    if (others.length === 0) return values[0]!;
    throw badDicom(
      dataset.name,
      `expected frames of one ${what}, found another one than frame 1 has in frames ${listed(others)}; split the segmentation`,
    );
  };
  const measures = shared(
    frames.map((i) => numbersOf(groups, i, tags.pixelMeasures, tags.pixelSpacing) ?? []),
    (a, b) => differs(a, b, sameAs * (a[0] ?? 1)),
    'pixel spacing',
  );
  const positions = frames.map((i) => numbersOf(groups, i, tags.planePosition, tags.position));
  if (positions.every((position) => position === undefined)) {
    return planeGrid([columns, rows, 1], [measures[1] || 1, measures[0] || 1, 1], groups.count);
  }
  const without = frames.filter((i) => positions[i]?.length !== 3).map((i) => i + 1);
  if (without.length > 0) {
    throw badDicom(
      dataset.name,
      `expected a position of every frame in (0020,9113), found none in frames ${listed(without)}; export the segmentation again`,
    );
  }
  if (measures.length !== 2 || !measures.every((spacing) => spacing > 0)) {
    throw badDicom(
      dataset.name,
      `expected a positive PixelSpacing in (0028,9110), found ${measures.join(', ') || 'none'}; export the segmentation again`,
    );
  }
  const orientation = shared(
    frames.map((i) => numbersOf(groups, i, tags.planeOrientation, tags.orientation) ?? []),
    (a, b) => differs(a, b, sameAs),
    'orientation',
  );
  return stackGrid(dataset, groups, positions as number[][], axesOf(dataset, orientation), {
    size: [columns, rows],
    spacing: [measures[1]!, measures[0]!],
  });
}

/** Frames with positions, stacked along their normal. */
function stackGrid(
  dataset: Dataset,
  groups: FrameGroups,
  positions: readonly number[][],
  [row, column]: readonly [Vec3, Vec3],
  plane: { readonly size: readonly [number, number]; readonly spacing: readonly [number, number] },
): SegGrid {
  const normal = unit(cross(row, column));
  const offsets = positions.map((position) => dot(position, normal));
  const one = (tag: string) => Math.abs(numbersOf(groups, 0, tags.pixelMeasures, tag)?.[0] ?? 0);
  const distance = sliceDistance(offsets, one(tags.spacingBetweenSlices), one(tags.sliceThickness));
  if (distance === undefined) {
    const sorted = [...new Set(offsets.map((offset) => Number(offset.toFixed(3))))].toSorted((a, b) => a - b);
    throw badDicom(
      dataset.name,
      `expected frames at multiples of one slice distance, found them at ${listed(sorted)} mm along their normal; resample the segmentation to the slices of its image`,
    );
  }
  const least = offsets.reduce((a, b) => Math.min(a, b));
  const slices = offsets.map((offset) => Math.round((offset - least) / distance));
  const last = slices.reduce((a, b) => Math.max(a, b));
  const size: Vec3 = [...plane.size, last + 1];
  if (!(size[0] * size[1] * size[2] <= mostVoxels)) {
    throw badDicom(
      dataset.name,
      `expected frames of one volume, found them ${(last * distance).toPrecision(3)} mm apart with a slice distance of ${distance} mm; the header is damaged, export the segmentation again`,
    );
  }
  const origin = positions[slices.indexOf(0)]! as unknown as Vec3;
  // From the first slice to the last one, as in images: it may lean off the normal by what is tolerated.
  const whole = last > 0 ? minus(positions[slices.indexOf(last)]!, origin) : normal;
  const spacing: Vec3 = [...plane.spacing, last > 0 ? Math.sqrt(dot(whole, whole)) / last : distance];
  const shifted = positions.flatMap((position, i) => {
    const off = minus(position, origin);
    const inPlane = [dot(off, row) / spacing[0], dot(off, column) / spacing[1]];
    return inPlane.some((shift) => !(Math.abs(shift) <= placeTolerance)) ? [i + 1] : [];
  });
  if (shifted.length > 0) {
    throw badDicom(
      dataset.name,
      `expected frames stacked along their normal, found frames ${listed(shifted)} shifted within their plane; resample the segmentation to an upright grid (tilted and tiled ones are not read)`,
    );
  }
  const third = unit(whole);
  const direction = [0, 1, 2].flatMap((axis) => [row[axis]!, column[axis]!, third[axis]!]);
  return { geometry: { dimension: 3, size, spacing, origin, direction }, slices, located: true };
}
