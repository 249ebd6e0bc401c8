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

/** Voxels per workgroup: few workgroups where one costs a pass over its columns on a CPU, many to fill a GPU. */
function chunkOf(length: number, software: boolean): number {
  const chunk = Math.min(Math.max(software ? 4096 : 512, Math.ceil(length / (software ? 16 : 4096))), 2 ** 14);
  return Math.ceil(chunk / LANES) * LANES;
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
  const chunk = chunkOf(length, software);
  const params = { length, chunk, bins, level_start: Number(levelStart), zero: 0 };
  rec.dispatch(histogram, { params, values, control, sums }, Math.ceil(length / chunk) * LANES);
}
