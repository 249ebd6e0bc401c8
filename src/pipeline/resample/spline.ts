/** resample/spline: cubic B-spline interpolation between parallel grids, one axis after the other, each with its prefilter. */
import source from '../../../shaders/resample/spline.wgsl?raw';
import wideSource from '../../../shaders/resample/spline-wide.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { type DeviceVolume, voxelCount } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { newSize, type Samples, type Stretch } from './axis.ts';
import { type Cast, noCast } from './cast.ts';
import { recordGather } from './gather.ts';
import { splinePole, splineProfile } from './interpolators.ts';
import { type Line, lineOf } from './lines.ts';
import { type AxisPositions, inside } from './positions.ts';
import { tapsOf } from './taps.ts';

const bindings = {
  params: 'uniform',
  samples: 'read',
  first: 'read',
  weights: 'read',
  causal: 'read_write',
  resampled: 'read_write',
} as const;
export const spline = defineKernel({ name: 'resample/spline', source, bindings, workgroup: 64 });
/** In numbers of twice the width, for values that become whole numbers. */
export const splineWide = defineKernel({ name: 'resample/spline-wide', source: wideSource, bindings, workgroup: 64 });

/** Samples beyond which the filter's answer does not show, in float32 and in pairs of it: the pole to this power. */
const reachOf = (cast: Cast | null) => (cast ? 28 : 18);
/** Coefficients of a new sample. */
const ORDER = 4;
/** What the recursive filter multiplies a line by, left to the weights. */
const GAIN = (1 - splinePole) * (1 - 1 / splinePole);
/** Of the value that the anticausal half starts from. */
const END = 1 / (splinePole ** 2 - 1);
/** Mark of the tables for positions outside the image. */
const OUTSIDE = 0xffffffff;

type Axis = 0 | 1 | 2;

interface Tables {
  readonly first: Uint32Array;
  readonly weights: Float64Array;
}

/** The coefficients of every position, the weights of those beyond the ends folded inwards. @param start sample cut off to */
function tablesOf(positions: Float64Array, n: number, start: number): Tables {
  const taps = tapsOf(splineProfile, positions, n, 0);
  const weights = new Float64Array(positions.length * ORDER);
  const first = taps.first.map((f, k) => (inside(positions[k]!, n) ? f - start : OUTSIDE));
  taps.weights.forEach((w, i) => {
    weights[Math.floor(i / taps.count) * ORDER + (i % taps.count)] = w * GAIN;
  });
  return { first, weights };
}

/** Samples of a line that its positions need. */
function neededOf({ positions, whole }: Line, n: number, reach: number): Stretch {
  const [low, high] = [positions[0] ?? 0, positions.at(-1) ?? 0];
  const margin = whole ? 0 : reach;
  const first = Math.max((whole ? Math.round(low) : Math.floor(low)) - margin, 0);
  const last = Math.min((whole ? Math.round(high) : Math.ceil(high)) + margin, n - 1);
  return { first, count: last - first + 1 };
}

/** A number as the sum of two float32. */
function pairOf(x: number): [number, number] {
  const high = Math.fround(x);
  return [high, x - high];
}

/** The weights of each new sample, high words before low ones. */
function widened(weights: Float64Array): Float32Array {
  const words = new Float32Array(2 * weights.length);
  weights.forEach((w, i) => {
    const place = 2 * (i - (i % ORDER)) + (i % ORDER);
    [words[place], words[place + ORDER]] = pairOf(w);
  });
  return words;
}

/** Where new samples go: offset of the first, and steps along the axes of the image. */
interface Layout {
  readonly base: number;
  readonly steps: Vec3;
}

const compact = ([nx, ny]: Vec3): Layout => ({ base: 0, steps: [1, nx, nx * ny] });

/** The layout of the grid, whose axes may run along the image's in any order and direction. */
function layoutOf(grid: Geometry, lines: readonly Line[]): Layout {
  const strides = compact(grid.size).steps;
  const steps: [number, number, number] = [0, 0, 0];
  let base = 0;
  lines.forEach(({ axis, descends }, gridAxis) => {
    const stride = strides[gridAxis]!;
    steps[axis] = descends ? -stride : stride;
    if (descends) base += (grid.size[gridAxis]! - 1) * stride;
  });
  return { base, steps };
}

/** What WebGPU promises to bind at once; software adapters have no more. */
const BINDING = 2 ** 27;

/** Whether the filtered lines of an image can be bound; larger ones are resampled by tables, which need less memory. */
export function fitsLines(image: Geometry, grid: Geometry, cast: Cast | null): boolean {
  const voxels =
    Math.max(voxelCount(image), voxelCount(grid)) + spline.workgroup * Math.max(...image.size, ...grid.size);
  return voxels * (cast ? 8 : 4) <= BINDING;
}

