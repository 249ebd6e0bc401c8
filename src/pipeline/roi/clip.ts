/** roi/clip: regions restricted to a box each. */
import source from '../../../shaders/roi/clip.wgsl?raw';
import { defineKernel, type Recording } from '../../engine/index.ts';
import type { Box } from '../box.ts';
import type { RegionCells } from './compact.ts';

export const clip = defineKernel({
  name: 'roi/clip',
  source,
  bindings: { params: 'uniform', voxels: 'read', boxes: 'read', cells: 'read_write' },
  workgroup: 64,
});

/** Takes the voxels outside their region's box (in voxels of the unpadded box) out of `cells`. */
export function recordClip(rec: Recording, { cells, voxels, length, box }: RegionCells, boxes: readonly Box[]): void {
  const rows = Uint32Array.from(boxes.flatMap(({ first, last }) => [...first, ...last, 0, 0]));
  const params = { padded: box.padded, pad: box.pad, length };
  rec.dispatch(clip, { params, voxels, boxes: rec.upload('roi/clip.boxes', rows), cells }, length);
}
