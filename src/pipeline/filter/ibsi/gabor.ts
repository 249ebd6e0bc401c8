/** filter/gabor: IBSI 2's Gabor filters (Q88H). */
import source from '../../../../shaders/filter/gabor.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../../engine/index.ts';
import { type Box, boxSize } from '../../box.ts';
import type { DeviceVolume } from '../../device-volume.ts';
import { PipelineError } from '../../errors.ts';
import type { Samples } from '../../resample/axis.ts';
import type { Vec3 } from '../../volume.ts';
import type { FilteredImage } from '../filtered-image.ts';
import { type Reach, recordExtended } from './boundary.ts';
import { type Pool, poolCodes } from './convolve.ts';
import {
  checkOneOf,
  checkPositive,
  commonSpacing,
  type CommonSettings,
  type Pooling,
  poolings,
  taskOf,
} from './settings.ts';

export const gabor = defineKernel({
  name: 'filter/gabor',
  source,
  bindings: {
    params: 'uniform',
    samples: 'read',
    rows: 'read',
    real_weights: 'read',
    imaginary_weights: 'read',
    pooled: 'read_write',
  },
  workgroup: 64,
});

/** In which planes Gabor filters work. */
export const gaborPlanes = ['axial', 'orthogonal'] as const;

export interface GaborSettings extends CommonSettings {
  /** Standard deviation of the Gaussian along the wave, mm. */
  readonly sigma: number;
  /** Wavelength, mm. */
  readonly lambda: number;
  /** Sigma along the wave over sigma across it. Default 1. */
  readonly gamma?: number;
  /** Direction of the wave, degrees from the first axis of the plane to the second. Default 0. */
  readonly theta?: number;
  /** Rotate by steps of this many degrees, from theta once round. Default: not rotated. */
  readonly thetaStep?: number;
  /** What to make of the responses to the rotated filters, and of those in orthogonal planes. Default average. */
  readonly pooling?: Pooling;
  /** In planes of x and y alone, or in those of x and y, x and z, and y and z. Default axial. */
  readonly planes?: (typeof gaborPlanes)[number];
}

/** Where the Gaussian has fallen to 1e-6 and the kernel ends, standard deviations: float32 shows no more. */
const END = Math.sqrt(2 * Math.log(1e6));

/** Turns of half a round agree but for the sign of the imaginary part. */
const HALF_ROUND = 180;
/** Angles this near are the same, degrees. */
const SAME_ANGLE = 1e-6;

/** Values of a row of a kernel: at `v` along the second axis of the plane, from `first` on along the first. */
interface KernelRow {
  readonly v: number;
  readonly first: number;
  readonly values: readonly (readonly [real: number, imaginary: number])[];
}

/** A kernel about its centre. Voxels. */
function gaborRows(sigma: number, lambda: number, gamma: number, theta: number): KernelRow[] {
  const [cos, sin] = [Math.cos((theta * Math.PI) / 180), Math.sin((theta * Math.PI) / 180)];
  // The ellipse where the exponent is that of END: a u^2 + 2 b u v + c v^2 = END^2.
  const [narrow, wide] = [1 / sigma ** 2, (gamma / sigma) ** 2];
  const a = cos * cos * narrow + sin * sin * wide;
  const b = cos * sin * (narrow - wide);
  const c = sin * sin * narrow + cos * cos * wide;
  const reach = Math.floor(END * Math.sqrt(a / (a * c - b * b)));
  return Array.from({ length: 2 * reach + 1 }, (_, k): KernelRow => {
    const v = k - reach;
    const half = Math.sqrt(Math.max(0, a * END ** 2 - (a * c - b * b) * v * v)) / a;
    const first = Math.ceil((-b * v) / a - half);
    const last = Math.floor((-b * v) / a + half);
    const values = Array.from({ length: last - first + 1 }, (_value, t) => {
      const u = first + t;
      const size = Math.exp(-(a * u * u + 2 * b * u * v + c * v * v) / 2);
      const phase = (2 * Math.PI * (cos * u + sin * v)) / lambda;
      return [size * Math.cos(phase), size * Math.sin(phase)] as const;
    });
    return { v, first, values };
  }).filter(({ values }) => values.length > 0);
}

/** The angles of the rotated filters: one of two that differ by half a round. */
function anglesOf(theta: number, step: number | undefined): number[] {
  if (step === undefined) return [theta];
  const count = Math.round(360 / step);
  if (!(step > 0) || Math.abs(count * step - 360) > SAME_ANGLE * count)
    throw new PipelineError('BadSetting', `thetaStep: expected a part of 360 degrees, as 22.5, found ${step}`);
  const isHalved = Math.abs(HALF_ROUND / step - Math.round(HALF_ROUND / step)) < SAME_ANGLE;
  return Array.from({ length: isHalved ? count / 2 : count }, (_, k) => theta + k * step);
}

type Axis = 0 | 1 | 2;
/** Planes by their axes, and the axis across them. */
type Plane = readonly [first: Axis, second: Axis, across: Axis];

const planeAxes: Readonly<Record<(typeof gaborPlanes)[number], readonly Plane[]>> = {
  axial: [[0, 1, 2]],
  orthogonal: [
    [0, 1, 2],
    [0, 2, 1],
    [1, 2, 0],
  ],
};

