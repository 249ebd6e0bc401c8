/** Sums over all pairs of voxels of a region, weighted by the inverse of their distance, in N log N. */
import deviationsSource from '../../../shaders/morph/deviations.wgsl?raw';
import distancesSource from '../../../shaders/morph/distances.wgsl?raw';
import sumsSource from '../../../shaders/morph/sums.wgsl?raw';
import weighSource from '../../../shaders/morph/weigh.wgsl?raw';
import { type BufferRef, defineKernel, type Engine, Recording } from '../../engine/index.ts';
import { type Box, boxSize } from '../box.ts';
import { type KeyKind, keyOf } from '../keys.ts';
import type { WorkContext } from '../progress.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { KeyBuffer } from '../roi/range.ts';
import type { Vec3 } from '../volume.ts';
import { fourier, recordFourier, recordRoots, transformLength } from './fourier.ts';

export const deviations = defineKernel({
  name: 'morph/deviations',
  source: deviationsSource,
  bindings: { params: 'uniform', cells: 'read', keys: 'read', deviations: 'read_write' },
  workgroup: 64,
});

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

export const sums = defineKernel({
  name: 'morph/sums',
  source: sumsSource,
  bindings: { params: 'uniform', deviations: 'read', potentials: 'read', sums: 'read_write' },
  workgroup: 64,
});

/** The kernels of the sums. @param pairs with the sums over pairs */
export const autocorrelationKernels = (pairs: boolean) =>
  pairs ? [deviations, distances, fourier, weigh, sums] : [deviations, sums];

const BYTES = 8;
/** Bytes of the spectrum that is held at once, and so the work of a submit. */
const PART_BYTES = 32 * 2 ** 20;
/** Invocations that share the sums: enough for a GPU, few to read back. */
const SUM_INVOCATIONS = 2048;
const SUMS = 9;
const kinds: Readonly<Record<KeyKind, number>> = { int: 0, uint: 0, float32: 1, float64: 2, twofold: 3 };

/** A region on the GPU: where it lies, and its intensities. */
export interface CorrelatedRegion {
  readonly cells: RegionCells;
  readonly keys: KeyBuffer;
  /** Number of the region in the cells, from 0. */
  readonly region: number;
  /** Its box in voxels of the unpadded box of the cells. */
  readonly box: Box;
  /** Millimetres along x, y, z. */
  readonly spacing: Vec3;
  /** Mean of its intensities, and their standard deviation (population); no intensity is NaN. */
  readonly mean: number;
  readonly std: number;
}

/** Sums over the voxels i, and the pairs of different voxels i, j, of a region. d: intensity - origin; w: 1 / distance. */
export interface Correlation {
  /** What deviations are measured from: a number near the mean. */
  readonly origin: number;
  /** d_i, and their squares. */
  readonly deviation: number;
  readonly square: number;
  /** d_i times the position of the voxel in voxels from the middle of the box. */
  readonly moment: Vec3;
  /** Sums over pairs, w per millimetre; null where they were not asked for. */
  readonly pairs: PairSums | null;
}

export interface PairSums {
  /** w_ij */
  readonly weight: number;
  /** w_ij d_j */
  readonly deviation: number;
  /** w_ij d_i^2 */
  readonly square: number;
  /** w_ij d_i d_j */
  readonly product: number;
}

/** Sizes of the transforms of a region, and how many planes of the spectrum are held at once. */
interface Layout {
  readonly size: Vec3;
  readonly lengths: Vec3;
  readonly half: Vec3;
  readonly planes: number;
}

const product = ([x, y, z]: Vec3): number => x * y * z;

function layoutOf(box: Box): Layout {
  const size = boxSize(box);
  // Long enough that no voxel meets another one round the end.
  const lengths = size.map((n) => transformLength(2 * n - 1)) as unknown as Vec3;
  const half = lengths.map((n) => (n >> 1) + 1) as unknown as Vec3;
  const planes = Math.max(1, Math.floor(PART_BYTES / (BYTES * lengths[1] * lengths[2])));
  return { size, lengths, half, planes: Math.min(planes, lengths[0]) };
}

/** The value nearest to `mean` that keys of the kind can have as origin. */
const originOf = (kind: KeyKind, mean: number): number => {
  if (kind === 'int' || kind === 'uint') return Math.round(mean);
  return kind === 'float32' ? Math.fround(mean) : mean;
};

