/** Convolutions of a region's box with the inverse distance, by Fourier transforms in parts of bounded work. */
import distancesSource from '../../../shaders/morph/distances.wgsl?raw';
import weighSource from '../../../shaders/morph/weigh.wgsl?raw';
import { type BufferRef, defineKernel, type Engine, Recording } from '../../engine/index.ts';
import { type Box, boxSize } from '../box.ts';
import {
  fastLength,
  type Numbers,
  recordFourier,
  type Scratch,
  type Transform,
  wholeFours,
} from '../fourier/transform.ts';
import type { Vec3 } from '../volume.ts';

export const distances = defineKernel({
  name: 'morph/distances',
  source: distancesSource,
  bindings: { params: 'uniform', weights: 'read_write' },
  workgroup: 64,
});

export const weigh = defineKernel({
  name: 'morph/weigh',
  source: weighSource,
  bindings: { params: 'uniform', weights: 'read', spectrum: 'read_write' },
  workgroup: 64,
});

/** Bytes of a complex number. */
export const BYTES = 8;
/** Bytes of the spectrum that is held at once, and so the work of a submit. */
const PART_BYTES = 32 * 2 ** 20;

/** Sizes of the transforms of a region, and how many planes of the spectrum are held at once. */
export interface Layout {
  /** Voxels of the box along x, y, z. */
  readonly box: Vec3;
  /** Numbers along x, y, z that are held of it, z fastest: fours along z, zeros behind the box. */
  readonly size: Vec3;
  /** Lengths of the transforms. */
  readonly lengths: Vec3;
  /** What is kept of an even sequence: its first half, the middle included. */
  readonly half: Vec3;
  /** Frequencies along x whose planes are held at once. */
  readonly planes: number;
}

export const product = ([x, y, z]: Vec3): number => x * y * z;

/** The layout of a box. */
export function layoutOf(region: Box): Layout {
  const box = boxSize(region);
  const size: Vec3 = [box[0], box[1], wholeFours(box[2])];
  // Long enough that no voxel meets another one round the end.
  const lengths = box.map((n) => fastLength(2 * n - 1)) as unknown as Vec3;
  const half = lengths.map((n) => (n >> 1) + 1) as unknown as Vec3;
  const planes = Math.max(1, Math.floor(PART_BYTES / (BYTES * wholeFours(lengths[1]) * lengths[2])));
  return { box, size, lengths, half, planes: Math.min(planes, lengths[0]) };
}

/** Bytes of the largest buffer of the sums over pairs of a region with this box, and what the adapter binds. */
export function pairBytes(engine: Engine, box: Box): { readonly need: number; readonly limit: number } {
  const { size, lengths, half, planes } = layoutOf(box);
  const fours = wholeFours(lengths[1]);
  const numbers = [
    lengths[0] * size[1] * size[2],
    (half[0] * wholeFours(half[1]) * wholeFours(half[2])) / 2,
    planes * fours * Math.max(size[2], lengths[2]),
  ];
  return { need: BYTES * Math.max(...numbers), limit: engine.caps.limits.maxStorageBufferBindingSize };
}

/** Complex numbers, z fastest. */
const alongZ = (buffer: BufferRef, [nx, ny, nz]: Vec3, offset = 0, whole = nx): Numbers => ({
  buffer,
  strides: [ny * nz, nz, 1],
  offset: offset * ny * nz,
  apart: whole * ny * nz,
});

/** Complex numbers, y fastest. */
const alongY = (buffer: BufferRef, [nx, ny, nz]: Vec3): Numbers => ({
  buffer,
  strides: [ny * nz, 1, ny],
  apart: nx * ny * nz,
});

/** The spectrum of the weights: planes of x, then z, then y fastest; an eighth of it, the rest is its mirror image. Real. */
function recordWeights(rec: Recording, { lengths, half }: Layout, spacing: Vec3, scratch: Scratch): BufferRef {
  const [hx, hy, hz] = half;
  const fours = wholeFours(hy);
  const rows: Vec3 = [hx, fours, wholeFours(hz)];
  const columns: Vec3 = [hx, fours, hz];
  const weights = rec.buffer('morph/distances.weights', 4 * product(rows));
  const other = rec.buffer('morph/distances.other', 4 * product(columns));
  rec.dispatch(distances, { params: { size: rows, spacing }, weights }, product(rows));
  const inRows: Numbers = { ...alongZ(weights, rows), apart: 0 };
  const how = (axis: 0 | 1 | 2): Transform => ({
    axis,
    n: lengths[axis],
    turn: -1,
    lines: rows,
    held: half[axis],
    count: half[axis],
  });
  recordFourier(rec, inRows, inRows, how(0), scratch);
  recordFourier(rec, inRows, inRows, how(1), scratch);
  recordFourier(rec, inRows, { ...alongY(other, columns), apart: 0 }, how(2), scratch);
  return other;
}

