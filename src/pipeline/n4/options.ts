/** Settings of N4, checked: what is wrong with them is said before anything runs. */
import { PipelineError } from '../errors.ts';
import { compareGeometry } from '../geometry.ts';
import type { Geometry, Mask, Vec3, Volume } from '../volume.ts';

/** What happens while N4 runs. */
export interface N4Progress {
  /** Iterations recorded so far and at most. */
  readonly done: number;
  readonly total: number;
}

/** Settings of N4. The defaults are those of ANTsPy's `n4_bias_field_correction`. */
export interface N4Options {
  /**
   * Voxels other than 0 take part in the fit and are corrected, the others keep their value. Null: the whole image takes
   * part, background included, and voxels <= 0 with their own value in place of its logarithm, as in ANTs.
   */
  readonly mask?: Mask | null;
  /** Confidence of each voxel in the fit, >= 0; voxels of weight 0 leave the histogram too. */
  readonly weights?: Volume | null;
  /** Every `shrink`-th voxel along each axis takes part, without smoothing. 1 or more. */
  readonly shrink?: number;
  /** Iterations at most of each level; between levels the mesh is halved. */
  readonly iterations?: readonly number[];
  /** A level ends when the coefficient of variation of the ratio of two successive fields is not above this. */
  readonly tolerance?: number;
  /** Elements of the first mesh along x, y, z. Default 1, 1, 1. Not together with `splineDistance`. */
  readonly mesh?: readonly number[] | null;
  /** Millimetres between the knots of the first mesh; the image is padded with zeros to a whole number of elements. */
  readonly splineDistance?: number | null;
  /** Map the corrected range inside the mask linearly to the original range inside the mask. */
  readonly rescale?: boolean;
  /** Make the mask by Otsu's threshold (voxels above it). Not together with `mask`. */
  readonly otsu?: boolean;
  /** Bins of the histogram, 4 to 256. */
  readonly bins?: number;
  /** Full width at half maximum of the Gaussian that is deconvolved, in log units. */
  readonly fwhm?: number;
  /** Noise constant of the Wiener filter. */
  readonly wiener?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: N4Progress) => void;
}

/** Checked settings with every default filled in. */
export interface N4Settings {
  readonly mask: Mask | null;
  readonly weights: Volume | null;
  readonly shrink: number;
  readonly iterations: readonly number[];
  readonly tolerance: number;
  /** Null where `splineDistance` decides. */
  readonly mesh: Vec3 | null;
  readonly splineDistance: number | null;
  readonly rescale: boolean;
  readonly otsu: boolean;
  readonly bins: number;
  readonly fwhm: number;
  readonly wiener: number;
}

function bad(name: string, expected: string, found: unknown): PipelineError {
  return new PipelineError('BadSetting', `n4: ${name} must be ${expected}; found ${JSON.stringify(found) ?? found}`);
}

function whole(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw bad(name, `a whole number from ${low} to ${high}`, value);
  }
  return value;
}

function positive(name: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) throw bad(name, 'a positive number', value);
  return value;
}

/** Where a level would have more control points than this along an axis, the distance or mesh is a mistake. */
const MOST_POINTS = 1024;

function checkIterations(iterations: readonly number[]): readonly number[] {
  if (!Array.isArray(iterations) || iterations.length === 0 || iterations.length > 16) {
    throw bad('iterations', 'a list of 1 to 16 numbers, one per level', iterations);
  }
  for (const [level, n] of iterations.entries()) whole(`iterations of level ${level + 1}`, n, 0, 100_000);
  return iterations;
}

function checkMesh(mesh: readonly number[], dimension: number): Vec3 {
  if (!Array.isArray(mesh) || (mesh.length !== 3 && mesh.length !== dimension)) {
    throw bad('mesh', `one number of elements per axis (${dimension})`, mesh);
  }
  for (const [axis, n] of mesh.slice(0, dimension).entries()) whole(`mesh along ${'xyz'[axis]}`, n, 1, MOST_POINTS);
  return [mesh[0] as number, mesh[1] as number, mesh[2] ?? 1];
}

function checkGrid(what: string, image: Geometry, other: Geometry): void {
  const differences = compareGeometry(image, other);
  if (differences.length === 0) return;
  throw new PipelineError(
    'GeometryMismatch',
    `n4: the ${what} is not on the grid of the image: ${differences.join('; ')}; resample it to the image first`,
  );
}

/**
 * Checks settings against the image they are for.
 * @throws PipelineError BadSetting, GeometryMismatch
 */
export function checkOptions(image: Geometry, options: N4Options): N4Settings {
  const { mask = null, weights = null, otsu = false, splineDistance = null } = options;
  const tolerance = options.tolerance ?? 1e-7;
  if (!(tolerance >= 0)) throw bad('tolerance', 'a number of at least 0', tolerance);
  if (mask && otsu) throw bad('otsu', 'false where a mask is given', otsu);
  if (options.mesh && splineDistance !== null) throw bad('mesh', 'absent where splineDistance is given', options.mesh);
  if (mask) checkGrid('mask', image, mask);
  if (weights) {
    checkGrid('weight image', image, weights);
    if (weights.data.some((w) => !Number.isFinite(w))) {
      throw new PipelineError(
        'NonFiniteImage',
        'n4: the weight image holds NaN or infinity; replace them, by 0 to leave them out',
      );
    }
  }
  const iterations = checkIterations(options.iterations ?? [50, 50, 50, 50]);
  const mesh = splineDistance === null ? checkMesh(options.mesh ?? [1, 1, 1], image.dimension) : null;
  return {
    mask,
    weights,
    otsu,
    tolerance,
    iterations,
    mesh,
    splineDistance: splineDistance === null ? null : positive('splineDistance', splineDistance),
    shrink: whole('shrink', options.shrink ?? 4, 1, 1024),
    rescale: options.rescale ?? false,
    bins: whole('bins', options.bins ?? 200, 4, 256),
    fwhm: positive('fwhm', options.fwhm ?? 0.15),
    wiener: positive('wiener', options.wiener ?? 0.01),
  };
}

/** Refuses a lattice that cannot be meant. @param points control points of the last level along an axis */
export function checkPoints(points: readonly number[]): void {
  if (points.every((n) => n <= MOST_POINTS)) return;
  throw new PipelineError(
    'TooLarge',
    `n4: the last level would have ${points.join(' x ')} control points, at most ${MOST_POINTS} per axis are possible; use fewer levels, a coarser mesh or a larger spline distance`,
  );
}
