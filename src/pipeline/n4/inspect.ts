/** n4/inspect: range and finiteness of the voxels of an image inside a mask. */
import source from '../../../shaders/n4/inspect.wgsl?raw';
import { type BufferRef, defineKernel, type Download, type Recording } from '../../engine/index.ts';
import { fromOrdered } from './ordered.ts';

export const inspect = defineKernel({
  name: 'n4/inspect',
  source,
  bindings: { params: 'uniform', image: 'read', mask: 'read', found: 'read_write' },
  workgroup: 64,
});

const STRIP = 16;

export interface Inspection {
  /** Voxels that are NaN or infinite. */
  readonly nonFinite: number;
  /** Of the finite voxels. */
  readonly low: number;
  readonly high: number;
}

/** @param mask one bit per voxel, or null for all */
export function recordInspect(rec: Recording, image: BufferRef, mask: BufferRef | null, length: number): Download {
  const found = rec.zeros('n4/inspect.found', 12);
  const params = { length, masked: Number(mask !== null), strip: STRIP };
  rec.dispatch(inspect, { params, image, mask: mask ?? image, found }, Math.ceil(length / STRIP));
  return rec.download(found);
}

export function decodeInspect(words: Uint32Array): Inspection {
  const [low, high, nonFinite] = words as unknown as [number, number, number];
  return { nonFinite, low: fromOrdered(~low >>> 0), high: fromOrdered(high) };
}
