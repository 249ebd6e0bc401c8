/** nn/maxpool and nn/average: what ResNets do between convolutions and after the last. */
import averageSource from '../../../shaders/nn/average.wgsl?raw';
import maxpoolSource from '../../../shaders/nn/maxpool.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import { type Activation, flagsFor, quadsOf, type Storage, voxelsOf } from './activation.ts';

export const maxpool = defineKernel({
  name: 'nn/maxpool',
  source: maxpoolSource,
  bindings: { params: 'uniform', activation: 'read', results: 'read_write' },
  workgroup: 64,
  flags: ['F16'],
});
export const average = defineKernel({
  name: 'nn/average',
  source: averageSource,
  bindings: { params: 'uniform', activation: 'read', means: 'read_write' },
  workgroup: 64,
  flags: ['F16'],
});

/** Voxels that the pool makes of a size: 3 taps, stride 2, padding 1. */
export const pooledSize = (size: Vec3): Vec3 => size.map((n) => Math.floor((n - 1) / 2) + 1) as unknown as Vec3;

/** The largest of 3 x 3 x 3 around every second voxel; outside the image nothing counts, NaN wins. */
export function recordMaxPool(rec: Recording, input: Activation, into: BufferRef, storage: Storage): Activation {
  const shape = { ...input, size: pooledSize(input.size) };
  const quads = quadsOf(input);
  const length = shape.images * voxelsOf(shape) * quads;
  const params = { in_size: input.size, quads, out_size: shape.size, length };
  rec.dispatch(maxpool, { params, activation: input.buffer, results: into }, length, flagsFor(storage));
  return { ...shape, buffer: into };
}

/**
 * The mean of every channel over an image.
 * @returns a new buffer: float32 [image][channel], as many channels per image as `input` stores
 */
export function recordAverage(rec: Recording, input: Activation, storage: Storage): BufferRef {
  const quads = quadsOf(input);
  const length = input.images * quads;
  const means = rec.buffer('nn/average.means', length * 16);
  const params = { voxels: voxelsOf(input), quads, length };
  rec.dispatch(average, { params, activation: input.buffer, means }, length * average.workgroup, flagsFor(storage));
  return means;
}
