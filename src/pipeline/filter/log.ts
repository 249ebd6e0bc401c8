/** filter/recursive: Laplacian of Gaussian by recursive filters on the GPU, as SimpleITK computes it for PyRadiomics. */
import source from '../../../shaders/filter/recursive.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { type Box, boxUnion, wholeBox } from '../box.ts';
import type { DeviceVolume, PartialVolume } from '../device-volume.ts';
import type { Stretch } from '../resample/axis.ts';
import { splitFactors } from '../twofold.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { reach, type RecursiveFilter, recursiveGaussian } from './deriche.ts';
import { boxGrid } from '../geometry.ts';
import type { FilteredImage } from './filtered-image.ts';

export const recursive = defineKernel({
  name: 'filter/recursive',
  source,
  bindings: {
    params: 'uniform',
    samples: 'read',
    tails: 'read',
    result: 'read_write',
    rests: 'read_write',
    total: 'read_write',
  },
  workgroup: 64,
});

/** PyRadiomics' settings of the LoG images. */
export interface LogSettings {
  /**
   * Standard deviations in mm. A number is named as Python writes a float (2 is `2-0`); text is named as it stands, like the
   * `2` of a parameter file, which Python reads as an integer.
   */
  readonly sigma?: readonly (number | string)[];
}

/** The images that could be made, and why others could not. */
export interface LogImages {
  readonly images: readonly FilteredImage[];
  readonly notes: readonly string[];
}

type Axis = 0 | 1 | 2;

/** Samples of a box of the image. */
interface Samples {
  readonly buffer: BufferRef;
  readonly tails: BufferRef | null;
  readonly box: Box;
}

/** ITK's filters want as many. */
const LEAST_SIZE = 4;

/**
 * Share of a line's range that samples out of reach of a box may add to a value: 1/512 of the 2^-25 that float32, to which
 * every pass rounds, may lose. Of a range of 1000 it is 6e-8, which moves one of 10^8 voxels across the edge of a bin of 25.
 */
const OUT_OF_REACH = 2 ** -34;

const text = (sigma: number | string): string =>
  typeof sigma === 'number' && Number.isInteger(sigma) ? `${sigma}.0` : String(sigma);

const sizeOf = ({ first, last }: Box, axis: Axis): number => last[axis] - first[axis] + 1;
const vec3 = (f: (i: Axis) => number): Vec3 => [f(0), f(1), f(2)];

/** One filter along one axis. */
interface Pass {
  readonly axis: Axis;
  readonly filter: RecursiveFilter;
  /** What it makes. */
  readonly into: Box;
  /** Samples of a line that it reads. */
  readonly line: Stretch;
}

/** Samples along an axis within reach of a box. */
function within(box: Box, axis: Axis, filter: RecursiveFilter, size: Vec3): Stretch {
  const margin = reach(filter, OUT_OF_REACH);
  const first = Math.max(0, box.first[axis] - margin);
  return { first, count: Math.min(size[axis] - 1, box.last[axis] + margin) - first + 1 };
}

/** The passes of the second derivative along an axis: that axis first, then the others, each cut to what the next need. */
function passesOf(image: Geometry, box: Box | null, sigma: number, along: Axis, axes: readonly Axis[]): Pass[] {
  const { size, spacing } = image;
  const wanted = box ?? wholeBox(image);
  const steps = [along, ...axes.filter((axis) => axis !== along)].map((axis) => {
    const filter = recursiveGaussian(sigma / spacing[axis], axis === along ? 2 : 0, axis === along ? sigma * sigma : 1);
    return { axis, filter, line: within(wanted, axis, filter, size) };
  });
  let into: Box = wanted;
  return steps
    .reverse()
    .map(({ axis, filter, line: { first, count } }): Pass => {
      const pass = { axis, filter, into, line: { first, count } };
      into = {
        first: vec3((i) => (i === axis ? first : into.first[i])),
        last: vec3((i) => (i === axis ? first + count - 1 : into.last[i])),
      };
      return pass;
    })
    .reverse();
}

const lengthOf = (box: Box): number => sizeOf(box, 0) * sizeOf(box, 1) * sizeOf(box, 2);

/** Buffers of the passes of a recording; one after the other writes them. */
interface Scratch {
  readonly results: readonly [BufferRef, BufferRef];
  readonly rests: BufferRef;
  /** Stands for a buffer that a pass does not touch. */
  readonly none: BufferRef;
}

/** @param sum_up where the result goes instead, times a scale */
function recordPass(
  rec: Recording,
  { buffer, tails, box }: Samples,
  { axis, filter, into, line }: Pass,
  result: BufferRef,
  { rests, none }: Scratch,
  sum_up: { total: BufferRef; scale: number } | null,
): Samples {
  const size = vec3((i) => sizeOf(into, i));
  const lines = lengthOf(into) / size[axis];
  const params = {
    size,
    axis,
    old_size: vec3((i) => sizeOf(box, i)),
    first: into.first[axis] - line.first,
    old_first: vec3((i) => (i === axis ? line.first : into.first[i]) - box.first[i]),
    count: line.count,
    lines,
    has_tails: Number(tails !== null),
    sum_up: Number(sum_up !== null),
    zero: 0,
    scale: splitFactors([sum_up?.scale ?? 0]),
    gain: splitFactors([filter.gain]),
    back_gain: splitFactors([filter.backGain]),
    forward: splitFactors(filter.forward),
    backward: splitFactors(filter.backward),
    poles: splitFactors(filter.poles.map((d) => -d)),
  };
  const buffers = { samples: buffer, tails: tails ?? buffer, result, rests, total: sum_up?.total ?? none };
  rec.dispatch(recursive, { params, ...buffers }, lines);
  return { buffer: result, tails: null, box: into };
}

