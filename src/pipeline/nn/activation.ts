/** Activations: what the layers of a network pass on, on the GPU. */
import type { BufferRef, Flags } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';

/** How values are stored, and with `products` how they are multiplied. Sums of convolutions are float32 in either case. */
export type Storage = 'f32' | 'f16';

/** The grid of an activation. */
export interface ActivationShape {
  readonly images: number;
  /** Channels that mean something; stored are as many as the next multiple of eight, the others are 0. */
  readonly channels: number;
  /** Voxels along x, y and z. */
  readonly size: Vec3;
}

/** Values in the order [image][z][y][x][channel]. */
export interface Activation extends ActivationShape {
  readonly buffer: BufferRef;
}

/** Channels by eight, as they are stored. */
export const octetsOf = ({ channels }: Pick<ActivationShape, 'channels'>): number => Math.ceil(channels / 8);
/** Channels by four, as they are stored. */
export const quadsOf = (shape: Pick<ActivationShape, 'channels'>): number => 2 * octetsOf(shape);
/** Voxels of one image. */
export const voxelsOf = ({ size }: Pick<ActivationShape, 'size'>): number => size[0] * size[1] * size[2];

/** Bytes of an activation. */
export const activationBytes = (shape: ActivationShape, storage: Storage): number =>
  shape.images * voxelsOf(shape) * quadsOf(shape) * (storage === 'f16' ? 8 : 16);

/** The variant of a kernel for a way to store values. */
export const flagsFor = (storage: Storage): Flags => ({ F16: storage === 'f16' });

/** The values of one channel after another, [image][channel][z][y][x], of the stored words. */
export function planarValues(words: Uint32Array, shape: ActivationShape, storage: Storage): Float32Array<ArrayBuffer> {
  const stored = storage === 'f16' ? new Float16Array(words.buffer, words.byteOffset) : floatsOf(words);
  const [voxels, stride] = [voxelsOf(shape), 4 * quadsOf(shape)];
  const planar = new Float32Array(shape.images * shape.channels * voxels);
  let k = 0;
  for (let image = 0; image < shape.images; image++)
    for (let channel = 0; channel < shape.channels; channel++)
      for (let voxel = 0; voxel < voxels; voxel++) planar[k++] = stored[(image * voxels + voxel) * stride + channel]!;
  return planar;
}

const floatsOf = (words: Uint32Array): Float32Array => new Float32Array(words.buffer, words.byteOffset, words.length);
