/** filter/gabor: IBSI 2's Gabor filters (Q88H), by Fourier transforms of planes. */
import source from '../../../../shaders/filter/gabor.wgsl?raw';
import modulusSource from '../../../../shaders/filter/modulus.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../../engine/index.ts';
import { type Box, boxSize } from '../../box.ts';
import type { DeviceVolume } from '../../device-volume.ts';
import { PipelineError } from '../../errors.ts';
import {
  fastLength,
  fourierKernels,
  type Numbers,
  recordFourier,
  stridesOf,
  wholeFours,
} from '../../fourier/transform.ts';
import type { Samples } from '../../resample/axis.ts';
import type { Vec3 } from '../../volume.ts';
import type { FilteredImage } from '../filtered-image.ts';
import { recordExtended, type Setting } from './boundary.ts';
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
  bindings: { params: 'uniform', kernels: 'read', image: 'read', responses: 'read_write' },
  workgroup: 64,
});

export const modulus = defineKernel({
  name: 'filter/modulus',
  source: modulusSource,
  bindings: { params: 'uniform', responses: 'read', pooled: 'read_write' },
  workgroup: 64,
});

/** What Gabor filters run. */
export const gaborKernels = [...fourierKernels, gabor, modulus] as const;

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

/** Values along x, y and z of those across the planes and along their axes. */
function alongAxes([first, second, across]: Plane, values: Vec3): Vec3 {
  const value = (a: Axis) => values[[across, first, second].indexOf(a)]!;
  return [value(0), value(1), value(2)];
}

/** Values across the planes and along their axes of those along x, y and z. */
const acrossAxes = ([first, second, across]: Plane, values: Vec3): Vec3 => [
  values[across],
  values[first],
  values[second],
];

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

/** Kernels whose frequencies lie side by side. */
const LANES = 4;
/** Complex numbers of the planes that are filtered at a time: few enough for any device, and for caches. */
const PART = 2 ** 21;

/** What is the same for all planes of one orientation. */
interface Planes {
  readonly plane: Plane;
  readonly margins: Margins;
  /** Voxels wanted across the planes and along their axes. */
  readonly wanted: Vec3;
  /** Lengths of the transforms along both axes. */
  readonly lengths: readonly [first: number, second: number];
}

/** The frequencies of up to four kernels, whose corner is at 0: complex, kernels side by side, then the first axis. */
function recordKernels(
  { rec, scratch }: Setting,
  kernels: readonly (readonly KernelRow[])[],
  { margins, lengths: [lu, lv] }: Planes,
): BufferRef {
  const size: Vec3 = [LANES, 2 * margins.first + 1, 2 * margins.second + 1];
  const count = size[0] * size[1] * size[2];
  const values = new Float32Array(2 * count);
  for (const [lane, kernel] of kernels.entries())
    for (const { v, first, values: row } of kernel)
      for (const [t, [re, im]] of row.entries()) {
        const at = lane + LANES * (margins.first + first + t + size[1] * (margins.second + v));
        values[at] = re;
        values[at + count] = im;
      }
  const corner: Numbers = {
    buffer: rec.upload('filter/gabor.corner', values),
    strides: stridesOf(size),
    apart: count,
  };
  const whole: Vec3 = [LANES, lu, lv];
  const spectra: Numbers = {
    buffer: rec.buffer('filter/gabor.kernels', 8 * LANES * lu * lv),
    strides: stridesOf(whole),
    apart: LANES * lu * lv,
  };
  const lines: Vec3 = [LANES, lu, size[2]];
  recordFourier(rec, corner, spectra, { axis: 1, n: lu, turn: -1, lines, present: size[1] }, scratch);
  recordFourier(rec, spectra, spectra, { axis: 2, n: lv, turn: -1, lines, present: size[2] }, scratch);
  return spectra.buffer;
}

/**
 * Pooled responses of some planes to all kernels.
 * @param spectra of the kernels, by fours
 * @param part first of the planes, and how many
 * @param poolOf how the responses to a kernel are pooled
 */