/** The scaled Laplacian of one standard deviation: second derivatives along every axis, added up in float32. */
function recordLaplacian(
  rec: Recording,
  image: PartialVolume,
  box: Box | null,
  sigma: number,
  axes: readonly Axis[],
  scratch: Scratch,
): DeviceVolume {
  const part = box ?? wholeBox(image);
  const total = rec.keep(rec.zeros('filter/recursive.total', 4 * lengthOf(part)));
  for (const along of axes) {
    let samples: Samples = { buffer: image.voxels, tails: image.tails, box: image.covers ?? wholeBox(image) };
    passesOf(image, box, sigma, along, axes).forEach((pass, k) => {
      const last = k === axes.length - 1;
      const sum_up = last ? { total, scale: 1 / image.spacing[along] ** 2 } : null;
      samples = recordPass(rec, samples, pass, scratch.results[k % 2]!, scratch, sum_up);
    });
  }
  return { ...boxGrid(image, part), voxels: total, tails: null, type: 'float32' };
}

/** Why PyRadiomics makes no image of a standard deviation; null where it makes one. */
function refusal({ size, spacing }: Geometry, sigma: number, axes: readonly Axis[]): string | null {
  if (!(sigma > 0)) return `sigma: expected more than 0 mm, found ${sigma}; no image is made`;
  const least = axes.map((axis) => Math.ceil(sigma / spacing[axis]) + 1);
  if (axes.every((axis, k) => size[axis] >= least[k]!)) return null;
  const found = axes.map((axis) => size[axis]).join(' x ');
  return `LoG of ${sigma} mm: expected at least ${least.join(' x ')} voxels, found ${found}; no image is made`;
}

const axesOf = ({ dimension }: Geometry): readonly Axis[] => (dimension === 3 ? [0, 1, 2] : [0, 1]);

/** The voxels of an image that its LoG images read to make a box. */
export function logSupport(image: Geometry, { sigma: sigmas = [] }: LogSettings, box: Box): Box {
  const axes = axesOf(image);
  return sigmas
    .filter((sigma) => refusal(image, Number(sigma), axes) === null)
    .flatMap((sigma) => axes.map((along) => passesOf(image, box, Number(sigma), along, axes)[0] as Pass))
    .map(({ axis, into, line: { first, count } }) => ({
      first: vec3((i) => (i === axis ? first : into.first[i])),
      last: vec3((i) => (i === axis ? first + count - 1 : into.last[i])),
    }))
    .reduce(boxUnion, box);
}

/**
 * The LoG images of PyRadiomics, by its names (`log-sigma-2-0-mm-3D`), in the order of the standard deviations: the Laplacian
 * of the Gaussian by ITK's recursive filters, normalised across scales. Lines are filtered in numbers of 48 bits and
 * rounded to float32 where ITK rounds: after every pass and every addition. The images are float32.
 *
 * @param image stays; where it is not whole it covers `logSupport` of the box
 * @param box voxels of the image that are wanted; null for all. The images cover the box alone: their voxel 0 is the box's
 *   first. Then lines are filtered only within reach of the box: what lies further away could change the result of a pass
 *   by at most 2^-34 of the range of its input (times the filter's absolute gain), which is 1/512 of what float32 rounds.
 * @returns images whose buffers are kept and are the caller's to release; no image, but a note, where PyRadiomics logs a
 *   warning and goes on: fewer than 4 voxels along an axis, fewer than ceil(sigma / spacing) + 1, sigma not above 0
 */
export function recordLog(
  rec: Recording,
  image: PartialVolume,
  { sigma: sigmas = [] }: LogSettings,
  box: Box | null = null,
): LogImages {
  const axes = axesOf(image);
  const size = axes.map((axis) => image.size[axis]);
  if (size.some((n) => n < LEAST_SIZE))
    return {
      images: [],
      notes: [
        `LoG: expected at least ${LEAST_SIZE} voxels along every axis, found ${size.join(' x ')}; no image is made`,
      ],
    };
  const refusals = sigmas.map((sigma) => refusal(image, Number(sigma), axes));
  const made = sigmas.filter((_, k) => refusals[k] === null);
  const passes = made.flatMap((sigma) => axes.flatMap((along) => passesOf(image, box, Number(sigma), along, axes)));
  const bytes = 4 * passes.reduce((most, { into }) => Math.max(most, lengthOf(into)), 1);
  const scratch: Scratch = {
    results: [rec.buffer('filter/recursive.result', bytes), rec.buffer('filter/recursive.result', bytes)],
    rests: rec.buffer('filter/recursive.rests', bytes),
    none: rec.buffer('filter/recursive.none', 4),
  };
  return {
    images: made.map((sigma) => ({
      name: `log-sigma-${text(sigma).replaceAll('.', '-')}-mm-3D`,
      image: recordLaplacian(rec, image, box, Number(sigma), axes, scratch),
    })),
    notes: refusals.filter((note) => note !== null),
  };
}
