/** Masks as the kernels read them: label values packed into 32-bit words. */
import { type Box, boxSize, forEachRow } from '../box.ts';
import { PipelineError } from '../errors.ts';
import type { Mask, VoxelArray } from '../volume.ts';

/** A label index has 16 bits. */
const MOST_LABELS = 65535;

export interface PackedLabels {
  /** Label indices, `labelsPerWord` to a word, lowest bits first. */
  readonly data: Uint8Array | Uint16Array;
  readonly labelsPerWord: 4 | 2;
  /** One more than the largest label index that can occur, the length of tables by label. */
  readonly indices: number;
  /** Label value of an index. */
  valueOf(index: number): number;
  /** Index of a label value, or -1 where the mask cannot hold it. */
  indexOf(value: number): number;
}

const identity = { valueOf: (index: number) => index };

/** Packs a mask without copying where its type allows. Values are cast to uint32, as PyRadiomics does. */
export function packLabels(mask: Mask): PackedLabels {
  const { data } = mask;
  if (data instanceof Uint8Array) {
    return { data, labelsPerWord: 4, indices: 256, ...identity, indexOf: (value) => (value < 256 ? value : -1) };
  }
  if (data instanceof Uint16Array) {
    const indices = largestBits(data) + 1;
    return { data, labelsPerWord: 2, indices, ...identity, indexOf: (value) => (value < indices ? value : -1) };
  }
  return packWide(data);
}

/** All bits that occur in any value: no value is larger, and it is faster to find than the maximum. */
function largestBits(data: Uint16Array): number {
  let bits = 0;
  for (let i = 0; i < data.length; i++) bits |= data[i] as number;
  return bits;
}

/**
 * Numbers the distinct values of a wide mask in order of appearance, background first.
 * @throws PipelineError TooLarge on more than 65535 labels
 */
function packWide(source: VoxelArray): PackedLabels {
  const index = new Map<number, number>([[0, 0]]);
  const packed = new Uint16Array(source.length);
  let last = 0;
  let lastIndex = 0;
  for (let i = 0; i < source.length; i++) {
    const value = Math.trunc(source[i] as number) >>> 0;
    if (value !== last) {
      last = value;
      lastIndex = index.get(value) ?? index.size;
      if (lastIndex === index.size) index.set(value, lastIndex);
      if (lastIndex > MOST_LABELS)
        throw new PipelineError(
          'TooLarge',
          `the mask has more than ${MOST_LABELS} different labels; is it an image? Split it where it is a mask`,
        );
    }
    packed[i] = lastIndex;
  }
  const values = [...index.keys()];
  return {
    data: packed,
    labelsPerWord: 2,
    indices: values.length,
    valueOf: (i) => values[i] as number,
    indexOf: (value) => index.get(value) ?? -1,
  };
}

/** The labels of a box, row after row. */
export function cropLabels(labels: PackedLabels, grid: Mask['size'], box: Box): Uint8Array | Uint16Array {
  const size = boxSize(box);
  const length = size[0] * size[1] * size[2];
  const crop = labels.data instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
  forEachRow(grid, box, { size, pad: 0 }, (source, target) =>
    crop.set(labels.data.subarray(source, source + size[0]), target),
  );
  return crop;
}

/** Calls `visit` with the index of every voxel that is not 0, in order; background is passed over a word at a time. */
export function forEachLabelled(data: VoxelArray, visit: (index: number) => void): void {
  const perWord = 4 / data.BYTES_PER_ELEMENT;
  // Wide types, and arrays that do not begin on a word, are looked at voxel by voxel.
  const aligned = perWord > 1 && data.byteOffset % 4 === 0;
  const words = aligned ? new Uint32Array(data.buffer, data.byteOffset, Math.floor(data.length / perWord)) : null;
  for (let w = 0; words && w < words.length; w++) {
    if (words[w] === 0) continue;
    for (let i = w * perWord; i < (w + 1) * perWord; i++) if (data[i] !== 0) visit(i);
  }
  for (let i = words ? words.length * perWord : 0; i < data.length; i++) if (data[i] !== 0) visit(i);
}
