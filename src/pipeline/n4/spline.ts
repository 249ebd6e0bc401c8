/** Cubic B-splines on regular grids: weights of samples, subdivision, mesh from a distance. All in float64. */

const ORDER = 3;
/** The last sample is moved inwards by this part of a voxel, as ITK does to keep it inside the last span. */
const EDGE = 1e-3;

/** Weights of the samples of one axis: each touches four control points. */
export interface Basis {
  /** First control point of each sample. */
  readonly first: Uint32Array;
  /** Four weights per sample. */
  readonly weights: Float64Array;
  /** Control points of the axis. */
  readonly points: number;
}

/** Cubic weights of samples at `positions` in spans of the lattice. */
function basisAt(positions: readonly number[], points: number): Basis {
  const first = Uint32Array.from(positions, Math.floor);
  const weights = new Float64Array(4 * positions.length);
  positions.forEach((p, i) => {
    const t = p - (first[i] as number);
    weights[4 * i] = (1 - t) ** 3 / 6;
    weights[4 * i + 1] = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    weights[4 * i + 2] = (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6;
    weights[4 * i + 3] = t ** 3 / 6;
  });
  return { first, weights, points };
}

/**
 * Samples of an axis whose first lies at the start and whose last at the end of the lattice.
 * @param n samples of the whole lattice, at least 2
 * @param points control points, at least 4
 * @param from first sample wanted
 * @param count samples wanted
 */
export function basis(n: number, points: number, from = 0, count = n): Basis {
  const spans = points - ORDER;
  const step = spans / (n - 1);
  const positions = Array.from({ length: count }, (_, i) => {
    const p = (from + i) * step;
    return Math.abs(p - spans) <= EDGE * step ? spans - EDGE * step : p;
  });
  return basisAt(positions, points);
}

/** The axis that a 2D image lacks: one sample, the first of four control points, weight 1. */
export function flatBasis(): Basis {
  return { first: new Uint32Array(1), weights: Float64Array.of(1, 0, 0, 0), points: ORDER + 1 };
}

/** The same samples with other weights. */
const mapWeights = ({ first, weights, points }: Basis, f: (w: number, squares: number) => number): Basis => ({
  first,
  points,
  weights: weights.map((w, i) => {
    const k = i & ~3;
    let squares = 0;
    for (let j = k; j < k + 4; j++) squares += (weights[j] as number) ** 2;
    return f(w, squares);
  }),
});

/** Numerator of the fit: w^3 / sum of w^2, per axis. */
export const fitWeights = (b: Basis): Basis => mapWeights(b, (w, squares) => w ** 3 / squares);
/** Denominator of the fit: w^2. */
export const squareWeights = (b: Basis): Basis => mapWeights(b, (w) => w ** 2);

/** Control points after a subdivision. */
export const refined = (points: number): number => 2 * points - ORDER;
/** Control points of a mesh of `spans` elements. */
export const pointsOf = (spans: number): number => spans + ORDER;

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
