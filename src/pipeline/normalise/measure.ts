/** normalise/measure: count, extremes, moments and the first key digits of voxels, in one pass over the image. */
import source from '../../../shaders/normalise/measure.wgsl?raw';
import { type BufferRef, type Download, defineKernel, type Recording, type Results } from '../../engine/index.ts';
import { valueOfKey } from '../keys.ts';
import { type Sampling, samplingBuffers, samplingParams } from './sampling.ts';

export const measure = defineKernel({
  name: 'normalise/measure',
  source,
  bindings: { params: 'uniform', voxels: 'read', mask: 'read', blocks: 'read_write', digits: 'read_write' },
  workgroup: 256,
});

const STRIP = 32;
const ROW = 16;
/** Columns of a histogram of key digits. */
export const RADIX = 2048;
/** The kernel adds this to every distance, so that their sum is not negative. */
const OFFSET = 2 ** 24;

/** What is known of the measured voxels. */
export interface Statistics {
  /** Number of voxels measured. */
  readonly count: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  /** Standard deviation with divisor n, as NumPy's default. */
  readonly populationSd: number;
  /** With divisor n - 1, as ITK; NaN for a single voxel. */
  readonly sampleSd: number;
}

export interface Measured extends Statistics {
  /** Whether all measured values are finite; where not, mean and SD mean nothing. */
  readonly finite: boolean;
  /** Bits that are not 0 in some value: the trailing zeros of this are zero in all. */
  readonly bits: number;
}

export interface MeasureDownloads {
  readonly blocks: Download;
  /** Counts of the leading 11 bits of the keys; null where they were not asked for. */
  readonly digits: Download | null;
}

/** Asks for statistics and, on demand, for the histogram that a selection of order statistics starts with. */
export function recordMeasure(rec: Recording, sampling: Sampling, wantDigits: boolean): MeasureDownloads {
  const { length } = sampling;
  const blocks = Math.ceil(length / (measure.workgroup * STRIP));
  const columns = wantDigits ? RADIX : 0;
  const buffers: Record<'blocks' | 'digits', BufferRef> = {
    blocks: rec.buffer('normalise/measure.blocks', blocks * ROW * 4),
    digits: rec.zeros('normalise/measure.digits', columns * 4),
  };
  const params = { length, blocks, strip: STRIP, digits: columns, ...samplingParams(sampling) };
  rec.dispatch(measure, { params, ...samplingBuffers(sampling), ...buffers }, blocks * measure.workgroup);
  return {
    blocks: rec.download(buffers.blocks),
    digits: wantDigits ? rec.download(buffers.digits) : null,
  };
}

const INFINITE_KEYS = [0x007fffff, 0xff800000] as const;

const pair = (row: Uint32Array, at: number): number => (row[at] as number) + (row[at + 1] as number) * 2 ** 32;

/** Mean and sum of squared distances from it of one block. */
function momentsOf(row: Uint32Array): { mean: number; squares: number } {
  const count = row[0] as number;
  const sum = pair(row, 4) - count * OFFSET;
  const sumOfSquares = pair(row, 6) * 2 ** 24 + pair(row, 8) * 2 ** 13 + pair(row, 10);
  const unit = 2 ** (127 - (row[13] as number));
  return {
    mean: ((row[12] as number | 0) + sum / count) * unit,
    squares: (sumOfSquares - (sum * sum) / count) * unit * unit,
  };
}

/** Puts the blocks together in float64, in their order: the result does not depend on the device. */
export function decodeMeasure(results: Results, { blocks }: MeasureDownloads): Measured {
  const table = results.u32(blocks);
  let [count, sum, lowKey, highKey, bits] = [0, 0, 0xffffffff, 0, 0];
  const rows: Uint32Array[] = [];
  for (let at = 0; at < table.length; at += ROW) {
    const row = table.subarray(at, at + ROW);
    if (row[0] === 0) continue;
    rows.push(row);
    count += row[0] as number;
    lowKey = Math.min(lowKey, ~(row[1] as number) >>> 0);
    highKey = Math.max(highKey, row[2] as number);
    bits |= row[3] as number;
  }
  const moments = rows.map(momentsOf);
  moments.forEach(({ mean }, b) => {
    sum += mean * ((rows[b] as Uint32Array)[0] as number);
  });
  const mean = sum / count;
  // Within blocks plus between blocks: nothing cancels.
  const squares = moments.reduce(
    (total, block, b) => total + block.squares + ((rows[b] as Uint32Array)[0] as number) * (block.mean - mean) ** 2,
    0,
  );
  return {
    count,
    minimum: valueOfKey('float32', lowKey),
    maximum: valueOfKey('float32', highKey),
    mean,
    populationSd: Math.sqrt(squares / count),
    sampleSd: Math.sqrt(squares / (count - 1)),
    finite: lowKey > INFINITE_KEYS[0] && highKey < INFINITE_KEYS[1],
    bits: bits >>> 0,
  };
}
