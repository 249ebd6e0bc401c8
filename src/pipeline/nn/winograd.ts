/** nn/winograd and nn/winograd-lanes: 3 x 3 x 3 convolutions of stride 1 with 8 products per voxel instead of 27. */
import lanesSource from '../../../shaders/nn/winograd-lanes.wgsl?raw';
import source from '../../../shaders/nn/winograd.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import { type Activation, type ActivationShape, flagsFor, octetsOf, quadsOf, type Storage } from './activation.ts';
import type { FilterBuffers, Residual, Window } from './conv.ts';
import type { Filter } from './filter.ts';

export const winogradInput = defineKernel({
  name: 'nn/winograd:input',
  source,
  entryPoint: 'input',
  bindings: { params: 'uniform', activation: 'read', points: 'read_write' },
  workgroup: 64,
  flags: ['F16'],
});
export const winogradOutput = defineKernel({
  name: 'nn/winograd:output',
  source,
  entryPoint: 'output',
  bindings: { params: 'uniform', products: 'read', bias: 'read', shortcut: 'read', results: 'read_write' },
  workgroup: 64,
  flags: ['F16'],
});
export const winogradLanes = defineKernel({
  name: 'nn/winograd-lanes',
  source: lanesSource,
  bindings: { params: 'uniform', points: 'read', weights: 'read', products: 'read_write' },
  workgroup: 8,
  flags: ['F16'],
  needs: ['subgroups'],
});

/** Points of a tile. */
const POINTS = 64;
/** Most bytes of points at once: what caches hold; but 64 tiles at least, for which the filter is read again each time. */
const pointBytes = 2 * 2 ** 20;
const leastTiles = 64;
/** Channels beyond which the filter, 64 points instead of 27 taps, is worth its memory for many tiles alone. */
const mostChannels = 256;
const manyTiles = 256;
/** Tiles that a workgroup multiplies at once, needed or not. */
const rows = 16;

/** Whether a convolution can be computed this way. */
export const suitsWinograd = ({ extent, stride, padding, dilation }: Window): boolean =>
  [0, 1, 2].every(
    (a) => extent[a] === 3 && stride[a] === 1 && padding[a] === dilation[0] && dilation[a] === dilation[0],
  );

/**
 * Whether it is the faster way for an image of a size: by the rows that are multiplied with the filter, 64 points of
 * tiles against the voxels of each tap that is inside the image. Measured times follow that count.
 * @param channels the larger number of the two
 */
export function paysWinograd(size: Vec3, window: Window, channels: number): boolean {
  const [x, y, z] = tilesOf(size, window);
  const tiles = x * y * z;
  const direct = size.reduce((product, n) => product * (n + 2 * Math.max(0, n - window.dilation[0])), 1);
  return POINTS * rows * Math.ceil(tiles / rows) < direct && (channels <= mostChannels || tiles >= manyTiles);
}

/** Tiles of two voxels along an axis of n. */
const tilesAlong = (n: number, dilation: number): number =>
  Math.floor(n / (2 * dilation)) * dilation + Math.min(n % (2 * dilation), dilation);

/** Tiles of an image along its axes. */
export const tilesOf = (size: Vec3, { dilation }: Window): Vec3 =>
  size.map((n) => tilesAlong(n, dilation[0])) as unknown as Vec3;

const bytesPerTile = (shape: Pick<ActivationShape, 'channels'>): number => POINTS * 16 * quadsOf(shape);

/** Tiles that are computed at once. */
function tilesAtOnce(from: ActivationShape, outputs: number, window: Window): number {
  const [x, y, z] = tilesOf(from.size, window);
  const most = Math.floor(pointBytes / bytesPerTile({ channels: Math.max(from.channels, outputs) }));
  return Math.min(from.images * x * y * z, Math.max(leastTiles, most));
}

