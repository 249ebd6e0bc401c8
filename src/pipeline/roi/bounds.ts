/** roi/bounds: which labels a mask holds, with voxel counts and boxes. */
import source from '../../../shaders/roi/bounds.wgsl?raw';
import { type Download, defineKernel, type Engine, Recording } from '../../engine/index.ts';
import type { Box } from '../box.ts';
import type { Vec3 } from '../volume.ts';
import type { PackedLabels } from './labels.ts';

export const bounds = defineKernel({
  name: 'roi/bounds',
  source,
  bindings: { params: 'uniform', labels: 'read', table: 'read_write' },
  workgroup: 64,
});

const STRIP = 8;
const ROW = 8;

/** A label that occurs in a mask. */
export interface LabelBounds {
  readonly index: number;
  readonly voxels: number;
  readonly box: Box;
}

/** Bytes of a slab of slices whose first byte lies on a word boundary, at most `limit`. */
function slabSlices(labels: PackedLabels, size: Vec3, limit: number): number {
  const perSlice = size[0] * size[1];
  const slices = Math.floor((limit * labels.labelsPerWord) / 4 / perSlice);
  if (slices >= size[2]) return size[2];
  // A slab must start at a multiple of four bytes in the source array.
  const aligned = slices - (slices % 4);
  if (aligned < 4)
    throw new RangeError(`one slice of ${size[0]} x ${size[1]} voxels exceeds the adapter's binding size`);
  return aligned;
}

/** Records the count over a whole mask, in slabs where the mask is larger than the adapter binds at once. */
export function recordBounds(rec: Recording, labels: PackedLabels, size: Vec3, bindingLimit: number): Download {
  const table = rec.zeros('roi/bounds.table', labels.indices * ROW * 4);
  const slices = slabSlices(labels, size, bindingLimit);
  const perSlice = size[0] * size[1];
  for (let z = 0; z < size[2]; z += slices) {
    const depth = Math.min(slices, size[2] - z);
    const slab = labels.data.subarray(z * perSlice, (z + depth) * perSlice);
    const words = Math.ceil(slab.length / labels.labelsPerWord);
    const params = {
      size: [size[0], size[1], depth],
      first_slice: z,
      words,
      labels_per_word: labels.labelsPerWord,
      bounds: 6,
    };
    rec.dispatch(bounds, { params, labels: rec.upload('roi/bounds.labels', slab), table }, Math.ceil(words / STRIP));
  }
  return rec.download(table);
}

/** The labels with voxels, in order of their index. */
export function decodeBounds(table: Uint32Array): LabelBounds[] {
  const found: LabelBounds[] = [];
  for (let index = 1; index < table.length / ROW; index++) {
    const row = table.subarray(index * ROW, (index + 1) * ROW);
    if (row[0] === 0) continue;
    const at = (k: number, complement: boolean) => (complement ? ~(row[k] as number) >>> 0 : (row[k] as number));
    found.push({
      index,
      voxels: row[0] as number,
      box: { first: [at(1, true), at(2, true), at(3, true)], last: [at(4, false), at(5, false), at(6, false)] },
    });
  }
  return found;
}

/** Voxels of a mask up to which the host is faster than a trip to the GPU, which costs some tenths of a millisecond. */
const SMALL_MASK = 2 ** 18;

/** The labels of a mask, found on the host: what `recordBounds` and `decodeBounds` find. */
export function scanBounds({ data, indices }: PackedLabels, [nx, ny]: Vec3): LabelBounds[] {
  const counts = new Uint32Array(indices);
  const boxes: { first: [number, number, number]; last: [number, number, number] }[] = [];
  for (let i = 0; i < data.length; i++) {
    const index = data[i] as number;
    if (index === 0) continue;
    // A run of one label in a row counts at once.
    const row = Math.floor(i / nx);
    const x = i - row * nx;
    const rowEnd = i - x + nx;
    let end = i + 1;
    while (end < rowEnd && data[end] === index) end++;
    const [y, z, last] = [row % ny, Math.floor(row / ny), x + end - i - 1];
    counts[index]! += end - i;
    boxes[index] ??= { first: [x, y, z], last: [last, y, z] };
    const box = boxes[index];
    box.first = [Math.min(box.first[0], x), Math.min(box.first[1], y), Math.min(box.first[2], z)];
    box.last = [Math.max(box.last[0], last), Math.max(box.last[1], y), Math.max(box.last[2], z)];
    i = end - 1;
  }
  return Array.from(counts.keys())
    .filter((index) => counts[index]! > 0)
    .map((index) => ({ index, voxels: counts[index]!, box: boxes[index]! }));
}

/** Finds the labels of a mask. */
export async function findLabels(engine: Engine, labels: PackedLabels, size: Vec3): Promise<LabelBounds[]> {
  if (labels.data.length <= SMALL_MASK) return scanBounds(labels, size);
  const rec = new Recording('roi/bounds');
  const table = recordBounds(rec, labels, size, engine.caps.limits.maxStorageBufferBindingSize);
  return decodeBounds((await engine.execute(rec)).u32(table));
}