/** Values along x, y and z of those along the axes of a plane. */
function alongAxes(plane: Plane, values: Vec3): Vec3 {
  const value = (a: Axis) => values[plane.indexOf(a)]!;
  return [value(0), value(1), value(2)];
}

/** Samples before the first result, along both axes of a plane. */
interface Margins {
  readonly first: number;
  readonly second: number;
}

/** What is enough for all of some kernels. */
function marginsOf(kernels: readonly (readonly KernelRow[])[]): Margins {
  const most = (pick: (row: KernelRow) => number) => kernels.flat().reduce((m, row) => Math.max(m, pick(row)), 0);
  return { first: most(({ first }) => -first), second: most(({ v }) => v) };
}

/** Results per group, and weights per turn, along the first axis. */
const GROUP = 4;
/** What is missing to whole groups. */
const spareOf = (n: number): number => (GROUP - (n % GROUP)) % GROUP;

/** Responses to a kernel in all planes of one orientation. @param results of the size, pooled with */
function recordKernel(
  rec: Recording,
  { buffer: samples, size: old_size }: Samples,
  size: Vec3,
  plane: Plane,
  margins: Margins,
  kernel: readonly KernelRow[],
  { pool, scale }: { readonly pool: Pool; readonly scale: number },
  results: BufferRef,
): void {
  const strides: Vec3 = [1, old_size[0], old_size[0] * old_size[1]];
  const [along, second] = plane;
  // The kernel is not turned round, as a convolution would: that changes the sign of the imaginary part alone.
  let start = 0;
  const rows = kernel.flatMap(({ v, first, values }) => {
    const place = (margins.second + v) * strides[second] + (margins.first + first) * strides[along];
    const fours = Math.ceil(values.length / GROUP);
    const row = [place, fours, start, 0];
    start += fours;
    return row;
  });
  const groups = size.map((n, a) => (a === along ? Math.ceil(n / GROUP) : n)) as unknown as Vec3;
  const length = groups[0] * groups[1] * groups[2];
  const params = { size, rows: kernel.length, groups, along, old_size, pool: poolCodes[pool], length, scale };
  const padded = kernel.map(({ values }) => [...values, ...new Array<[0, 0]>(spareOf(values.length)).fill([0, 0])]);
  const weights = (part: 0 | 1) => new Float32Array(padded.flatMap((values) => values.map((value) => value[part])));
  rec.dispatch(
    gabor,
    {
      params,
      samples,
      rows: rec.upload('filter/gabor.rows', new Uint32Array(rows)),
      real_weights: rec.upload('filter/gabor.real_weights', weights(0)),
      imaginary_weights: rec.upload('filter/gabor.imaginary_weights', weights(1)),
      pooled: results,
    },
    length,
  );
}

/**
 * The modulus of the response to a Gabor filter in planes, in float32; its kernel ends where the Gaussian has fallen to 1e-6.
 * @param image stays; of float64 images the float32 part is filtered
 * @param box the voxels wanted; all by default. The image made covers it alone, its values are those of the whole image
 * @param software the adapter runs on the CPU
 * @returns one float32 image, `gabor`, whose buffer is kept and the caller's to release
 * @throws PipelineError BadSetting on a sigma, lambda or gamma that is no number above 0, a step that is no part of 360 degrees,
 *   voxels whose sides differ in the planes, unknown pooling, planes or boundary, a box outside the image
 */
export function recordGabor(
  rec: Recording,
  image: DeviceVolume,
  {
    sigma,
    lambda,
    gamma = 1,
    theta = 0,
    thetaStep,
    pooling = 'average',
    planes = 'axial',
    boundary = 'mirror',
  }: GaborSettings,
  box: Box | null = null,
  software = false,
): FilteredImage[] {
  for (const [name, value] of Object.entries({ sigma, lambda, gamma })) checkPositive(name, value);
  if (!Number.isFinite(theta))
    throw new PipelineError('BadSetting', `theta: expected an angle in degrees, found ${theta}`);
  checkOneOf('pooling', pooling, poolings);
  checkOneOf('planes', planes, gaborPlanes);
  const angles = anglesOf(theta, thetaStep);
  const spacing = commonSpacing(image, planes === 'axial' ? [0, 1] : [0, 1, 2], 'gabor');
  const { setting, part, box: wanted, finish } = taskOf(rec, image, boundary, box, software);
  const size = boxSize(wanted);
  const pooled = rec.buffer('filter/gabor.pooled', 4 * size[0] * size[1] * size[2]);
  const kernels = angles.map((angle) => gaborRows(sigma / spacing, lambda / spacing, gamma, angle));
  const margins = marginsOf(kernels);
  const orientations = planeAxes[planes];
  const scale = pooling === 'average' ? 1 / (kernels.length * orientations.length) : 1;
  let pool: Pool = 'write';
  for (const plane of orientations) {
    const spare = spareOf(size[plane[0]]) + GROUP - 1;
    const reach: Reach = {
      before: alongAxes(plane, [margins.first, margins.second, 0]),
      behind: alongAxes(plane, [margins.first + spare, margins.second, 0]),
    };
    const samples = recordExtended(setting, part, wanted, reach);
    for (const kernel of kernels) {
      recordKernel(rec, samples, size, plane, margins, kernel, { pool, scale }, pooled);
      pool = pooling === 'average' ? 'add' : 'max';
    }
  }
  return finish('gabor', { buffer: pooled, box: wanted });
}