/** Bytes of the points of the input and of the result. */
export function workspaceBytes(from: ActivationShape, outputs: number, window: Window): readonly [number, number] {
  const tiles = tilesAtOnce(from, outputs, window);
  return [tiles * bytesPerTile(from), tiles * bytesPerTile({ channels: outputs })];
}

/** Three weights, `step` apart, as four points: the filter side of F(2, 3). */
function spread(from: Float64Array, at: number, step: number, to: Float64Array, start: number, stride: number): void {
  const a = from[at]!;
  const b = from[at + step]!;
  const c = from[at + 2 * step]!;
  to[start] = a;
  to[start + stride] = (a + b + c) / 2;
  to[start + 2 * stride] = (a - b + c) / 2;
  to[start + 3 * stride] = c;
}

/** Points of a filter along each axis. */
export const winogradTaps = [4, 4, 4] as const;

/** The points of a filter of 3 x 3 x 3 taps, in float64: a filter of 4 x 4 x 4. */
export function winogradFilter(filter: Filter): Filter {
  const pairs = filter.outputs * filter.inputs;
  const weights = new Float64Array(pairs * POINTS);
  // Always the same type of array, for which engines compile one loop.
  const [taps, planes, rows] = [new Float64Array(27), new Float64Array(4 * 9), new Float64Array(16 * 3)];
  for (let pair = 0; pair < pairs; pair++) {
    for (let tap = 0; tap < 27; tap++) taps[tap] = filter.weights[pair * 27 + tap]!;
    for (let tap = 0; tap < 9; tap++) spread(taps, tap, 9, planes, tap, 9);
    for (let z = 0; z < 4; z++) for (let x = 0; x < 3; x++) spread(planes, z * 9 + x, 3, rows, z * 12 + x, 3);
    for (let row = 0; row < 16; row++) spread(rows, 3 * row, 1, weights, pair * POINTS + 4 * row, 1);
  }
  return { ...filter, taps: winogradTaps, weights };
}

/**
 * Convolves; the result has the size of the input.
 * @param filter packed from `winogradFilter`
 * @param workspace two buffers of `workspaceBytes`
 */
export function recordWinograd(
  rec: Recording,
  input: Activation,
  filter: FilterBuffers & Window,
  into: BufferRef,
  workspace: readonly [BufferRef, BufferRef],
  { storage, relu, residual }: { readonly storage: Storage; readonly relu: boolean; readonly residual?: Residual },
): Activation {
  const { size, images } = input;
  const shape = { images, channels: filter.outputs, size };
  const tiles = tilesOf(size, filter);
  const all = images * tiles[0] * tiles[1] * tiles[2];
  const chunk = tilesAtOnce(input, filter.outputs, filter);
  const [points, products] = workspace;
  const flags = flagsFor(storage);
  const [in_quads, out_quads] = [quadsOf(input), quadsOf(shape)];
  for (let first = 0; first < all; first += chunk) {
    const count = Math.min(chunk, all - first);
    const params = {
      size,
      in_quads,
      tiles,
      out_quads,
      out_size: size,
      dilation: filter.dilation[0],
      shortcut_size: residual?.activation.size ?? [0, 0, 0],
      shortcut_quads: residual ? quadsOf(residual.activation) : 0,
      shortcut_stride: residual?.stride ?? 1,
      rectify: Number(relu),
      first,
      count,
    };
    rec.dispatch(winogradInput, { params, activation: input.buffer, points }, 4 * count * in_quads, flags);
    const groups = Math.ceil(count / 16) * POINTS * Math.ceil(out_quads / 4);
    const multiply = { count, in_octets: octetsOf(input), out_quads };
    rec.dispatch(
      winogradLanes,
      { params: multiply, points, weights: filter.weights, products },
      groups * winogradLanes.workgroup,
      flags,
    );
    const shortcut = residual?.activation.buffer ?? filter.weights;
    const { bias } = filter;
    rec.dispatch(winogradOutput, { params, products, bias, shortcut, results: into }, 2 * count * out_quads, flags);
  }
  return { ...shape, buffer: into };
}
