/** Tensors [image, channel, depth, height, width] on the GPU and back, for the tests of networks. */
import { readFileSync } from 'node:fs';
import { type Engine, Recording } from '../../src/engine/index.ts';
import {
  type Activation,
  activationBytes,
  planarValues,
  quadsOf,
  type Storage,
  voxelsOf,
} from '../../src/pipeline/nn/activation.ts';
import {
  type ConvolutionMethod,
  type FilterBuffers,
  productsOf,
  recordConvolution,
  type Window,
  windowed,
} from '../../src/pipeline/nn/conv.ts';
import { type Filter, packFilter } from '../../src/pipeline/nn/filter.ts';
import { partBytes, partsOf } from '../../src/pipeline/nn/parts.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import type { ConvolutionGeometry, Tensor, Triple } from '../reference/nn/conv.ts';
import { sharedPath } from './shared.ts';

/** A convolution of reference/resnet with PyTorch's output. */
export interface RecordedConvolution extends ConvolutionGeometry {
  readonly name: string;
  readonly input_shape: readonly number[];
  readonly input: readonly number[];
  readonly weight_shape: readonly number[];
  readonly weight: readonly number[];
  readonly bias: readonly number[] | null;
  readonly output_shape: readonly number[];
  readonly output: readonly number[];
}

/** The cases of a file of reference/resnet, named without its ending. */
export const recordedCases = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(sharedPath(`reference/resnet/${name}.json`), 'utf8')).cases;

const turned = ([d, h, w]: Triple): Vec3 => [w, h, d];

/** The geometry of a convolution as the kernels take it: x, y, z. */
export const windowFor = ({ shape }: Tensor, { stride, padding, dilation }: ConvolutionGeometry): Window => ({
  extent: [shape[4]!, shape[3]!, shape[2]!],
  stride: turned(stride),
  padding: turned(padding),
  dilation: turned(dilation),
});

/** The filter of weights [out, in, depth, height, width]. */
export const filterFor = ({ shape, data }: Tensor, bias: ArrayLike<number> | null): Filter => ({
  outputs: shape[0]!,
  inputs: shape[1]!,
  taps: shape.slice(2) as unknown as Triple,
  weights: data,
  bias: Float64Array.from({ length: shape[0]! }, (_, co) => bias?.[co] ?? 0),
});

/** @param products in what the kernel multiplies */
export function uploadFilter(
  rec: Recording,
  filter: Filter,
  storage: Storage,
  products: Storage = 'f32',
): FilterBuffers {
  const { weights, bias } = packFilter(filter, storage, products);
  return { outputs: filter.outputs, weights: rec.upload('test.weights', weights), bias: rec.upload('test.bias', bias) };
}

export function uploadTensor(rec: Recording, { shape, data }: Tensor, storage: Storage): Activation {
  const [images, channels, depth, height, width] = shape as [number, number, number, number, number];
  const grid = { images, channels, size: [width, height, depth] as Vec3 };
  const [voxels, stride] = [voxelsOf(grid), 4 * quadsOf(grid)];
  const stored = new (storage === 'f16' ? Float16Array : Float32Array)(images * voxels * stride);
  for (let image = 0; image < images; image++)
    for (let channel = 0; channel < channels; channel++)
      for (let voxel = 0; voxel < voxels; voxel++)
        stored[(image * voxels + voxel) * stride + channel] = data[(image * channels + channel) * voxels + voxel]!;
  return { ...grid, buffer: rec.upload('test.activation', stored) };
}

/** A buffer for an activation of at most so many channels and voxels. */
export const bufferFor = (rec: Recording, images: number, channels: number, size: Vec3, storage: Storage) =>
  rec.buffer('test.results', activationBytes({ images, channels, size }, storage));

/** Runs a recording and reads an activation back. */
export async function readActivation(
  engine: Engine,
  rec: Recording,
  activation: Activation,
  storage: Storage,
): Promise<Tensor> {
  const download = rec.download(activation.buffer);
  const data = planarValues((await engine.execute(rec)).u32(download), activation, storage);
  const [x, y, z] = activation.size;
  return { shape: [activation.images, activation.channels, z, y, x], data };
}

/** How `convolve` computes. */
export interface ConvolveOptions {
  readonly method: ConvolutionMethod;
  readonly storage: Storage;
  /** Default false. */
  readonly relu?: boolean;
  readonly residual?: { readonly tensor: Tensor; readonly stride: number };
}

/** One convolution from host to host; in parts where the method has a fill that asks for them. */
export async function convolve(
  engine: Engine,
  input: Tensor,
  weights: Tensor,
  bias: ArrayLike<number> | null,
  geometry: ConvolutionGeometry,
  { method, storage, relu = false, residual }: ConvolveOptions,
): Promise<Tensor> {
  const rec = new Recording('test/conv');
  const from = uploadTensor(rec, input, storage);
  const window = windowFor(weights, geometry);
  const filter = uploadFilter(rec, filterFor(weights, bias), storage, productsOf(method, storage));
  const size = windowed(from.size, window);
  const shape = { images: from.images, channels: filter.outputs, size };
  const into = bufferFor(rec, from.images, filter.outputs, size, storage);
  const parts = partsOf(from, shape, method.fill ?? 0);
  const result = recordConvolution(rec, from, { ...filter, ...window }, into, {
    storage,
    method,
    relu,
    residual: residual && { activation: uploadTensor(rec, residual.tensor, storage), stride: residual.stride },
    parts: parts.count > 1 ? { ...parts, buffer: rec.buffer('test.parts', partBytes(shape, parts)) } : undefined,
  });
  return readActivation(engine, rec, result, storage);
}

/** Norm of the difference over the norm of what was expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, expected ${expected.length}`);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
