/** discretise/levels: grey levels of all regions and their histogram. */
import source from '../../../shaders/discretise/levels.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { boundKey, type KeyKind, keyWords } from '../keys.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { KeyBuffer } from '../roi/range.ts';

export const levels = defineKernel({
  name: 'discretise/levels',
  source,
  bindings: {
    params: 'uniform',
    voxels: 'read',
    keys: 'read',
    regions: 'read',
    edges: 'read',
    cells: 'read_write',
    histogram: 'read_write',
  },
  workgroup: 64,
});

/**
 * Keys of bin edges such that comparing keys decides as comparing float64 values does. Edges above all values of an
 * integer kind are left out: no voxel can reach them. (Float kinds keep them, since NaN is above all edges.)
 */
export function edgeKeys(kind: KeyKind, edges: Float64Array): Uint32Array {
  const words = keyWords(kind);
  const keys = new Uint32Array(edges.length * words);
  let count = 0;
  for (const edge of edges) {
    const key = boundKey(kind, edge, 'at least');
    if (!key) continue;
    keys[count * words] = key[0];
    if (words === 2) keys[count * words + 1] = key[1];
    count++;
  }
  return keys.subarray(0, count * words);
}

/** Number of levels that can occur: up to the level of the maximum, or one above all edges where the region holds NaN. */
export function levelCount(edges: Float64Array, levelOfMaximum: number, nans: number): number {
  return nans > 0 ? edges.length : levelOfMaximum;
}

/** Writes the levels into the cells and counts them; returns the histogram (one u32 per row of all regions). */
export function recordLevels(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  image: KeyBuffer,
  regions: BufferRef,
  edges: Uint32Array,
  rows: number,
): BufferRef {
  const histogram = rec.zeros('discretise/levels.histogram', rows * 4);
  const params = { length, words: image.words };
  const edgeBuffer = rec.upload('discretise/levels.edges', edges);
  rec.dispatch(levels, { params, voxels, keys: image.keys, regions, edges: edgeBuffer, cells, histogram }, length);
  return histogram;
}
