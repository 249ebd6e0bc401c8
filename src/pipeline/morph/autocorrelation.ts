/** Sums over all pairs of voxels of a region, weighted by the inverse of their distance, in N log N. */
import deviationsSource from '../../../shaders/morph/deviations.wgsl?raw';
import sumsSource from '../../../shaders/morph/sums.wgsl?raw';
import { defineKernel, type Engine, Recording } from '../../engine/index.ts';
import type { Box } from '../box.ts';
import { fourierKernels } from '../fourier/transform.ts';
import { keyCodes, type KeyKind, keyOf } from '../keys.ts';
import type { WorkContext } from '../progress.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { KeyBuffer } from '../roi/range.ts';
import type { Vec3 } from '../volume.ts';
import { BYTES, distances, type Layout, layoutOf, planPotentials, product, weigh } from './potentials.ts';

export const deviations = defineKernel({
  name: 'morph/deviations',
  source: deviationsSource,
  bindings: { params: 'uniform', cells: 'read', keys: 'read', deviations: 'read_write' },
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
  pairs ? [deviations, distances, ...fourierKernels, weigh, sums] : [deviations, sums];

/** Invocations that share the sums: enough for a GPU, few to read back. */
const SUM_INVOCATIONS = 2048;
const SUMS = 9;

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

/** The value nearest to `mean` that keys of the kind can have as origin. */
const originOf = (kind: KeyKind, mean: number): number => {
  if (kind === 'int' || kind === 'uint') return Math.round(mean);
  return kind === 'float32' ? Math.fround(mean) : mean;
};

function recordDeviations(
  rec: Recording,
  from: CorrelatedRegion,
  { box: [, , depth], size }: Layout,
  origin: number,
  scale: number,
) {
  const { cells, keys, region, box } = from;
  const buffer = rec.buffer('morph/deviations.deviations', BYTES * product(size));
  const { padded, pad } = cells.box;
  const params = {
    size,
    region,
    depth,
    first: box.first.map((n) => n + pad),
    kind: keyCodes[keys.kind],
    padded: [padded[0], padded[1]],
    origin: keyOf(keys.kind, origin),
    scale,
  };
  rec.dispatch(deviations, { params, cells: cells.cells, keys: keys.keys, deviations: buffer }, product(size));
  return buffer;
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
        params: { size: layout.size, stride, depth: layout.box[2], zero: 0, sums: SUMS },
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
  const [d = 0, square = 0, x = 0, y = 0, z = 0, weight = 0, deviation = 0, weighted = 0, both = 0] = sum;
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
