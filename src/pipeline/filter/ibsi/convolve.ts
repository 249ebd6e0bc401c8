/** filter/convolve: convolution along one axis with pooling. */
import source from '../../../../shaders/filter/convolve.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../../engine/index.ts';
import { newSize, type Samples } from '../../resample/axis.ts';
import type { Vec3 } from '../../volume.ts';

export const convolve = defineKernel({
  name: 'filter/convolve',
  source,
  bindings: { params: 'uniform', samples: 'read', weights: 'read', pooled: 'read_write' },
  workgroup: 64,
});

/** A kernel along one axis: the response at i is the sum of `taps[t]` times the sample at i + `centre` - t. */
export interface Line {
  readonly taps: readonly number[];
  readonly centre: number;
}

/** What becomes of a response where another one has been. */
export const poolCodes = { write: 0, add: 1, max: 2 } as const;
export type Pool = keyof typeof poolCodes;

/** Samples that a response needs before its own. */
export const before = ({ taps, centre }: Line): number => taps.length - 1 - centre;
/** Samples that a response needs behind its own. */
export const behind = ({ centre }: Line): number => centre;

export interface ConvolveOptions {
  /** Results along the axis. */
  readonly count: number;
  /** Samples along the axis before the one at the place of the first result. */
  readonly margin: number;
  /** Filters the absolute values. */
  readonly magnitude: boolean;
  readonly pool: Pool;
}

/**
 * Convolves along one axis; along the others all samples are kept.
 * @param results the buffer, one float32 each
 */
export function recordConvolve(
  rec: Recording,
  { buffer, size: old_size }: Samples,
  along: 0 | 1 | 2,
  line: Line,
  { count, margin, magnitude, pool }: ConvolveOptions,
  results: BufferRef,
): Samples {
  const size: Vec3 = newSize(
    along,
    count,
    old_size.map((n) => ({ first: 0, count: n })),
  );
  const length = size[0] * size[1] * size[2];
  const params = {
    size,
    axis: along,
    old_size,
    taps: line.taps.length,
    first: margin - before(line),
    magnitude: Number(magnitude),
    pool: poolCodes[pool],
    length,
  };
  const weights = rec.upload('filter/convolve.weights', new Float32Array([...line.taps].reverse()));
  rec.dispatch(convolve, { params, samples: buffer, weights, pooled: results }, length);
  return { buffer: results, size };
}
