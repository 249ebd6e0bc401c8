/** filter/lbp3d: PyRadiomics' LBP3D, local binary patterns on a sphere around the voxels of a mask, device to device. */
import source from '../../../shaders/filter/lbp3d.wgsl?raw';
import { type BufferRef, defineKernel, type Engine, Recording } from '../../engine/index.ts';
import { type Box, boxSize } from '../box.ts';
import { type DeviceVolume, voxelCount } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { Stretch } from '../resample/axis.ts';
import { recordAxisWide, type WideSamples } from '../resample/axis-wide.ts';
import { castOf } from '../resample/cast.ts';
import { prefilterProfile, splineProfile } from '../resample/interpolators.ts';
import { tapsOf } from '../resample/taps.ts';
import { splitPairs } from '../twofold.ts';
import type { Vec3 } from '../volume.ts';
import { patternTable } from './harmonics.ts';
import { icosphere } from './icosphere.ts';
import { boxGrid } from '../geometry.ts';
import type { FilteredImage } from './filtered-image.ts';

const file = { source, workgroup: 64 };

export const lbp3dList = defineKernel({
  ...file,
  name: 'filter/lbp3d:list_inside',
  entryPoint: 'list_inside',
  bindings: { params: 'uniform', inside: 'read', found: 'read_write', count: 'read_write' },
});
export const lbp3dSample = defineKernel({
  ...file,
  name: 'filter/lbp3d:sample',
  entryPoint: 'sample',
  bindings: {
    params: 'uniform',
    voxels: 'read',
    tails: 'read',
    list: 'read',
    coefficients: 'read',
    coefficient_tails: 'read',
    sphere: 'read',
    sampled: 'read_write',
  },
});
export const lbp3dLevel = defineKernel({
  ...file,
  name: 'filter/lbp3d:level',
  entryPoint: 'level',
  bindings: {
    params: 'uniform',
    voxels: 'read',
    tails: 'read',
    list: 'read',
    samples: 'read',
    table: 'read',
    described: 'read_write',
    described_tails: 'read_write',
  },
});
export const lbp3dKurtosis = defineKernel({
  ...file,
  name: 'filter/lbp3d:kurtosis',
  entryPoint: 'kurtosis',
  bindings: {
    params: 'uniform',
    list: 'read',
    samples: 'read',
    described: 'read_write',
    described_tails: 'read_write',
  },
});

export interface Lbp3dSettings {
  /** Degrees of spherical harmonics, from 0 on: two (default) or more. */
  readonly lbp3DLevels?: number;
  /** Voxels from the centre to the samples. Default 1. */
  readonly lbp3DIcosphereRadius?: number;
  /** How often the triangles of the icosahedron are divided: 0 to 4, default 1 (42 points). */
  readonly lbp3DIcosphereSubdivision?: number;
}

/** The voxels of a mask in a box. */
export interface MaskVoxels {
  readonly box: Box;
  /** Their indices in the box, in any order. Kept; its owner gives it back with `engine.release`. */
  readonly list: BufferRef;
  readonly count: number;
}

const POINT_WORDS = 36;
const MOST_SUBDIVISIONS = 4;
/** Weights of samples in coefficients below this do not show in pairs of float32. */
const NEGLIGIBLE = 1e-17;
/** Components of points this close to a whole number are voxels, but for rounding. */
const ON_GRID = 1e-9;
/** Samples that are held at once, in bytes: a region takes its turn in parts. */
const PART_BYTES = 1 << 23;

const noParams = {
  size: [0, 0, 0],
  length: 0,
  first: [0, 0, 0],
  start: 0,
  image_size: [0, 0, 0],
  points: 0,
  coefficients_size: [0, 0, 0],
  has_tails: 0,
  coefficients_before: [0, 0, 0],
  rounding: 0,
  low: 0,
  high: 0,
  first_row: 0,
  rows: 0,
  zero: 0,
};

/** Where a mask is: one u32 per voxel, other than 0 inside. */
export interface MaskSource {
  readonly inside: BufferRef;
  readonly size: Vec3;
  /** Voxel of it that the box begins with. */
  readonly first: Vec3;
}

