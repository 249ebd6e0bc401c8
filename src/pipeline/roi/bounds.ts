/** Which labels a mask holds, with voxel counts and boxes. */
import type { Box } from '../box.ts';
import type { Vec3 } from '../volume.ts';
import { forEachLabelled, type PackedLabels } from './labels.ts';

/** A label that occurs in a mask. */
export interface LabelBounds {
  readonly index: number;
  readonly voxels: number;
  readonly box: Box;
}

/**
 * Finds the labels of a mask, on the host: it reads the mask once where the GPU would have to be sent all of it.
 * @returns the labels with voxels, in order of their index
 */
export function findLabels({ data, indices }: PackedLabels, [nx, ny]: Vec3): LabelBounds[] {
  const counts = new Uint32Array(indices);
  const boxes: { first: [number, number, number]; last: [number, number, number] }[] = [];
  /** A run of one label in a row counts at once. */
  const count = (first: number, length: number) => {
    const index = data[first] as number;
    const row = Math.floor(first / nx);
    const x = first - row * nx;
    const [y, z, last] = [row % ny, Math.floor(row / ny), x + length - 1];
    counts[index]! += length;
    boxes[index] ??= { first: [x, y, z], last: [last, y, z] };
    const box = boxes[index];
    box.first = [Math.min(box.first[0], x), Math.min(box.first[1], y), Math.min(box.first[2], z)];
    box.last = [Math.max(box.last[0], last), Math.max(box.last[1], y), Math.max(box.last[2], z)];
  };
  let first = 0;
  let length = 0;
  forEachLabelled(data, (i) => {
    if (length > 0 && i === first + length && data[i] === data[first] && i % nx !== 0) {
      length++;
      return;
    }
    if (length > 0) count(first, length);
    first = i;
    length = 1;
  });
  if (length > 0) count(first, length);
  return Array.from(counts.keys())
    .filter((index) => counts[index]! > 0)
    .map((index) => ({ index, voxels: counts[index]!, box: boxes[index]! }));
}
