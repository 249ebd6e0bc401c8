/** n4/histogram: triangular Parzen histogram of the log values. */
import source from '../../../shaders/n4/histogram.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';

/** Columns of the histogram in shared memory: 8 of 256 bins leave room for several workgroups on every device. */
const LANES = 8;

export const histogram = defineKernel({
  name: 'n4/histogram',
  source,
  bindings: { params: 'uniform', values: 'read', control: 'read', sums: 'read_write' },
  workgroup: LANES,
});

/** More would overflow the counts of a column. */
const MOST_PER_LANE = 511;
/** Bits of the fixed point of the sums. */
const ONE_BITS = 20;

/** How the voxels are dealt to workgroups: few where one costs a pass over its columns on a CPU, many to fill a GPU. */
function dealOut(length: number, software: boolean): { chunk: number; count_shift: number; unit_bits: number } {
  const perLane = Math.min(Math.ceil(length / LANES / (software ? 16 : 4096)), MOST_PER_LANE);
  const countBits = Math.floor(Math.log2(perLane)) + 1;
  return {
    chunk: perLane * LANES,
    count_shift: 32 - countBits,
    unit_bits: Math.min(32 - 2 * countBits, ONE_BITS),
  };
}

/** Bytes of the sums: 64 bits per bin, in 2^-20 of a voxel. */
export const histogramBytes = (bins: number): number => 8 * bins;

export interface HistogramInput {
  /** f32 per voxel, with the mark of voxels outside. */
  readonly values: BufferRef;
  readonly length: number;
  readonly bins: number;
  /** Holds the range of the values. */
  readonly control: BufferRef;
  /** Takes the sums; zero before. */
  readonly sums: BufferRef;
  /** Whether the device is a CPU. */
  readonly software: boolean;
}

/** @param levelStart whether it runs even where the last level has ended */
export function recordHistogram(
  rec: Recording,
  { values, length, bins, control, sums, software }: HistogramInput,
  levelStart: boolean,
): void {
  const deal = dealOut(length, software);
  const params = { length, ...deal, bins, level_start: Number(levelStart), zero: 0 };
  rec.dispatch(histogram, { params, values, control, sums }, Math.ceil(length / deal.chunk) * LANES);
}
