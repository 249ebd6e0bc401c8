/** n4/refine: exact subdivision of the lattice. */
import source from '../../../shaders/n4/refine.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import { latticeBytes } from './level.ts';

export const refine = defineKernel({
  name: 'n4/refine',
  source,
  bindings: { params: 'uniform', coarse: 'read', nodes: 'read_write' },
  workgroup: 64,
});

/** The lattice of `from` points along each axis on one of `to` points. */
export function recordRefine(rec: Recording, coarse: BufferRef, from: Vec3, to: Vec3): BufferRef {
  const nodes = rec.buffer('n4/lattice.nodes', latticeBytes(to));
  const length = to[0] * to[1] * to[2];
  rec.dispatch(refine, { params: { coarse: from, length, fine: to, zero: 0 }, coarse, nodes }, length);
  return nodes;
}
