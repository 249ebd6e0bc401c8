/** nn/unfold: a volume of few channels, its taps along x as channels. */
import source from '../../../shaders/nn/unfold.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import { type ActivationShape, flagsFor, quadsOf, type Storage, voxelsOf } from './activation.ts';
import { windowed, type Window } from './conv.ts';
import { unfoldedTaps } from './filter.ts';

export const unfold = defineKernel({
  name: 'nn/unfold',
  source,
  bindings: { params: 'uniform', volume: 'read', unfolded: 'read_write' },
  workgroup: 64,
  flags: ['F16'],
});

/** The shape of an unfolded batch. */
export function unfoldedShape(images: number, channels: number, size: Vec3, window: Window): ActivationShape {
  return { images, channels: channels * unfoldedTaps, size: [windowed(size, window)[0], size[1], size[2]] };
}

/** The window that a convolution has on the unfolded volume. */
export const unfoldedWindow = ({ extent, stride, padding, dilation }: Window): Window => ({
  extent: [1, extent[1], extent[2]],
  stride: [1, stride[1], stride[2]],
  padding: [0, padding[1], padding[2]],
  dilation,
});

/**
 * Unfolds one image of a batch.
 * @param volume float32 in the order [channel][z][y][x]
 * @param image its number in the batch
 * @param window of the convolution; at most eight taps along x, without dilation
 */
export function recordUnfold(
  rec: Recording,
  volume: BufferRef,
  size: Vec3,
  window: Window,
  image: number,
  into: BufferRef,
  shape: ActivationShape,
  storage: Storage,
): void {
  const length = voxelsOf(shape) * quadsOf(shape);
  const params = {
    size,
    channels: shape.channels / unfoldedTaps,
    width: shape.size[0],
    taps: window.extent[0],
    stride: window.stride[0],
    padding: window.padding[0],
    first: image * length,
    length,
  };
  rec.dispatch(unfold, { params, volume, unfolded: into }, length, flagsFor(storage));
}
