/** roi/range: smallest and largest intensity of each region, and how many voxels are NaN. */
import source from '../../../shaders/roi/range.wgsl?raw';
import { type BufferRef, type Download, defineKernel, type Recording } from '../../engine/index.ts';
import { type KeyKind, valueOfKey } from '../keys.ts';
import type { RegionCells } from './compact.ts';

export const range = defineKernel({
  name: 'roi/range',
  source,
  bindings: { params: 'uniform', cells: 'read', voxels: 'read', keys: 'read', ranges: 'read_write' },
  workgroup: 64,
});

const STRIP = 16;
const ROW = 8;

/** Intensity keys of a padded box on the GPU. */
export interface KeyBuffer {
  readonly kind: KeyKind;
  readonly words: 1 | 2;
  readonly keys: BufferRef;
}

export interface Range {
  readonly minimum: number;
  readonly maximum: number;
  /** Key of the minimum (high word): the origin of integer histograms. */
  readonly lowKey: number;
  readonly nans: number;
}

export const isFloatKind = (kind: KeyKind): boolean => kind !== 'int' && kind !== 'uint';

/** Measures the ranges; returns them as the kernel has them (shaders/roi/range.wgsl). */
export function recordRanges(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  image: KeyBuffer,
  regions: number,
): BufferRef {
  const ranges = rec.zeros('roi/range.ranges', regions * ROW * 4);
  for (let pass_index = 0; pass_index < image.words; pass_index++) {
    const params = { length, words: image.words, pass_index, float_keys: Number(isFloatKind(image.kind)) };
    rec.dispatch(range, { params, cells, voxels, keys: image.keys, ranges }, Math.ceil(length / STRIP));
  }
  return ranges;
}

/** Measures the ranges, for `decodeRange`. */
export const recordRange = (rec: Recording, cells: RegionCells, image: KeyBuffer, regions: number): Download =>
  rec.download(recordRanges(rec, cells, image, regions));

export function decodeRange(ranges: Uint32Array, region: number, kind: KeyKind): Range {
  const [low, lowTail, high, highTail, nans] = ranges.subarray(region * ROW, (region + 1) * ROW) as unknown as number[];
  const lowKey = ~(low as number) >>> 0;
  return {
    minimum: valueOfKey(kind, lowKey, ~(lowTail as number) >>> 0),
    maximum: valueOfKey(kind, high as number, highTail),
    lowKey,
    nans: nans as number,
  };
}