/** Lists the voxels of a mask, in a submit of its own. @param box voxels of the image that the list covers */
export async function findMaskVoxels(engine: Engine, mask: MaskSource, box: Box): Promise<MaskVoxels> {
  const size = boxSize(box);
  const length = size[0] * size[1] * size[2];
  const rec = new Recording('filter/lbp3d');
  const found = rec.keep(rec.buffer('filter/lbp3d.list', length * 4));
  const count = rec.zeros('filter/lbp3d.count', 4);
  const params = { ...noParams, size, length, first: mask.first, image_size: mask.size };
  rec.dispatch(lbp3dList, { params, inside: mask.inside, found, count }, length);
  const download = rec.download(count);
  return { box, list: found, count: (await engine.execute(rec)).u32(download)[0]! };
}

interface Sphere {
  readonly points: readonly Vec3[];
  /** Per axis x, y, z the first and the last coefficient that a sample needs, seen from its voxel. */
  readonly reach: readonly (readonly [number, number])[];
  /** As the shader reads it. */
  readonly packed: Uint32Array;
}

/** The points along x, y, z: PyRadiomics adds trimesh's x to the index of the slice. */
const alongAxes = ([z, y, x]: Vec3): Vec3 => [x, y, z];

function sphereOf(points: readonly Vec3[], size: Vec3): Sphere {
  const packed = new Uint32Array(points.length * POINT_WORDS);
  const floats = new Float32Array(packed.buffer);
  const reach: [number, number][] = [0, 1, 2].map(() => [0, 0]);
  points.forEach((point, p) => {
    const offsets = alongAxes(point);
    const whole = offsets.map((v) => (Math.abs(v - Math.round(v)) < ON_GRID ? Math.round(v) : v));
    packed[p * POINT_WORDS + 3] = Number(whole.every(Number.isInteger));
    for (const axis of [0, 1, 2] as const) {
      const at = p * POINT_WORDS + axis;
      const n = size[axis];
      const { base, weights } = splineProfile.stencil(whole[axis]!, n);
      packed[at] = base;
      // SciPy's samples outside the image are 0; whether one is outside, float64 decides.
      const isInside = (i: number) => i + offsets[axis] >= 0 && i + offsets[axis] <= n - 1;
      const inside = Array.from({ length: n }, (_, i) => i).filter(isInside);
      packed[at + 4] = inside[0] ?? n;
      packed[at + 8] = inside.at(-1) ?? -1;
      floats.set(splitPairs(Float64Array.from(weights)), p * POINT_WORDS + 12 + 8 * axis);
      reach[axis] = [Math.min(reach[axis]![0], base), Math.max(reach[axis]![1], base + 3)];
    }
  });
  return { points, reach, packed };
}

/** Coefficients of the image's cubic spline, the image mirrored about its border, around a box. */
function recordCoefficients(rec: Recording, image: DeviceVolume, box: Box, { reach }: Sphere): WideSamples {
  const { size } = image;
  const tables = ([0, 1, 2] as const).map((axis) => {
    const [before, after] = reach[axis]!;
    const first = box.first[axis] + before;
    const positions = Float64Array.from({ length: box.last[axis] + after - first + 1 }, (_, k) => first + k);
    return tapsOf(prefilterProfile, positions, size[axis], NEGLIGIBLE);
  });
  // What the pass along each axis takes of it.
  const needed: Stretch[] = tables.map(({ first, count }) => {
    const start = first.reduce((a, b) => Math.min(a, b));
    return { first: start, count: first.reduce((a, b) => Math.max(a, b)) + count - start };
  });
  let samples: WideSamples = { buffer: image.voxels, tails: image.tails, size };
  for (const axis of [0, 1, 2] as const) {
    const { first, count, weights } = tables[axis]!;
    // After the first pass only what is needed is there.
    const shift = axis === 0 ? 0 : needed[axis]!.first;
    const stretches = needed.map((stretch, i) => {
      if (axis === 0) return stretch;
      return { first: 0, count: i < axis ? samples.size[i as 0 | 1 | 2] : stretch.count };
    });
    const taps = { count, first: first.map((f) => f - shift), weights };
    samples = recordAxisWide(rec, samples, axis, taps, stretches, null);
  }
  return samples;
}

function checkSettings(levels: number, radius: number, subdivisions: number): void {
  if (!Number.isInteger(levels) || levels < 2) {
    throw new PipelineError('BadSetting', `lbp3DLevels: expected a whole number from 2, found ${levels}`);
  }
  if (!(radius > 0 && Number.isFinite(radius))) {
    throw new PipelineError('BadSetting', `lbp3DIcosphereRadius: expected a number above 0, found ${radius}`);
  }
  if (!Number.isInteger(subdivisions) || subdivisions < 0 || subdivisions > MOST_SUBDIVISIONS) {
    throw new PipelineError(
      'BadSetting',
      `lbp3DIcosphereSubdivision: expected a whole number from 0 to ${MOST_SUBDIVISIONS}, found ${subdivisions}`,
    );
  }
}

