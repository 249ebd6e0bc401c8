/** n4/sharpen: convergence test, Wiener deconvolution, expectation of the true log intensity. */
import source from '../../../shaders/n4/sharpen.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Moments } from './field.ts';

export const sharpen = defineKernel({
  name: 'n4/sharpen',
  source,
  bindings: {
    params: 'uniform',
    moments: 'read',
    twiddles: 'read',
    control: 'read_write',
    sums: 'read_write',
    convergence: 'read_write',
    expectation: 'read_write',
  },
  workgroup: 64,
});

/** A float64 as the sum of two float32. */
function pairOf(x: number): [number, number] {
  const high = Math.fround(x);
  return [high, Math.fround(x - high)];
}

const stagesOf = (bins: number): number => Math.ceil(Math.log2(bins)) + 1;

/** cos and sin of 2 pi k / size for half a turn, as pairs. */
export function twiddles(bins: number): Float32Array {
  const size = 2 ** stagesOf(bins);
  return Float32Array.from(
    Array.from({ length: size / 2 }, (_, k) => (2 * Math.PI * k) / size).flatMap((angle) => [
      ...pairOf(Math.cos(angle)),
      ...pairOf(Math.sin(angle)),
    ]),
  );
}

/** Bytes of the expectation: (first bin, width), then (E - v, step to the next) per bin. */
export const expectationBytes = (bins: number): number => 8 * (1 + bins);

export interface SharpenInput {
  readonly bins: number;
  readonly fwhm: number;
  readonly wiener: number;
  readonly tolerance: number;
  readonly twiddles: BufferRef;
  readonly control: BufferRef;
  /** The histogram; zero after. */
  readonly sums: BufferRef;
  /** f32 per iteration done. */
  readonly convergence: BufferRef;
  readonly expectation: BufferRef;
  /** Of the iteration before. */
  readonly moments: Moments;
}

/** Where in the run an iteration is. */
export interface Turn {
  readonly level: number;
  readonly levelStart: boolean;
  /** After the last iteration: only the convergence of that is computed. */
  readonly finish: boolean;
}

export function recordSharpen(
  rec: Recording,
  { bins, fwhm, wiener, tolerance, moments, twiddles: table, control, sums, convergence, expectation }: SharpenInput,
  { level, levelStart, finish }: Turn,
): void {
  const params = {
    size: 2 ** stagesOf(bins),
    stages: stagesOf(bins),
    bins,
    level,
    level_start: Number(levelStart),
    finish: Number(finish),
    groups: moments.count,
    zero: 0,
    tolerance,
    deviation: fwhm / (2 * Math.sqrt(2 * Math.log(2))),
    steepness: pairOf((4 * Math.log(2)) / fwhm ** 2),
    peak: pairOf((2 * Math.sqrt(Math.log(2) / Math.PI)) / fwhm),
    noise: pairOf(wiener),
  };
  rec.dispatch(sharpen, { params, moments: moments.rows, twiddles: table, control, sums, convergence, expectation }, 1);
}
