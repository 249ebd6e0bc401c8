/** Cubic B-splines on regular grids: places of samples, subdivision, mesh and padding from a distance. */

const ORDER = 3;

/** Samples of an axis that a lattice spans: the first lies at its start, the last at its end. */
export interface Axis {
  /** Elements of the lattice. */
  readonly spans: number;
  /** Intervals between the samples; 0 for the axis that a 2D image lacks, whose one sample is the first control point. */
  readonly intervals: number;
  /** Number among them of the first sample of the grid. */
  readonly start: number;
}

/** An axis as the kernels take it. */
export const packAxis = ({ spans, intervals, start }: Axis): [number, number, number] => [spans, intervals, start];

/** First of the four control points that sample `i` of the grid touches. */
export function firstPoint({ spans, intervals, start }: Axis, i: number): number {
  return intervals === 0 ? 0 : Math.min(Math.floor(((start + i) * spans) / intervals), spans - 1);
}

/** Control points of a mesh of `spans` elements. */
export const pointsOf = (spans: number): number => spans + ORDER;
export const spansOf = (points: number): number => points - ORDER;
/** Control points after a subdivision. */
export const refined = (points: number): number => 2 * points - ORDER;

/** Mesh of one axis from a spline distance: zeros on both sides make the length a whole number of spans. */
export interface Padding {
  readonly lower: number;
  readonly upper: number;
  readonly spans: number;
}

/**
 * How ANTs pads an axis for a spline distance (N4BiasFieldCorrection.cxx).
 * @param n voxels
 * @param spacing mm
 * @param distance mm between control points
 */
export function paddingOf(n: number, spacing: number, distance: number): Padding {
  const length = (n - 1) * spacing;
  const spans = Math.ceil(length / distance);
  const extra = Math.floor((spans * distance - length) / spacing + 0.5);
  const lower = Math.floor(extra / 2);
  return { lower, upper: extra - lower, spans };
}

/**
 * First sample that ITK's ShrinkImageFilter keeps of an axis, counted from the first voxel of the image: the centres of
 * both grids agree, halves round up. ITK rounds a physical point; where the exact value ends in one half, rounding errors
 * of origin and spacing decide there between this and one less.
 * @param n samples, padding included
 * @param padding samples in front of the image; ITK counts from -padding and clips at its first output index
 */
export function shrinkOffset(n: number, factor: number, padding: number): number {
  const kept = Math.max(Math.floor(n / factor), 1);
  const first = Math.floor((n - 1) / 2 - (factor * (kept - 1)) / 2 + 0.5);
  const start = factor * Math.ceil(-padding / factor);
  return start + Math.max(0, first - padding - start);
}
