/** texture/glrlm: grey level run lengths of all regions. */
import source from '../../../shaders/texture/glrlm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { linearStep } from '../box.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { Offset } from './matrices.ts';

export const glrlm = defineKernel({
  name: 'texture/glrlm',
  source,
  bindings: {
    params: 'uniform',
    voxels: 'read',
    cells: 'read',
    offsets: 'read',
    regions: 'read',
    counts: 'read_write',
    multi_element: 'read_write',
  },
  workgroup: 64,
});

export interface GlrlmBuffers {
  /** By angle, row (of all regions), run length - 1. */
  readonly counts: BufferRef;
  /** Bit per angle, by region. */
  readonly multiElement: BufferRef;
}

/**
 * @param rows rows of all regions together
 * @param maxRun longest possible run: the longest side of a region's box
 */
export function recordGlrlm(
  rec: Recording,
  { cells, voxels, length, box }: RegionCells,
  regions: { buffer: BufferRef; count: number },
  offsets: readonly Offset[],
  rows: number,
  maxRun: number,
): GlrlmBuffers {
  const counts = rec.zeros('texture/glrlm.counts', offsets.length * rows * maxRun * 4);
  const multiElement = rec.zeros('texture/glrlm.multi_element', regions.count * 4);
  const table = Int32Array.from(offsets.flatMap((o) => [...o, linearStep(box, o)]));
  rec.dispatch(
    glrlm,
    {
      params: { padded: box.padded, length, angles: offsets.length, rows, max_run: maxRun },
      voxels,
      cells,
      offsets: rec.upload('texture/glrlm.offsets', table),
      regions: regions.buffer,
      counts,
      multi_element: multiElement,
    },
    length,
  );
  return { counts, multiElement };
}
