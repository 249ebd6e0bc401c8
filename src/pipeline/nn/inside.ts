/** nn/inside: the part of a crop that is a region. */
import source from '../../../shaders/nn/inside.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';

export const inside = defineKernel({
  name: 'nn/inside',
  source,
  bindings: { params: 'uniform', bits: 'read', inside: 'read_write' },
  workgroup: 64,
});

/**
 * The region inside a crop, one bit per voxel, lowest bit first.
 * @param labels label indices of the voxels of the crop, x fastest
 */
export function insideOf(
  labels: Uint8Array | Uint16Array,
  isInside: (index: number) => boolean,
): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(Math.ceil(labels.length / 32));
  for (let i = 0; i < labels.length; i++) if (isInside(labels[i] as number)) bits[i >> 5]! |= 1 << (i & 31);
  return bits;
}

/** Uploads the bits of a crop. @returns one u32 per voxel, 1 inside and 0 outside */
export function recordInside(rec: Recording, bits: Uint32Array, length: number): BufferRef {
  const made = rec.buffer('nn/inside.inside', 4 * length);
  rec.dispatch(inside, { params: { length }, bits: rec.upload('nn/inside.bits', bits), inside: made }, length);
  return made;
}