function recordDeviations(rec: Recording, from: CorrelatedRegion, { size }: Layout, origin: number, scale: number) {
  const { cells, keys, region, box } = from;
  const buffer = rec.buffer('morph/deviations.deviations', BYTES * product(size));
  const { padded, pad } = cells.box;
  const params = {
    size,
    region,
    first: box.first.map((n) => n + pad),
    kind: kinds[keys.kind],
    padded: [padded[0], padded[1]],
    origin: keyOf(keys.kind, origin),
    scale,
  };
  rec.dispatch(deviations, { params, cells: cells.cells, keys: keys.keys, deviations: buffer }, product(size));
  return buffer;
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
  const alongY = rec.buffer('morph/autocorrelation.y', BYTES * count * ly * nz);
  const spectrum = rec.buffer('morph/autocorrelation.spectrum', BYTES * count * ly * lz);
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
interface Parts {
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
function planPotentials(rec: Recording, region: BufferRef, layout: Layout, spacing: Vec3): Parts {
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
  const lines = rec.keep(rec.buffer('morph/autocorrelation.x', BYTES * lx * ny * nz));
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
  const last = whole ? rec : new Recording('morph/autocorrelation');
  const potentials = last.buffer('morph/autocorrelation.potentials', BYTES * product(size));
  recordFourier(
    last,
    { buffer: lines, ...alongX, count: lx },
    { buffer: potentials, ...alongX, count: nx },
    { ...x, backwards: true },
  );
  return {
    recordings: whole ? [] : starts.map((first) => () => record(new Recording('morph/autocorrelation'), first)),
    last,
    potentials,
    kept: [...made.values(), weights, lines],
  };
}

/** Bytes of the largest buffer of the sums over pairs of a region with this box, and what the adapter binds. */
export function pairBytes(engine: Engine, box: Box): { readonly need: number; readonly limit: number } {
  const { size, lengths, half, planes } = layoutOf(box);
  const numbers = [lengths[0] * size[1] * size[2], product(half), planes * lengths[1] * lengths[2]];
  return { need: BYTES * Math.max(...numbers), limit: engine.caps.limits.maxStorageBufferBindingSize };
}

/**
 * Sums over a region, and over all pairs of its voxels where asked for. The pairs are a convolution of the region's box with
 * 1 / distance by Fourier transforms in float32, in parts of bounded work; a part more is begun only while not cancelled.
 * Errors are about 1e-7 of the product of the norms.
 * @throws EngineError from the GPU; `signal.reason` when cancelled
 */
export async function correlate(
  engine: Engine,
  region: CorrelatedRegion,
  pairs: boolean,
  { signal, onProgress }: WorkContext = {},
): Promise<Correlation> {
  const layout = layoutOf(region.box);
  const { spacing, mean, std, keys } = region;
  const origin = originOf(keys.kind, mean);
  // Powers of two: deviations and distances near 1, whatever their units.
  const scale = std > 0 ? 2 ** -Math.round(Math.log2(std)) : 1;
  const unit = 2 ** Math.round(Math.log2(Math.max(...spacing)));
  const rec = new Recording('morph/autocorrelation');
  const field = rec.keep(recordDeviations(rec, region, layout, origin, scale));
  const kept = [field];
  try {
    const parts = pairs ? planPotentials(rec, field, layout, spacing.map((s) => s / unit) as unknown as Vec3) : null;
    kept.push(...(parts?.kept ?? []));
    const last = parts?.last ?? rec;
    const stride = Math.min(SUM_INVOCATIONS, product(layout.size));
    const totals = last.buffer('morph/sums.sums', stride * SUMS * BYTES);
    last.dispatch(
      sums,
      {
        params: { size: layout.size, stride, zero: 0, sums: SUMS },
        deviations: field,
        potentials: parts?.potentials ?? field,
        sums: totals,
      },
      stride,
    );
    const download = last.download(totals);
    if (parts && last !== rec) await engine.execute(rec);
    const waiting = parts?.recordings ?? [];
    for (const [done, part] of waiting.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ stage: 'pairs', done, total: waiting.length });
      await engine.execute(part());
    }
    signal?.throwIfAborted();
    const words = (await engine.execute(last)).u32(download);
    return decode(
      new Float32Array(words.buffer, words.byteOffset, words.length),
      layout,
      origin,
      scale,
      pairs ? unit : null,
    );
  } finally {
    engine.release(...kept);
  }
}

/** @param unit millimetres of the distances; null without pairs */
function decode(
  totals: Float32Array,
  { lengths }: Layout,
  origin: number,
  scale: number,
  unit: number | null,
): Correlation {
  const sum = new Float64Array(SUMS);
  for (let k = 0; k < totals.length; k++) sum[(k >> 1) % SUMS]! += totals[k] as number;
  const [d, square, x, y, z, weight, deviation, weighted, both] = sum as unknown as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // Backward transforms were not divided by their length.
  const pair = unit === null ? 0 : 1 / (product(lengths) * unit);
  return {
    origin,
    deviation: d / scale,
    square: square / scale ** 2,
    moment: [x / scale, y / scale, z / scale],
    pairs:
      unit === null
        ? null
        : {
            weight: weight * pair,
            deviation: (deviation * pair) / scale,
            square: (weighted * pair) / scale ** 2,
            product: (both * pair) / scale ** 2,
          },
  };
}
