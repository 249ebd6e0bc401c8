/** normalise/measure: count, extremes, moments and the first key digits of voxels, in one pass over the image. */
import source from '../../../shaders/normalise/measure.wgsl?raw';
import { type Download, defineKernel, type Recording, type Results } from '../../engine/index.ts';
import { valueOfKey } from '../keys.ts';
import { type Sampling, samplingBuffers, samplingParams } from './sampling.ts';

const file = { source, workgroup: 256 };
const bindings = { params: 'uniform', voxels: 'read', mask: 'read', blocks: 'read_write' } as const;

export const measure = defineKernel({
  ...file,
  name: 'normalise/measure:statistics',
  entryPoint: 'statistics',
  bindings,
});
export const measureDigits = defineKernel({
  ...file,
  name: 'normalise/measure:distribution',
  entryPoint: 'distribution',
  bindings: { ...bindings, digits: 'read_write' },
});

const STRIP = 64;
const ROW = 16;
/** Columns of a histogram of key digits. */
export const RADIX = 2048;
/** The kernel adds this to every distance, so that their sum is not negative. */
const OFFSET = 2 ** 24;

/** What the simplest measurement finds. */
export interface Extremes {
  /** Number of voxels measured. */
  readonly count: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** What is known of the measured voxels. */
export interface Statistics extends Extremes {
  readonly mean: number;
  /** Standard deviation with divisor n, as NumPy's default. */
  readonly populationSd: number;
  /** With divisor n - 1, as ITK; NaN for a single voxel. */
  readonly sampleSd: number;
}

/** What tells whether a measurement means anything, and how far a selection has to go. */
export interface Checks {
  /** Whether all measured values are finite. */
  readonly finite: boolean;
  /** Bits that are not 0 in some value: the trailing zeros of this are zero in all. */
  readonly bits: number;
}

/** The dispatch without its kernel. */
function prepare(rec: Recording, sampling: Sampling) {
  const { length } = sampling;
  const count = Math.ceil(length / (file.workgroup * STRIP));
  const blocks = rec.buffer('normalise/measure.blocks', count * ROW * 4);
  const params = { length, blocks: count, strip: STRIP, sums: 4, ...samplingParams(sampling) };
  return { args: { params, ...samplingBuffers(sampling), blocks }, invocations: count * file.workgroup, blocks };
}

/** Asks for statistics; `decodeStatistics` puts them together. */
export function recordStatistics(rec: Recording, sampling: Sampling): Download {
  const { args, invocations, blocks } = prepare(rec, sampling);
  rec.dispatch(measure, args, invocations);
  return rec.download(blocks);
}

/** Asks for extremes and for the counts of the leading 11 bits of the keys, which a selection starts with. */
export function recordDistribution(rec: Recording, sampling: Sampling): { blocks: Download; digits: Download } {
  const { args, invocations, blocks } = prepare(rec, sampling);
  const digits = rec.zeros('normalise/measure.digits', RADIX * 4);
  rec.dispatch(measureDigits, { ...args, digits }, invocations);
  return { blocks: rec.download(blocks), digits: rec.download(digits) };
}

const INFINITE_KEYS = [0x007fffff, 0xff800000] as const;

const pair = (row: Uint32Array, at: number): number => (row[at] as number) + (row[at + 1] as number) * 2 ** 32;

/** Mean and sum of squared distances from it of one block. */
function momentsOf(row: Uint32Array): { mean: number; squares: number } {
  const count = row[0] as number;
  const sum = pair(row, 4) - count * OFFSET;
  const sumOfSquares = pair(row, 6) * 2 ** 24 + pair(row, 8) * 2 ** 13 + pair(row, 10);
  const unit = 2 ** ((row[13] as number) - 150);
  return {
    mean: (((row[12] as number) | 0) + sum / count) * unit,
    squares: (sumOfSquares - (sum * sum) / count) * unit * unit,
  };
}

/** The rows of the blocks that hold a measured voxel. */
function filledRows(table: Uint32Array): Uint32Array[] {
  return Array.from({ length: table.length / ROW }, (_, b) => table.subarray(b * ROW, (b + 1) * ROW)).filter(
    ([count]) => count !== 0,
  );
}

const countOf = (row: Uint32Array): number => row[0] as number;

function extremesOf(rows: readonly Uint32Array[]): Extremes & Checks {
  let [count, lowKey, highKey, bits] = [0, 0xffffffff, 0, 0];
  for (const row of rows) {
    count += countOf(row);
    lowKey = Math.min(lowKey, ~(row[1] as number) >>> 0);
    highKey = Math.max(highKey, row[2] as number);
    bits |= row[3] as number;
  }
  return {
    count,
    minimum: valueOfKey('float32', lowKey),
    maximum: valueOfKey('float32', highKey),
    finite: lowKey > INFINITE_KEYS[0] && highKey < INFINITE_KEYS[1],
    bits: bits >>> 0,
  };
}

export const decodeExtremes = (results: Results, blocks: Download): Extremes & Checks =>
  extremesOf(filledRows(results.u32(blocks)));

/** Puts the blocks together in float64, in their order: the result does not depend on the device. */
export function decodeStatistics(results: Results, blocks: Download): Statistics & Checks {
  const rows = filledRows(results.u32(blocks));
  const extremes = extremesOf(rows);
  const { count } = extremes;
  const moments = rows.map((row) => ({ ...momentsOf(row), count: countOf(row) }));
  const mean = moments.reduce((sum, block) => sum + block.mean * block.count, 0) / count;
  // Within blocks plus between blocks: nothing cancels.
  const squares = moments.reduce((sum, block) => sum + block.squares + block.count * (block.mean - mean) ** 2, 0);
  return {
    ...extremes,
    mean,
    populationSd: Math.sqrt(squares / count),
    sampleSd: Math.sqrt(squares / (count - 1)),
  };
}
