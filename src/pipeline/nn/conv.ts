/** nn/conv and nn/conv-lanes: 3D convolution with its end: bias, the way around the block, rectifier. */
import lanesSource from '../../../shaders/nn/conv-lanes.wgsl?raw';
import {
  type BufferRef,
  type Caps,
  defineKernel,
  type Flags,
  type Kernel,
  type Recording,
} from '../../engine/index.ts';
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
import { convSum, type PartsInBuffer } from './parts.ts';
import { classOf, type LayerClass, layerClasses, type TileChoice, tileRow, unmeasuredGpu } from './tile-table.ts';
import { defaultTile, type Tile, tiles } from './tiles.ts';

export const convLanes = defineKernel({
  name: 'nn/conv-lanes',
  source: lanesSource,
  bindings,
  workgroup: 8,
  flags: ['F16'],
  needs: ['subgroups'],
});

/** A kernel of direct convolution. */
type ConvolutionKernel = Tile['kernel'];

/** A kernel and what a workgroup of it makes. */
export interface ConvolutionTile {
  readonly kernel: ConvolutionKernel;
  /** The kernel for some of the inputs, where there is one; nn/conv-sum adds the parts. */
  readonly part?: Tile['part'];
  /** Voxels and channels of a workgroup. */
  readonly tile: readonly [number, number];
}

/** A way to compute convolutions. */
export interface ConvolutionMethod extends ConvolutionTile {
  /** Whether convolutions that suit it take nn/winograd. */
  readonly winograd: boolean;
  /** The storages that it computes with; default: both. */
  readonly storages?: readonly Storage[];
  /** Tiles with the same results, those that are fastest by class of layer. */
  readonly tiles?: Readonly<Record<LayerClass, ConvolutionTile>>;
  /** In what 16-bit values are multiplied: float16 in sums of eight, or float32, the default. */
  readonly products?: Storage;
  /** Workgroups that fill the adapter: layers of fewer are computed in parts, see `partsOf`. None by default. */
  readonly fill?: number;
}

/** Taps that `tiled` keeps marks of. */
const mostTaps = 512;

export const methods = {
  /** Any device: tiles in workgroup memory. */
  tiled: { ...tiles[defaultTile], winograd: false },
  /** GPUs: the same with 16-bit products, and layers of few tiles in parts. */
  gpu: { ...tiles[defaultTile], winograd: false, ...unmeasuredGpu },
  /** Software drivers with subgroups of eight (lavapipe): lanes exchange what they have loaded. */
  lanes: { kernel: convLanes as unknown as ConvolutionKernel, tile: [16, 16], winograd: true },
} as const satisfies Record<string, ConvolutionMethod>;

/** Tiles by their names. */
export const tilesOf = (choice: TileChoice): NonNullable<ConvolutionMethod['tiles']> =>
  Object.fromEntries(layerClasses.map((name) => [name, tiles[choice[name]]])) as Record<LayerClass, Tile>;

/**
 * The method for an adapter: subgroup matrices on hardware that has them (a driver on the CPU imitates them); else as far as the table
 * knows it. `methodOn` measures the tiles of other GPUs.
 */
export function methodFor(caps: Caps, storage: Storage = 'f32'): ConvolutionMethod {
  const { software, subgroups, subgroupSizes } = caps;
  const matrix = software ? null : matrixMethod(caps, storage);
  if (matrix) return matrix;
  const eight = subgroups && subgroupSizes[0] === 8 && subgroupSizes[1] === 8;
  if (software && eight) return methods.lanes;
  const row = tileRow(caps);
  const choice = row?.tiles[storage];
  if (row) {
    const { products, fill } = row;
    return { ...methods.tiled, products, fill, ...(choice ? { tiles: tilesOf(choice) } : {}) };
  }
  return software ? methods.tiled : methods.gpu;
}

/** In what a method multiplies values of a storage. */
export const productsOf = ({ products = 'f32' }: ConvolutionMethod, storage: Storage): Storage =>
  storage === 'f16' ? products : 'f32';

/** The variant of the convolutions for a way to store and to multiply values. */
export const convolutionFlags = (storage: Storage, products: Storage): Flags => ({
  ...flagsFor(storage),
  F16_PRODUCTS: products === 'f16',
});

/** The kernels that a method may dispatch, each once; not those of nn/winograd. */
export function kernelsOf(method: ConvolutionMethod): readonly Kernel[] {
  const every = Object.values(method.tiles ?? { wide: method });
  const parts = method.fill ? [convSum, ...every.flatMap(({ part }) => part ?? [])] : [];
  return [...new Set([...every.map(({ kernel }) => kernel), ...parts] as unknown as Kernel[])];
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

/**
 * Convolves; see `windowed` for the size of the result.
 * @param into where the result goes, never the input's buffer
 * @param end.parts in which parts, of a method that has them; whole by default
 * @throws RangeError for a kernel of more than 512 taps
 */
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
    parts,
  }: {
    readonly storage: Storage;
    readonly method: ConvolutionMethod;
    readonly relu: boolean;
    readonly residual?: Residual;
    readonly parts?: PartsInBuffer;
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
    part_octets: parts?.octets ?? octetsOf(input),
    part_count: parts?.count ?? 1,
  };
  const { kernel, part, tile } = method.tiles?.[classOf(voxels)] ?? method;
  const flags = convolutionFlags(storage, productsOf(method, storage));
  const groups = Math.ceil(voxels / tile[0]) * Math.ceil((4 * quadsOf(shape)) / tile[1]);
  const { weights, bias } = filter;
  const shortcut = residual?.activation.buffer ?? weights;
  const read = { params, activation: input.buffer, weights };
  const end = { bias, shortcut, results: into };
  if (parts && part) {
    const { count, buffer } = parts;
    rec.dispatch(part, { ...read, parts: buffer }, groups * count * part.workgroup, flags);
    rec.dispatch(convSum, { params, ...end, parts: buffer }, voxels * quadsOf(shape), flags);
  } else rec.dispatch(kernel, { ...read, ...end }, groups * kernel.workgroup, flags);
  return { ...shape, buffer: into };
}
