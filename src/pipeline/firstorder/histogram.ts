/** firstorder/histogram: intensity histograms of all regions of an integer image. */
import source from '../../../shaders/firstorder/histogram.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { KeyBuffer } from '../roi/range.ts';

export const histogram = defineKernel({
  name: 'firstorder/histogram',
  source,
  bindings: { params: 'uniform', voxels: 'read', cells: 'read', keys: 'read', regions: 'read', counts: 'read_write' },
  workgroup: 64,
});

/** Returns the counts of all regions, each from its smallest to its largest intensity. @param total their number */
export function recordHistogram(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  image: KeyBuffer,
  regions: BufferRef,
  total: number,
): BufferRef {
  const counts = rec.zeros('firstorder/histogram.counts', total * 4);
  rec.dispatch(histogram, { params: { length }, voxels, cells, keys: image.keys, regions, counts }, length);
  return counts;
}
