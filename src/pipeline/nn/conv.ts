/** nn/conv and nn/conv-lanes: 3D convolution with its end: bias, the way around the block, rectifier. */
import tiledSource from '../../../shaders/nn/conv.wgsl?raw';
import lanesSource from '../../../shaders/nn/conv-lanes.wgsl?raw';
import { type BufferRef, type Caps, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import {
  type Activation,
  type ActivationShape,
  flagsFor,
  octetsOf,
  quadsOf,
  type Storage,
  voxelsOf,
} from './activation.ts';
import { convolutionBindings as bindings } from './conv-bindings.ts';
import { matrixMethod } from './conv-matrix.ts';

export const conv = defineKernel({ name: 'nn/conv', source: tiledSource, bindings, workgroup: 64, flags: ['F16'] });
export const convLanes = defineKernel({
  name: 'nn/conv-lanes',
  source: lanesSource,
  bindings,
  workgroup: 8,
  flags: ['F16'],
  needs: ['subgroups'],
});

/** A way to compute convolutions: the kernel, and what a workgroup makes. */
export interface ConvolutionMethod {
  readonly kernel: typeof conv;
  /** Voxels and channels of a workgroup. */
  readonly tile: readonly [number, number];
  /** Whether convolutions that suit it take nn/winograd. */
  readonly winograd: boolean;
  /** The storages that it computes with; default: both. */
  readonly storages?: readonly Storage[];
}

/** Taps that `tiled` keeps marks of. */
const mostTaps = 512;

/** By the size of the driver's SIMD registers: what was fastest on the adapters measured (docs/benchmarks.md, Network). */
export const methods = {
  /** Any device: tiles in workgroup memory. */
  tiled: { kernel: conv, tile: [64, 64], winograd: false },
  /** Software drivers with subgroups of eight (lavapipe): lanes exchange what they have loaded. */
  lanes: { kernel: convLanes as unknown as typeof conv, tile: [16, 16], winograd: true },
} as const satisfies Record<string, ConvolutionMethod>;

/** The method for an adapter: subgroup matrices on hardware that has them, unless a driver on the CPU imitates them. */
export function methodFor(caps: Caps, storage: Storage): ConvolutionMethod {
  const { software, subgroups, subgroupSizes } = caps;
  const matrix = software ? null : matrixMethod(caps, storage);
  if (matrix) return matrix;
  const eight = subgroups && subgroupSizes[0] === 8 && subgroupSizes[1] === 8;
  return software && eight ? methods.lanes : methods.tiled;
}

/** The geometry of a convolution; x, y and z. */
export interface Window {
  readonly extent: Vec3;
  readonly stride: Vec3;
  readonly padding: Vec3;
  readonly dilation: Vec3;
}

/** A filter on the GPU, packed by `packFilter`. */
export interface FilterBuffers {
  readonly outputs: number;
  readonly weights: BufferRef;
  readonly bias: BufferRef;
}

/** Voxels that a window makes of an axis: floor((n + 2 p - d (k - 1) - 1) / s) + 1. */
export const windowed = (size: Vec3, { extent, stride, padding, dilation }: Window): Vec3 =>
  size.map(
    (n, a) => Math.floor((n + 2 * padding[a]! - dilation[a]! * (extent[a]! - 1) - 1) / stride[a]!) + 1,
  ) as unknown as Vec3;

/** What is added before the rectifier: every `stride`-th voxel; channels that it does not have count as 0. */
export interface Residual {
  readonly activation: Activation;
  readonly stride: number;
}

/**
 * Voxels that lie side by side along x in the order of work: for a dilated kernel as many as the dilation, where that
 * divides the width: they need the same taps, and so do their neighbours in the next rows.
 */
const runOf = ([width]: Vec3, { dilation }: Window): number => {
  const [step] = dilation;
  return step > 1 && width % step === 0 ? step : width;
};

/** Convolves; see `windowed` for the size of the result. @param into where the result goes, never the input's buffer */
export function recordConvolution(
  rec: Recording,
  input: Activation,
  filter: FilterBuffers & Window,
  into: BufferRef,
  {
    storage,
    method,
    relu,
    residual,
  }: {
    readonly storage: Storage;
    readonly method: ConvolutionMethod;
    readonly relu: boolean;
    readonly residual?: Residual;
  },
): Activation {
  if (filter.extent[0] * filter.extent[1] * filter.extent[2] > mostTaps)
    throw new RangeError(`a kernel of ${filter.extent.join(' x ')} has more than ${mostTaps} taps`);
  const shape: ActivationShape = {
    images: input.images,
    channels: filter.outputs,
    size: windowed(input.size, filter),
  };
  const voxels = shape.images * voxelsOf(shape);
  const params = {
    in_size: input.size,
    in_octets: octetsOf(input),
    out_size: shape.size,
    out_quads: quadsOf(shape),
    extent: filter.extent,
    voxels,
    stride: filter.stride,
    run: runOf(shape.size, filter),
    dilation: filter.dilation,
    rectify: Number(relu),
    padding: filter.padding,
    shortcut_quads: residual ? quadsOf(residual.activation) : 0,
    shortcut_size: residual?.activation.size ?? [0, 0, 0],
    shortcut_stride: residual?.stride ?? 1,
  };
  const { kernel, tile } = method;
  const groups = Math.ceil(voxels / tile[0]) * Math.ceil((4 * quadsOf(shape)) / tile[1]);
  const { weights, bias } = filter;
  const shortcut = residual?.activation.buffer ?? weights;
  const args = { params, activation: input.buffer, weights, bias, shortcut, results: into };
  rec.dispatch(kernel, args, groups * kernel.workgroup, flagsFor(storage));
  return { ...shape, buffer: into };
}