function recordPlanes(
  { rec, scratch }: Setting,
  { buffer, size: old_size }: Samples,
  { plane, margins, wanted: [, wu, wv], lengths: [lu, lv] }: Planes,
  spectra: readonly BufferRef[],
  kernels: number,
  [first, count]: readonly [number, number],
  poolOf: (kernel: number) => Pool,
  { results, size, scale }: { readonly results: BufferRef; readonly size: Vec3; readonly scale: number },
): void {
  const [across, strideU, strideV] = acrossAxes(plane, stridesOf(old_size));
  const [, nu, nv] = acrossAxes(plane, old_size);
  // Lines by fours: the last ones may be of no plane, and are not read.
  const planes = wholeFours(count);
  const held = Math.floor(lu / 2) + 1;
  const samples: Numbers = { buffer, strides: [across, strideU, strideV], offset: first * across, apart: 0 };
  const half: Vec3 = [planes, held, lv];
  const image: Numbers = {
    buffer: scratch('filter/gabor.image', 2 * planes * held * lv),
    strides: stridesOf(half),
    apart: planes * held * lv,
  };
  const whole: Vec3 = [planes, lu, lv];
  const responses: Numbers = {
    buffer: scratch('filter/gabor.responses', 2 * planes * lu * lv),
    strides: stridesOf(whole),
    apart: planes * lu * lv,
  };
  const [u, v] = [
    { axis: 1, n: lu },
    { axis: 2, n: lv },
  ] as const;
  recordFourier(rec, samples, image, { ...u, turn: -1, lines: [planes, lu, nv], present: nu, count: held }, scratch);
  recordFourier(rec, image, image, { ...v, turn: -1, lines: half, present: nv }, scratch);
  const length = (planes / 4) * lu * lv;
  const [backU, backV] = [
    { ...u, turn: 1, lines: [planes, lu, wv], first: 2 * margins.first, count: wu },
    { ...v, turn: 1, lines: whole, first: 2 * margins.second, count: wv },
  ] as const;
  const partSize = alongAxes(plane, [count, wu, wv]);
  for (let k = 0; k < kernels; k++) {
    const params = { size: [planes / 4, lu, lv], held, lane: k % LANES };
    const args = { kernels: spectra[Math.floor(k / LANES)]!, image: image.buffer, responses: responses.buffer };
    rec.dispatch(gabor, { params, ...args }, length);
    recordFourier(rec, responses, responses, backV, scratch);
    recordFourier(rec, responses, responses, backU, scratch);
    rec.dispatch(
      modulus,
      {
        params: {
          size: partSize,
          pool: poolCodes[poolOf(k)],
          whole: size,
          apart: responses.apart,
          first: alongAxes(plane, [first, 0, 0]),
          scale: scale / (lu * lv),
          strides: alongAxes(plane, responses.strides),
        },
        responses: responses.buffer,
        pooled: results,
      },
      count * wu * wv,
    );
  }
}

/**
 * The modulus of the response to a Gabor filter in planes, in float32; its kernel ends where the Gaussian has fallen to 1e-6.
 * Planes and kernels are transformed, padded so that no response meets the other end. A rotated filter costs each voxel the same
 * whatever its size; errors are about 1e-7 of the product of the norms.
 * @param image stays; of float64 images the float32 part is filtered
 * @param box the voxels wanted; all by default. The image made covers it alone, its values are those of the whole image
 *   but for rounding
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
  for (const [o, plane] of orientations.entries()) {
    const reach = alongAxes(plane, [0, margins.first, margins.second]);
    const samples = recordExtended(setting, part, wanted, { before: reach, behind: reach });
    const across = acrossAxes(plane, size);
    const [, nu, nv] = acrossAxes(plane, samples.size);
    const planesOf: Planes = { plane, margins, wanted: across, lengths: [fastLength(nu), fastLength(nv)] };
    const spectra = Array.from({ length: Math.ceil(kernels.length / LANES) }, (_, k) =>
      recordKernels(setting, kernels.slice(LANES * k, LANES * (k + 1)), planesOf),
    );
    const thickness = Math.max(4, 4 * Math.floor(PART / (4 * planesOf.lengths[0] * planesOf.lengths[1])));
    const poolOf = (k: number): Pool => (o === 0 && k === 0 ? 'write' : pooling === 'average' ? 'add' : 'max');
    for (let first = 0; first < across[0]; first += thickness) {
      const count = Math.min(thickness, across[0] - first);
      const to = { results: pooled, size, scale };
      recordPlanes(setting, samples, planesOf, spectra, kernels.length, [first, count], poolOf, to);
    }
  }
  return finish('gabor', { buffer: pooled, box: wanted });
}