/** Convolves some planes of the spectrum along x with the weights, in place. */
function recordPlanes(
  rec: Recording,
  lines: BufferRef,
  weights: BufferRef,
  { box, size: [, ny, nz], lengths: [planes, ly, lz], half: [, hy, hz] }: Layout,
  [first, count]: readonly [number, number],
  scratch: Scratch,
): void {
  const fours = wholeFours(ly);
  const inColumns: Vec3 = [count, fours, nz];
  const whole: Vec3 = [count, fours, lz];
  const boxes = alongZ(lines, [planes, ny, nz], first, planes);
  const columns = alongZ(rec.buffer('morph/potentials.y', BYTES * product(inColumns)), inColumns);
  const spectrum = rec.buffer('morph/potentials.spectrum', BYTES * product(whole));
  const y = { axis: 1, n: ly, lines: inColumns } as const;
  const z = { axis: 2, n: lz, lines: whole } as const;
  recordFourier(rec, boxes, columns, { ...y, turn: -1, present: ny }, scratch);
  recordFourier(rec, columns, alongY(spectrum, whole), { ...z, turn: -1, present: box[2] }, scratch);
  const params = { size: [fours, lz, count], first, half_size: [wholeFours(hy), hz], lengths: [ly, lz, planes] };
  rec.dispatch(weigh, { params, weights, spectrum }, product(whole));
  recordFourier(rec, alongY(spectrum, whole), columns, { ...z, turn: 1, count: box[2] }, scratch);
  recordFourier(rec, columns, boxes, { ...y, turn: 1, count: ny }, scratch);
}

/** What the sums need after the last part. */
export interface Parts {
  readonly recordings: readonly (() => Recording)[];
  readonly last: Recording;
  readonly potentials: BufferRef;
  readonly kept: readonly BufferRef[];
}

/** Buffers of a recording that its transforms share. */
function scratchOf(rec: Recording): Scratch {
  const made = new Map<string, BufferRef>();
  return (name, numbers) => {
    const key = `${name} ${numbers}`;
    const buffer = made.get(key) ?? rec.buffer(name, 4 * numbers);
    made.set(key, buffer);
    return buffer;
  };
}

/**
 * The potentials of a region: at each voxel the sum of the weights of all others, and of their deviations times the weights.
 * They are a convolution, so a product of spectra; deviations and region are the parts of one complex number, and the
 * weights, being even, keep them apart.
 */
export function planPotentials(rec: Recording, region: BufferRef, layout: Layout, spacing: Vec3): Parts {
  const { size, lengths } = layout;
  const [nx, ny, nz] = size;
  const [lx] = lengths;
  const scratch = scratchOf(rec);
  const weights = rec.keep(recordWeights(rec, layout, spacing, scratch));
  const lines = rec.keep(rec.buffer('morph/potentials.x', BYTES * lx * ny * nz));
  const x = { axis: 0, n: lx, lines: size } as const;
  const spectra = alongZ(lines, [lx, ny, nz]);
  recordFourier(rec, alongZ(region, size), spectra, { ...x, turn: -1, present: nx }, scratch);
  const starts = Array.from({ length: Math.ceil(lx / layout.planes) }, (_, k) => k * layout.planes);
  const record = (into: Recording, first: number, shared: Scratch) => {
    recordPlanes(into, lines, weights, layout, [first, Math.min(layout.planes, lx - first)], shared);
    return into;
  };
  const part = (first: number) => {
    const own = new Recording('morph/potentials');
    return record(own, first, scratchOf(own));
  };
  // A spectrum that fits into one part needs no submit of its own.
  const whole = starts.length === 1;
  if (whole) record(rec, 0, scratch);
  const last = whole ? rec : new Recording('morph/potentials');
  const potentials = last.buffer('morph/potentials.potentials', BYTES * product(size));
  const back = { ...x, turn: 1, count: nx } as const;
  recordFourier(last, spectra, alongZ(potentials, size), back, whole ? scratch : scratchOf(last));
  return {
    recordings: whole ? [] : starts.map((first) => () => part(first)),
    last,
    potentials,
    kept: [weights, lines],
  };
}