/** What all passes share. */
interface Setting {
  /** Value of voxels outside. */
  readonly outside: number;
  /** How the last pass makes whole numbers; null in float32. */
  readonly cast: Cast | null;
}

/** One pass. @param length new samples */
function recordLine(
  rec: Recording,
  { buffer, size, words }: Samples & { readonly words: number },
  along: Axis,
  { first, weights }: Tables,
  box: readonly Stretch[],
  { base, steps }: Layout,
  length: number,
  isLast: boolean,
  { outside, cast }: Setting,
): BufferRef {
  const [u, v] = ([0, 1, 2] as const).filter((axis) => axis !== along) as [Axis, Axis];
  const strides = compact(size).steps;
  const lines = [box[u]!.count, box[v]!.count] as const;
  const { count } = box[along]!;
  const invocations = Math.ceil((lines[0] * lines[1]) / spline.workgroup) * spline.workgroup;
  const wide = cast === null ? 1 : 2;
  const resampled = rec.buffer('resample/spline.resampled', length * 4 * (isLast ? 1 : wide));
  const params = {
    lines,
    count,
    rows: first.length,
    old_strides: [strides[u], strides[v]],
    old_step: strides[along],
    old_base: box.reduce((sum, stretch, axis) => sum + stretch.first * strides[axis]!, 0),
    new_strides: [steps[u] >>> 0, steps[v] >>> 0],
    new_step: steps[along] >>> 0,
    new_base: base,
    reach: reachOf(cast),
    outside,
  };
  const args = {
    samples: buffer,
    first: rec.upload('resample/spline.first', first),
    weights: rec.upload('resample/spline.weights', cast ? widened(weights) : new Float32Array(weights)),
    causal: rec.buffer('resample/spline.causal', invocations * count * 4 * wide),
    resampled,
  };
  if (cast === null) {
    rec.dispatch(spline, { params, ...args }, invocations);
    return resampled;
  }
  const more = { words, ...(isLast ? cast : noCast), zero: 0, pole: pairOf(splinePole), end: pairOf(END) };
  rec.dispatch(splineWide, { params: { ...params, ...more }, ...args }, invocations);
  return resampled;
}

/**
 * Interpolates where at least one axis lies between samples, and some of the grid inside the image.
 * @returns the voxels, not kept
 */
export function recordSpline(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  axes: readonly AxisPositions[],
  setting: Setting,
): BufferRef {
  const reach = reachOf(setting.cast);
  const lines = axes.map((a) => lineOf(a, image.size[a.axis]));
  const lineAlong = (axis: number) => lines.find((line) => line.axis === axis) as Line;
  const box = [0, 1, 2].map((axis) => neededOf(lineAlong(axis), image.size[axis]!, reach));
  // The axis that shrinks most goes first: the others then have less to do.
  const growth = ({ axis, positions }: Line) => positions.length / box[axis]!.count;
  const order = lines.filter((line) => !line.whole).sort((a, b) => growth(a) - growth(b));
  const last = order.at(-1) as Line;
  const fits = lines.every((line) => line === last || line.positions.length === line.places.length);
  let samples = { buffer: image.voxels, size: image.size, words: 1 };
  order.forEach((line) => {
    const { axis } = line;
    const direct = line === last && fits;
    const inOrder = (positions: Float64Array) => (line.descends ? positions.toReversed() : positions);
    const wanted = direct ? inOrder(axes.find((a) => a.axis === axis)!.positions) : line.positions;
    const start = neededOf(line, image.size[axis], reach).first;
    const tables = tablesOf(wanted, image.size[axis], start);
    const size = newSize(axis, wanted.length, box);
    const layout = direct ? layoutOf(grid, lines) : compact(size);
    const length = direct ? voxelCount(grid) : size[0] * size[1] * size[2];
    const buffer = recordLine(rec, samples, axis, tables, box, layout, length, line === last, setting);
    samples = { buffer, size, words: 2 };
    // From the second pass on only what is needed is there.
    for (const i of [0, 1, 2]) box[i] = { first: 0, count: box[i]!.count };
    box[axis] = { first: 0, count: wanted.length };
  });
  if (fits) return samples.buffer;
  const word = new Uint32Array(new Float32Array([setting.outside]).buffer)[0]!;
  const indices = lines.map(({ axis, places }) => ({ axis, indices: places }));
  return recordGather(rec, samples.buffer, samples.size, grid, indices, word, true);
}
