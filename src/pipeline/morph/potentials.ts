/** Convolutions of a region's box with the inverse distance, by Fourier transforms in parts of bounded work. */
import distancesSource from '../../../shaders/morph/distances.wgsl?raw';
import weighSource from '../../../shaders/morph/weigh.wgsl?raw';
import { type BufferRef, defineKernel, type Engine, Recording } from '../../engine/index.ts';
import { type Box, boxSize } from '../box.ts';
import type { Vec3 } from '../volume.ts';
import { BYTES, recordFourier, recordRoots, transformLength } from './fourier.ts';

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

/** Bytes of the spectrum that is held at once, and so the work of a submit. */
const PART_BYTES = 32 * 2 ** 20;

/** Sizes of the transforms of a region, and how many planes of the spectrum are held at once. */
export interface Layout {
  /** Voxels of the box along x, y, z. */
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
export function layoutOf(box: Box): Layout {
  const size = boxSize(box);
  // Long enough that no voxel meets another one round the end.
  const lengths = size.map((n) => transformLength(2 * n - 1)) as unknown as Vec3;
  const half = lengths.map((n) => (n >> 1) + 1) as unknown as Vec3;
  const planes = Math.max(1, Math.floor(PART_BYTES / (BYTES * lengths[1] * lengths[2])));
  return { size, lengths, half, planes: Math.min(planes, lengths[0]) };
}

/** Bytes of the largest buffer of the sums over pairs of a region with this box, and what the adapter binds. */
export function pairBytes(engine: Engine, box: Box): { readonly need: number; readonly limit: number } {
  const { size, lengths, half, planes } = layoutOf(box);
  const numbers = [lengths[0] * size[1] * size[2], product(half), planes * lengths[1] * lengths[2]];
  return { need: BYTES * Math.max(...numbers), limit: engine.caps.limits.maxStorageBufferBindingSize };
}

/** The spectrum of the weights: planes of x, then z, then y fastest; an eighth of it, the rest is its mirror image. */
function recordWeights(
  rec: Recording,
  { lengths, half }: Layout,
  spacing: Vec3,
  roots: readonly BufferRef[],
): BufferRef {
  const [hx, hy, hz] = half;
  const buffer = (name: string) => rec.buffer(`morph/distances.${name}`, BYTES * product(half));
  const [weights, other] = [buffer('weights'), buffer('other')];
  rec.dispatch(distances, { params: { size: half, spacing }, weights }, product(half));
  const transform = (axis: 0 | 1 | 2, counts: [number, number]) => ({
    length: lengths[axis],
    roots: roots[axis] as BufferRef,
    counts,
    mirrored: true,
  });
  const alongX = { strides: [1, hz] as const, step: hy * hz, count: hx };
  recordFourier(rec, { buffer: weights, ...alongX }, { buffer: other, ...alongX }, transform(0, [hz, hy]));
  const alongY = { strides: [1, hy * hz] as const, step: hz, count: hy };
  recordFourier(rec, { buffer: other, ...alongY }, { buffer: weights, ...alongY }, transform(1, [hz, hx]));
  recordFourier(
    rec,
    { buffer: weights, strides: [hz, hy * hz], step: 1, count: hz },
    { buffer: other, strides: [1, hy * hz], step: hy, count: hz },
    transform(2, [hy, hx]),
  );
  return other;
}

/** Convolves some planes of the spectrum along x with the weights, in place. */
function recordPlanes(
  rec: Recording,
  lines: BufferRef,
  weights: BufferRef,
  { size: [, ny, nz], lengths: [planes, ly, lz], half: [, hy, hz] }: Layout,
  [, rootsY, rootsZ]: readonly BufferRef[],
  [first, count]: readonly [number, number],
): void {
  const alongY = rec.buffer('morph/potentials.y', BYTES * count * ly * nz);
  const spectrum = rec.buffer('morph/potentials.spectrum', BYTES * count * ly * lz);
  const y = { length: ly, roots: rootsY as BufferRef, counts: [nz, count] as const };
  const z = { length: lz, roots: rootsZ as BufferRef, counts: [ly, count] as const };
  const box = { buffer: lines, first: first * ny * nz, strides: [1, ny * nz] as const, step: nz, count: ny };
  const columns = { buffer: alongY, strides: [1, ly * nz] as const, step: nz, count: ly };
  const rows = { buffer: alongY, strides: [nz, ly * nz] as const, step: 1, count: nz };
  const whole = { buffer: spectrum, strides: [1, ly * lz] as const, step: ly, count: lz };
  recordFourier(rec, box, columns, y);
  recordFourier(rec, rows, whole, z);
  const params = { size: [ly, lz, count], first, half_size: [hy, hz], planes };
  rec.dispatch(weigh, { params, weights, spectrum }, count * ly * lz);
  recordFourier(rec, whole, rows, { ...z, backwards: true });
  recordFourier(rec, columns, box, { ...y, backwards: true });
}

/** What the sums need after the last part. */
export interface Parts {
  readonly recordings: readonly (() => Recording)[];
  readonly last: Recording;
  readonly potentials: BufferRef;
  readonly kept: readonly BufferRef[];
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
  const made = new Map<number, BufferRef>();
  const roots = lengths.map((length) => {
    const known = made.get(length) ?? rec.keep(recordRoots(rec, length));
    made.set(length, known);
    return known;
  });
  const weights = rec.keep(recordWeights(rec, layout, spacing, roots));
  const lines = rec.keep(rec.buffer('morph/potentials.x', BYTES * lx * ny * nz));
  const x = { length: lx, roots: roots[0] as BufferRef, counts: [nz, ny] as const };
  const alongX = { strides: [1, nz] as const, step: ny * nz };
  recordFourier(rec, { buffer: region, ...alongX, count: nx }, { buffer: lines, ...alongX, count: lx }, x);
  const starts = Array.from({ length: Math.ceil(lx / layout.planes) }, (_, k) => k * layout.planes);
  const record = (into: Recording, first: number) => {
    recordPlanes(into, lines, weights, layout, roots, [first, Math.min(layout.planes, lx - first)]);
    return into;
  };
  // A spectrum that fits into one part needs no submit of its own.
  const whole = starts.length === 1;
  if (whole) record(rec, 0);
  const last = whole ? rec : new Recording('morph/potentials');
  const potentials = last.buffer('morph/potentials.potentials', BYTES * product(size));
  recordFourier(
    last,
    { buffer: lines, ...alongX, count: lx },
    { buffer: potentials, ...alongX, count: nx },
    { ...x, backwards: true },
  );
  return {
    recordings: whole ? [] : starts.map((first) => () => record(new Recording('morph/potentials'), first)),
    last,
    potentials,
    kept: [...made.values(), weights, lines],
  };
}
