/** Ellipsoids: their surface, and the smallest one that encloses points. */
import type { Vec3 } from '../volume.ts';
import { jacobi } from './axes.ts';
import { tetrahedron } from './hull.ts';

/** Lengths of the semi-axes, descending. */
export type SemiAxes = readonly [a: number, b: number, c: number];

export const ellipsoidVolume = ([a, b, c]: SemiAxes): number => (4 / 3) * Math.PI * a * b * c;

/** Terms after the first that the manual's default takes of the series. */
const LAST_TERM = 20;

/**
 * Surface of an ellipsoid by the series of Legendre polynomials of the IBSI reference manual (Area density (approximate
 * enclosing ellipsoid)), up to its term 20. The eccentricities are the manual's, with which the series is the surface of a
 * sphere but not of every ellipsoid; the consensus values are made with it. The recurrence is that of (alpha beta)^v P_v,
 * which divides by nothing where axes are equal. 0 where only one axis has a length.
 */
export function ellipsoidArea([a, b, c]: SemiAxes): number {
  if (b === 0) return 0;
  const alpha2 = 1 - (b / a) ** 2;
  const beta2 = 1 - (c / a) ** 2;
  const mean = (alpha2 + beta2) / 2;
  const square = alpha2 * beta2;
  let [before, term] = [1, mean];
  let sum = 1 - term / 3;
  for (let v = 2; v <= LAST_TERM; v++) {
    [before, term] = [term, ((2 * v - 1) * mean * term - (v - 1) * square * before) / v];
    sum += term / (1 - 4 * v * v);
  }
  return 4 * Math.PI * a * b * sum;
}

/** Dimensions of the points with a 1 as fourth coordinate, which makes ellipsoids with any centre ones round the origin. */
const LIFTED = 4;
/** Relative excess of the farthest point at which the search ends: the volume is within (1 + excess)^2. */
const EXCESS = 1e-6;
/** Far more steps than any region has needed; the ellipsoid encloses the points whenever the search ends. */
const MAX_STEPS = 100_000;

/** Sum of weight q q' over the points: the lower triangle. */
function momentMatrix(points: readonly Vec3[], weights: readonly number[]): Float64Array {
  const m = new Float64Array(LIFTED * LIFTED);
  for (let k = 0; k < points.length; k++) {
    const [x, y, z] = points[k] as Vec3;
    const w = weights[k] as number;
    m[0]! += w * x * x;
    m[4]! += w * y * x;
    m[5]! += w * y * y;
    m[8]! += w * z * x;
    m[9]! += w * z * y;
    m[10]! += w * z * z;
    m[12]! += w * x;
    m[13]! += w * y;
    m[14]! += w * z;
    m[15]! += w;
  }
  return m;
}

/** The lower triangular matrix L with L L' = M. */
function cholesky(matrix: Float64Array): Float64Array {
  const factor = new Float64Array(LIFTED * LIFTED);
  for (let i = 0; i < LIFTED; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * LIFTED + j] as number;
      for (let k = 0; k < j; k++) sum -= (factor[i * LIFTED + k] as number) * (factor[j * LIFTED + k] as number);
      factor[i * LIFTED + j] = i === j ? Math.sqrt(sum) : sum / (factor[j * LIFTED + j] as number);
    }
  }
  return factor;
}

/** q' M^-1 q for a point q = (x, y, z, 1), M given by its Cholesky factor. */
function distance(l: Float64Array, [x, y, z]: Vec3): number {
  const a = x / (l[0] as number);
  const b = (y - (l[4] as number) * a) / (l[5] as number);
  const c = (z - (l[8] as number) * a - (l[9] as number) * b) / (l[10] as number);
  const d = (1 - (l[12] as number) * a - (l[13] as number) * b - (l[14] as number) * c) / (l[15] as number);
  return a * a + b * b + c * c + d * d;
}

/** Index and distance of the farthest point, and of the nearest one with a weight. */
function ends(points: readonly Vec3[], factor: Float64Array, weights: readonly number[]) {
  let [far, most, near, least] = [0, 0, 0, Number.POSITIVE_INFINITY];
  for (let k = 0; k < points.length; k++) {
    const here = distance(factor, points[k] as Vec3);
    if (here > most) [far, most] = [k, here];
    if (here < least && (weights[k] ?? 0) > 0) [near, least] = [k, here];
  }
  return { far, most, near, least };
}

/**
 * Khachiyan's barycentric coordinate descent with steps away from points (Todd and Yildirim 2007): moves the weights of
 * points until their covariance has the shape of the smallest ellipsoid round them. @returns steps taken
 */
function descend(points: readonly Vec3[], weights: number[], steps: number): number {
  for (let step = 0; step < steps; step++) {
    const { far, most, near, least } = ends(points, cholesky(momentMatrix(points, weights)), weights);
    const [above, below] = [most / LIFTED - 1, 1 - least / LIFTED];
    if (above <= EXCESS / 2 && below <= EXCESS / 2) return step;
    const away = below > above;
    const [at, value] = away ? [near, least] : [far, most];
    const own = weights[at] as number;
    const drop = -own / (1 - own);
    // Where the distance is 1 or less the best step goes beyond the point's own weight.
    const best = value > 1 ? (value - LIFTED) / (LIFTED * (value - 1)) : Number.NEGATIVE_INFINITY;
    const beta = away ? Math.max(best, drop) : best;
    for (let k = 0; k < weights.length; k++) weights[k]! *= 1 - beta;
    weights[at] = beta === drop ? 0 : (weights[at] as number) + beta;
  }
  return steps;
}

/**
 * Semi-axes of the smallest ellipsoid that encloses points, in the points' unit. A few points decide; the search begins
 * with four and takes in the one that is farthest outside of the ellipsoid round those it has.
 * @param points corners of a body, not all in one plane
 */
export function enclosingEllipsoid(points: readonly Vec3[]): SemiAxes {
  const axes = [0, 1, 2] as const;
  const low = axes.map((d) => points.reduce((least, p) => Math.min(least, p[d]), Number.POSITIVE_INFINITY));
  const high = axes.map((d) => points.reduce((most, p) => Math.max(most, p[d]), Number.NEGATIVE_INFINITY));
  const size = Math.max(...axes.map((d) => (high[d] as number) - (low[d] as number)));
  const scaled = points.map((p) => axes.map((d) => (p[d] - (low[d] as number)) / size - 0.5) as unknown as Vec3);
  const chosen = (tetrahedron(scaled) as readonly number[]).map((k) => scaled[k] as Vec3);
  const weights = chosen.map(() => 1 / chosen.length);
  let moments = momentMatrix(chosen, weights);
  for (let left = MAX_STEPS; left > 0; ) {
    left -= 1 + descend(chosen, weights, left);
    moments = momentMatrix(chosen, weights);
    const { far, most } = ends(scaled, cholesky(moments), []);
    if (most / LIFTED - 1 <= EXCESS) break;
    chosen.push(scaled[far] as Vec3);
    weights.push(0);
  }
  // q' M^-1 q = 1 + (x - centre)' S^-1 (x - centre), S the covariance.
  const reach = ends(scaled, cholesky(moments), []).most - 1;
  const at = (i: number, j: number) => moments[Math.max(i, j) * LIFTED + Math.min(i, j)] as number;
  const covariance = axes.map((i) => axes.map((j) => at(i, j) - at(3, i) * at(3, j))) as [number, number, number][];
  return jacobi(covariance).map((variance) => Math.sqrt(variance * reach) * size) as unknown as SemiAxes;
}