/**
 * Takes local binary patterns on a sphere, of the voxels of a mask. Samples come from the cubic spline through the image,
 * are 0 outside it, and are rounded to the image's type as SciPy rounds them (a radius like 1.5 makes samples half way between
 * integers, where SciPy's last bit decides; 1 does not). Two more things differ from PyRadiomics: samples
 * that are voxels are those voxels, while SciPy's spline misses them by a few units of float64, which decides where they
 * equal the centre (in float images only); and outside the mask images are 0, where PyRadiomics leaves memory that was never
 * set. Of float32 images PyRadiomics takes the kurtosis in float32 and has six digits of it.
 * @param region the voxels, and the box that the results cover, see `findMaskVoxels`
 * @returns float64 images with tails: `lbp-3D-m1` and so on, one per degree of harmonics, then the kurtosis `lbp-3D-k`, which
 *   is NaN where all samples are equal
 * @throws PipelineError BadSetting for settings outside their range, or a box that is not inside the image
 */
export function recordLbp3d(
  rec: Recording,
  image: DeviceVolume,
  { box, list, count }: MaskVoxels,
  { lbp3DLevels = 2, lbp3DIcosphereRadius = 1, lbp3DIcosphereSubdivision = 1 }: Lbp3dSettings = {},
): FilteredImage[] {
  checkSettings(lbp3DLevels, lbp3DIcosphereRadius, lbp3DIcosphereSubdivision);
  const grid = boxGrid(image, box);
  const length = voxelCount(grid);
  const names = [...Array.from({ length: lbp3DLevels }, (_, n) => `lbp-3D-m${n + 1}`), 'lbp-3D-k'];
  const made = names.map((name): FilteredImage => {
    const described = rec.keep(rec.zeros(`filter/lbp3d.${name}`, length * 4));
    const tails = rec.keep(rec.zeros(`filter/lbp3d.${name}_tails`, length * 4));
    return { name, image: { ...grid, voxels: described, tails, type: 'float64' } };
  });
  const sphere = sphereOf(icosphere(lbp3DIcosphereSubdivision, lbp3DIcosphereRadius), image.size);
  const { points, reach } = sphere;
  const coefficients = recordCoefficients(rec, image, box, sphere);
  const rows = Array.from({ length: lbp3DLevels }, (_, degree) => patternTable(degree, points, lbp3DIcosphereRadius));
  const table = rec.upload('filter/lbp3d.table', splitPairs(Float64Array.from(rows.flat(2))));
  const packed = rec.upload('filter/lbp3d.sphere', sphere.packed);
  const range = castOf(image.type, false);
  const shared = {
    ...noParams,
    size: boxSize(box),
    first: box.first,
    image_size: image.size,
    points: points.length,
    coefficients_size: coefficients.size,
    has_tails: Number(image.tails !== null),
    coefficients_before: reach.map(([before]) => -before),
    rounding: range ? 2 : Number(image.type === 'float32'),
    low: range?.low ?? 0,
    high: range?.high ?? 0,
  };
  const source = { voxels: image.voxels, tails: image.tails ?? image.voxels, list };
  const most = Math.min(count, Math.max(1, Math.floor(PART_BYTES / (8 * points.length))));
  const samples = rec.buffer('filter/lbp3d.samples', 8 * points.length * most);
  for (let start = 0; start < count; start += most) {
    const part = { ...shared, start, length: Math.min(most, count - start) };
    rec.dispatch(
      lbp3dSample,
      {
        params: part,
        ...source,
        coefficients: coefficients.buffer,
        coefficient_tails: coefficients.tails!,
        sphere: packed,
        sampled: samples,
      },
      part.length * points.length,
    );
    made.forEach(({ image: { voxels: described, tails } }, degree) => {
      const output = { described, described_tails: tails! };
      if (degree === lbp3DLevels) {
        rec.dispatch(lbp3dKurtosis, { params: part, list, samples, ...output }, part.length);
      } else {
        const params = { ...part, first_row: degree ** 2, rows: 2 * degree + 1 };
        rec.dispatch(lbp3dLevel, { params, ...source, samples, table, ...output }, part.length);
      }
    });
  }
  return made;
}
