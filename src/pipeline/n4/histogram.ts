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

/** Fours of voxels; more would leave too few bits for the sums of distances. */
const MOST_PER_LANE = 127;
/** Bits of the fixed point of the sums. */
const ONE_BITS = 20;

/** How the voxels are dealt to workgroups: few where one costs a pass over its columns on a CPU, many to fill a GPU. */
function dealOut(all: number, software: boolean): { chunk: number; count_shift: number; unit_bits: number } {
  const fours = Math.min(Math.ceil(all / LANES / (software ? 16 : 4096)), MOST_PER_LANE);
  const countBits = Math.floor(Math.log2(4 * fours)) + 1;
  return {
    chunk: fours * LANES,
    count_shift: 32 - countBits,
    unit_bits: Math.min(32 - 2 * countBits, ONE_BITS),
  };
}

/** Bytes of the sums: 64 bits per bin, in 2^-20 of a voxel. */
export const histogramBytes = (bins: number): number => 8 * bins;

export interface HistogramInput {
  /** f32 per voxel, with the mark of voxels outside, and their number of fours. */
  readonly values: BufferRef;
  readonly fours: number;
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
  { values, fours, bins, control, sums, software }: HistogramInput,
  levelStart: boolean,
): void {
  const deal = dealOut(fours, software);
  const params = { length: fours, ...deal, bins, level_start: Number(levelStart), zero: 0 };
  rec.dispatch(histogram, { params, values, control, sums }, Math.ceil(fours / deal.chunk) * LANES);
}
