/** resample/rotated: resampling between grids that are rotated against each other. */
import source from '../../../shaders/resample/rotated.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { type DeviceVolume, voxelCount } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { recordAxis, type Samples } from './axis.ts';
import { type Cast, noCast } from './cast.ts';
import { type Interpolator, type Profile, prefilterProfile, profileOf, splineProfile } from './interpolators.ts';
import { rotatedPositions } from './positions.ts';
import { tapsOf } from './taps.ts';

export const rotated = defineKernel({
  name: 'resample/rotated',
  source,
  bindings: {
    params: 'uniform',
    samples: 'read',
    whole: 'read',
    parts: 'read',
    weights: 'read',
    resampled: 'read_write',
  },
  workgroup: 64,
});

/** Rows of the table of weights over one voxel: between them the error of a straight line is below 1e-7. */
const ROWS = 4096;
const NEGLIGIBLE = 1e-10;
/** A line long enough that no stencil in its middle meets an end. */
const LONG = 1000;

const boundaries = { clamp: 0, mirror: 1, cut: 2 } as const;

interface Table {
  readonly before: number;
  readonly support: number;
  /** Rows less one. */
  readonly rows: number;
  readonly weights: Float32Array;
}

/** The nearest voxel needs no table. */
const nearest: Table = { before: 0, support: 2, rows: 0, weights: new Float32Array(1) };

/** The weights of all fractions of a voxel, on a common stretch of samples. */
function weightTable(profile: Profile): Table {
  const stencils = Array.from({ length: ROWS + 1 }, (_, row) => {
    // The last row belongs to the voxel before: its limit from below.
    const fraction = row === ROWS ? 1 - 2 ** -40 : row / ROWS;
    const { base, weights } = profile.stencil(LONG / 2 + fraction, LONG);
    return { base: base - LONG / 2, weights };
  });
  const first = Math.min(...stencils.map((s) => s.base));
  const last = Math.max(...stencils.map((s) => s.base + s.weights.length));
  const support = last - first;
  const weights = new Float32Array((ROWS + 1) * support);
  for (const [row, s] of stencils.entries()) weights.set(s.weights, row * support + s.base - first);
  return { before: -first, support, rows: ROWS, weights };
}

/** Coefficients of the interpolating spline of the whole image. */
function recordCoefficients(rec: Recording, image: DeviceVolume): BufferRef {
  let samples: Samples = { buffer: image.voxels, size: image.size };
  for (const axis of [0, 1, 2] as const) {
    const n = image.size[axis];
    if (n === 1) continue;
    const taps = tapsOf(
      prefilterProfile,
      Float64Array.from({ length: n }, (_, k) => k),
      n,
      NEGLIGIBLE,
    );
    samples = recordAxis(
      rec,
      samples,
      axis,
      taps,
      samples.size.map((count) => ({ first: 0, count })),
    );
  }
  return samples.buffer;
}

const whole = (x: number) => Math.floor(x);

/** Resamples to a grid in any direction. @returns the voxels, not kept */
export function recordRotated(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  interpolator: Interpolator,
  defaultValue: number,
  cast: Cast | null,
): BufferRef {
  // The spline weighs its coefficients.
  const splines = interpolator === 'sitkBSpline';
  const samples = splines ? recordCoefficients(rec, image) : image.voxels;
  const profile = interpolator === 'sitkNearestNeighbor' ? null : splines ? splineProfile : profileOf(interpolator);
  const { before, support, rows, weights } = profile ? weightTable(profile) : nearest;
  const { origin, shifts } = rotatedPositions(grid, image);
  const all = Float64Array.from(shifts.flatMap((s) => [...s]));
  const length = voxelCount(grid);
  const resampled = rec.buffer('resample/rotated.resampled', length * 4);
  const params = {
    size: grid.size,
    support,
    image_size: image.size,
    before,
    origin_whole: origin.map(whole) as unknown as Vec3,
    boundary: boundaries[profile?.boundary ?? 'clamp'],
    origin_part: origin.map((x) => x - whole(x)),
    rows,
    ...(cast ?? noCast),
    outside: defaultValue,
    length,
  };
  rec.dispatch(
    rotated,
    {
      params,
      samples,
      whole: rec.upload('resample/rotated.whole', Int32Array.from(all, whole)),
      parts: rec.upload(
        'resample/rotated.parts',
        Float32Array.from(all, (x) => x - whole(x)),
      ),
      weights: rec.upload('resample/rotated.weights', weights),
      resampled,
    },
    length,
  );
  return resampled;
}
