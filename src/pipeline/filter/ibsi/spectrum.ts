/** filter/spectrum: IBSI 2's filters that are defined by their frequencies, and Riesz transforms (AYRS). */
import source from '../../../../shaders/filter/spectrum.wgsl?raw';
import { type BufferRef, defineKernel } from '../../../engine/index.ts';
import { type Box, boxSize } from '../../box.ts';
import { PipelineError } from '../../errors.ts';
import { fastLength, type Numbers, recordFourier, stridesOf, wholeFours } from '../../fourier/transform.ts';
import type { Vec3 } from '../../volume.ts';
import { type Part, recordExtended, type Setting } from './boundary.ts';
import type { Line } from './convolve.ts';

export const spectrum = defineKernel({
  name: 'filter/spectrum',
  source,
  bindings: { params: 'uniform', axes: 'read', profile: 'read', spectrum: 'read_write' },
  workgroup: 64,
});

type Axis = 0 | 1 | 2;
const AXES = [0, 1, 2] as const;

/** Order of a Riesz transform along x, y and z. */
export type RieszOrder = readonly [number, number, number];

/** The largest sum of the orders: beyond, powers are noise in float32. */
const MOST_ORDER = 16;

/** Throws BadSetting unless a value is the order of a Riesz transform: whole numbers from 0, 2 in planes or 3 in space. */
export function rieszOrder(riesz: readonly number[] | undefined, dimensions: 2 | 3): RieszOrder {
  if (riesz === undefined) return [0, 0, 0];
  const sum = riesz.reduce((a, b) => a + b, 0);
  if (riesz.length !== dimensions || riesz.some((l) => !Number.isInteger(l) || l < 0) || sum < 1 || sum > MOST_ORDER)
    throw new PipelineError(
      'BadSetting',
      `riesz: expected ${dimensions} whole numbers from 0 with a sum of 1 to ${MOST_ORDER}, as ${dimensions === 3 ? '1, 0, 0' : '1, 0'}, found ${riesz.join(', ') || 'none'}`,
    );
  return [riesz[0]!, riesz[1]!, riesz[2] ?? 0];
}

/** A filter that depends on the distance from frequency 0 alone, where 1 is the highest frequency along an axis. */
export interface RadialFilter {
  /** Distances between which it is not 0. */
  readonly low: number;
  readonly high: number;
  readonly value: (distance: number) => number;
}

/** The Laplacian of Gaussian as a sum of products: `curved` along one axis, `smooth` along the others. */
export interface LaplaceFilter {
  readonly smooth: Line;
  readonly curved: Line;
}

export interface SpectralFilter {
  readonly filter: RadialFilter | LaplaceFilter;
  readonly riesz: RieszOrder;
  /** In space, or in planes of x and y. */
  readonly dimensions: 2 | 3;
  /** Voxels by which an image that is not periodic is continued at least, on both sides. */
  readonly reach: number;
}

/** Numbers of the table of a radial filter: linear between them, off by less than float32 shows. */
const PROFILE = 4096;

const isRadial = (filter: RadialFilter | LaplaceFilter): filter is RadialFilter => 'value' in filter;

/**
 * Coordinate of a frequency: -1 at the first of the n when frequency 0 is brought to the middle, 1 at the last. For an even n
 * the middle lies between two frequencies, as in the maps of most teams of the initiative.
 */
export const coordinateOf = (k: number, n: number): number => {
  const middle = (n - 1) / 2;
  return n === 1 ? 0 : (((k + Math.floor(n / 2)) % n) - middle) / middle;
};

