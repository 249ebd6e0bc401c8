/** texture/glcm: grey level co-occurrence counts of all regions. */
import source from '../../../shaders/texture/glcm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';

export const glcm = defineKernel({
  name: 'texture/glcm',
  source,
  bindings: { params: 'uniform', voxels: 'read', cells: 'read', steps: 'read', regions: 'read', counts: 'read_write' },
  workgroup: 64,
});

/**
 * @param steps linear steps of the unidirectional offsets
 * @param total u32 counts of all regions: the sum of angles x rows x rows
 */
export function recordGlcm(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  regions: BufferRef,
  steps: Int32Array,
  total: number,
): BufferRef {
  const counts = rec.zeros('texture/glcm.counts', total * 4);
  const params = { length, angles: steps.length };
  rec.dispatch(
    glcm,
    { params, voxels, cells, steps: rec.upload('texture/glcm.steps', steps), regions, counts },
    length,
  );
  return counts;
}
