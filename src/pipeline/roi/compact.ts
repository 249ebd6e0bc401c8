/** roi/compact: the cells of a padded box and the list of voxels inside a region. */
import source from '../../../shaders/roi/compact.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { PaddedBox } from '../box.ts';

export const compact = defineKernel({
  name: 'roi/compact',
  source,
  bindings: {
    params: 'uniform',
    labels: 'read',
    regions: 'read',
    cells: 'read_write',
    voxels: 'read_write',
    list_length: 'read_write',
  },
  workgroup: 64,
});

const SEGMENT = 32;

/** The regions of a case on the GPU. */
export interface RegionCells {
  /** One u32 per voxel of the padded box, see shaders/common/cell.wgsl. */
  readonly cells: BufferRef;
  /** Indices into `cells` of the voxels that were inside a region when the list was made. */
  readonly voxels: BufferRef;
  /** Number of entries of `voxels`. */
  readonly length: number;
  readonly box: PaddedBox;
}

/**
 * @param labels label indices of the box, row after row, `labelsPerWord` to a word
 * @param regions region number + 1 by label index, 0 for labels that are not wanted
 * @param length number of voxels inside a region, known from `findLabels`
 */
export function recordCompact(
  rec: Recording,
  labels: { crop: Uint8Array | Uint16Array; labelsPerWord: number },
  regions: Uint32Array,
  box: PaddedBox,
  length: number,
): RegionCells {
  const cells = rec.zeros('roi/compact.cells', box.cells * 4);
  const voxels = rec.buffer('roi/compact.voxels', length * 4);
  const segments = Math.ceil(box.size[0] / SEGMENT);
  rec.dispatch(
    compact,
    {
      params: { size: box.size, pad: box.pad, labels_per_word: labels.labelsPerWord, segments },
      labels: rec.upload('roi/compact.labels', labels.crop),
      regions: rec.upload('roi/compact.regions', regions),
      cells,
      voxels,
      list_length: rec.zeros('roi/compact.list_length', 4),
    },
    segments * box.size[1] * box.size[2],
  );
  return { cells, voxels, length, box };
}