/** The frequencies of a kernel that is its own mirror image. */
function cosineSum({ taps, centre }: Line, k: number, n: number): number {
  return taps.reduce((sum, tap, t) => sum + tap * Math.cos((2 * Math.PI * ((k * (t - centre)) % n)) / n), 0);
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** What `filter/spectrum` reads for the frequencies of an axis. */
function axisTable(
  { filter, dimensions }: SpectralFilter,
  axis: Axis,
  held: number,
  n: number,
): (readonly [number, number, number, number])[] {
  const isFiltered = axis < dimensions;
  return Array.from({ length: held }, (_, k) => {
    if (!isFiltered) return [0, 0, 1, 0] as const;
    const coordinates = [coordinateOf(k, n), coordinateOf((n - k) % n, n)] as const;
    if (isRadial(filter)) return [...coordinates, 0, 0] as const;
    return [...coordinates, cosineSum(filter.smooth, k, n), cosineSum(filter.curved, k, n)] as const;
  });
}

/** The image on the grid that is transformed: it repeats itself. */
interface Period {
  readonly buffer: BufferRef;
  readonly size: Vec3;
  /** Position of the first voxel of the image. */
  readonly origin: Vec3;
}

/** The image as it is where it is periodic; else continued, so that what is beyond one border does not reach the other. */
function recordPeriod(setting: Setting, part: Part, box: Box, { dimensions, reach }: SpectralFilter): Period {
  const { size } = setting.grid;
  // Planes by themselves: those of the box alone.
  const [low, high] = dimensions === 2 ? [box.first[2], box.last[2]] : [0, size[2] - 1];
  const whole: Box = { first: [0, 0, low], last: [size[0] - 1, size[1] - 1, high] };
  if (setting.boundary === 'periodic' && dimensions === 3) return { buffer: part.buffer, size, origin: [0, 0, 0] };
  const around = (a: Axis) => (a < dimensions && setting.boundary !== 'periodic' ? reach : 0);
  const beyond = (a: Axis) => (around(a) === 0 ? 0 : fastLength(size[a] + 2 * reach) - size[a] - reach);
  const before: Vec3 = [around(0), around(1), around(2)];
  const samples = recordExtended(setting, part, whole, { before, behind: [beyond(0), beyond(1), beyond(2)] });
  return { buffer: samples.buffer, size: samples.size, origin: [before[0], before[1], before[2] - low] };
}

/**
 * Filters an image by its frequencies.
 * @param part the whole image
 * @param box voxels whose responses are wanted
 */
export function recordSpectral(setting: Setting, part: Part, box: Box, how: SpectralFilter): Part {
  const { rec, scratch } = setting;
  const { filter, riesz, dimensions } = how;
  const { buffer, size, origin } = recordPeriod(setting, part, box, how);
  const used: readonly Axis[] = AXES.slice(0, dimensions);
  // Of a real image, half of the frequencies along x are the conjugates of the others. Lines of fours are transformed faster: up to
  // three more follow, which are not read.
  const held = Math.floor(size[0] / 2) + 1;
  const half: Vec3 = [wholeFours(held), size[1], size[2]];
  const length = half[0] * half[1] * half[2];
  const numbers: Numbers = {
    buffer: rec.buffer('filter/spectrum.frequencies', 8 * length),
    strides: stridesOf(half),
    apart: length,
  };
  for (const axis of used) {
    const from = axis === 0 ? { buffer, strides: stridesOf(size), apart: 0 } : numbers;
    const count = axis === 0 ? held : size[axis];
    recordFourier(rec, from, numbers, { axis, n: size[axis], turn: -1, lines: half, count }, scratch);
  }
  const order = riesz[0] + riesz[1] + riesz[2];
  const norm = Math.sqrt(factorial(order) / riesz.reduce((product, l) => product * factorial(l), 1));
  const turns = used.reduce<number>((product, a) => product * size[a], 1);
  // (-i)^l is 1, -i, -1, i.
  const sign = order % 4 === 0 || order % 4 === 3 ? 1 : -1;
  const radial = isRadial(filter);
  const [low, high] = radial ? [filter.low, filter.high] : [0, 0];
  const tables = AXES.flatMap((a) => axisTable(how, a, half[a], size[a]));
  const profile = radial
    ? Float32Array.from({ length: PROFILE + 1 }, (_, t) => filter.value(low + ((high - low) * t) / PROFILE))
    : new Float32Array(1);
  rec.dispatch(
    spectrum,
    {
      params: {
        size: half,
        apart: length,
        order: riesz,
        radial: Number(radial),
        low,
        high,
        scale: (sign * norm) / turns,
        odd: order % 2,
        length,
      },
      axes: rec.upload('filter/spectrum.axes', new Float32Array(tables.flat())),
      profile: rec.upload('filter/spectrum.profile', profile),
      spectrum: numbers.buffer,
    },
    length,
  );
  const wanted = boxSize(box);
  const responses: Numbers = {
    buffer: rec.buffer('filter/spectrum.responses', 4 * wanted[0] * wanted[1] * wanted[2]),
    strides: stridesOf(wanted),
    apart: 0,
  };
  let lines = half;
  for (const axis of used.toReversed()) {
    const first = box.first[axis] + origin[axis];
    const to = axis === 0 ? responses : numbers;
    const back = { axis, n: size[axis], turn: 1, lines, held: axis === 0 ? held : size[axis], first } as const;
    recordFourier(rec, numbers, to, { ...back, count: wanted[axis] }, scratch);
    lines = lines.map((n, a) => (a === axis ? wanted[a] : n)) as unknown as Vec3;
  }
  return { buffer: responses.buffer, box };
}
