/** firstorder/gather: the intensities of each region, side by side. */
import source from '../../../shaders/firstorder/gather.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { KeyBuffer } from '../roi/range.ts';

export const gather = defineKernel({
  name: 'firstorder/gather',
  source,
  bindings: {
    params: 'uniform',
    voxels: 'read',
    cells: 'read',
    keys: 'read',
    regions: 'read',
    cursors: 'read_write',
    values: 'read_write',
  },
  workgroup: 64,
});

/** Returns the keys (`image.words` words each) of all regions. @param total number of voxels; @param count of regions */
export function recordGather(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  image: KeyBuffer,
  regions: { buffer: BufferRef; count: number },
  total: number,
): BufferRef {
  const values = rec.buffer('firstorder/gather.values', total * image.words * 4);
  const cursors = rec.zeros('firstorder/gather.cursors', regions.count * 4);
  const params = { length, words: image.words };
  rec.dispatch(gather, { params, voxels, cells, keys: image.keys, regions: regions.buffer, cursors, values }, length);
  return values;
}
