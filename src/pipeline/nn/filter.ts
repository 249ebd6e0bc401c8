/** Filters of convolutions as the kernels read them: batch norms folded in, channels in blocks of eight and four. */
import type { Convolution } from './manifest.ts';
import { isFolded, normEpsilon } from './manifest.ts';
import type { Storage } from './activation.ts';
import type { Weights } from './weights.ts';

/** Extents along depth, height and width, the order of the weights. */
type Triple = readonly [number, number, number];

/** A convolution's weights [out, in, depth, height, width] and one bias per output channel, in float64. */
export interface Filter {
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: Triple;
  readonly weights: ArrayLike<number>;
  /** Factor of the weights by output channel: the batch norm's part. */
  readonly scale: Float64Array;
  readonly bias: Float64Array;
}

/**
 * A convolution with its batch norm folded in: y = (w x + b - mean) * s + beta with s = gamma / sqrt(variance + epsilon).
 * Weights that have no batch norm, but a bias, are folded already.
 */
export function foldedFilter(weights: Weights, convolution: Convolution): Filter {
  const { key, norm, shape } = convolution;
  const [outputs, inputs, ...taps] = shape;
  const tensor = (name: string) => weights.get(name)?.data;
  const values = tensor(`${key}.weight`)!;
  const bias = Float64Array.from({ length: outputs }, (_, co) => tensor(`${key}.bias`)?.[co] ?? 0);
  const scale = new Float64Array(outputs).fill(1);
  if (!isFolded(weights, convolution)) {
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
      tensor(`${norm}.${name}`),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    for (let co = 0; co < outputs; co++) {
      scale[co] = gamma[co]! / Math.sqrt(variance[co]! + normEpsilon);
      bias[co] = (bias[co]! - mean[co]!) * scale[co]! + beta[co]!;
    }
  }
  return { outputs, inputs, taps: taps as unknown as Triple, weights: values, scale, bias };
}

/** The filter for one channel that stands for all: the weights summed over the inputs. */
export function summedOverInputs(filter: Filter): Filter {
  const { outputs, inputs, taps } = filter;
  const volume = taps[0] * taps[1] * taps[2];
  const weights = new Float64Array(outputs * volume);
  for (let co = 0; co < outputs; co++)
    for (let ci = 0; ci < inputs; ci++)
      for (let tap = 0; tap < volume; tap++)
        weights[co * volume + tap]! += filter.weights[(co * inputs + ci) * volume + tap]!;
  return { ...filter, inputs: 1, weights };
}

/** Taps along x that unfolding turns into channels. */
export const unfoldedTaps = 8;

/** The filter for an unfolded volume: eight inputs for each one, the taps along width, and one tap along it. */
export function unfolded(filter: Filter): Filter {
  const { outputs, inputs, taps } = filter;
  const [depth, height, width] = taps;
  const [rows, channels] = [depth * height, inputs * unfoldedTaps];
  const weights = new Float64Array(outputs * channels * rows);
  for (let co = 0; co < outputs; co++)
    for (let ci = 0; ci < inputs; ci++)
      for (let row = 0; row < rows; row++)
        for (let x = 0; x < width; x++)
          weights[(co * channels + ci * unfoldedTaps + x) * rows + row] =
            filter.weights[((co * inputs + ci) * rows + row) * width + x]!;
  return { ...filter, inputs: channels, taps: [depth, height, 1], weights };
}

/** What the kernels read. */
export interface PackedFilter {
  /**
   * [outputs / 16][tap][inputs / 8][4][8][4]: blocks of 16 outputs, since what one workgroup reads must lie together (a
   * stride of many outputs meets few sets of a cache), in them quads of outputs for eight inputs; padded by zeros.
   */
  readonly weights: Float32Array | Float16Array;
  /** By output, padded by zeros to a multiple of eight. */
  readonly bias: Float32Array;
}

/** Packs a filter; each weight is scaled in float64 and rounded once. */
export function packFilter(filter: Filter, storage: Storage): PackedFilter {
  const { outputs, inputs, taps, weights, scale } = filter;
  const volume = taps[0] * taps[1] * taps[2];
  const step = Math.ceil(inputs / 8) * 128;
  const length = Math.ceil(outputs / 16) * volume * step;
  const packed = storage === 'f16' ? new Float16Array(length) : new Float32Array(length);
  let from = 0;
  for (let co = 0; co < outputs; co++) {
    const factor = scale[co]!;
    for (let ci = 0; ci < inputs; ci++) {
      let to = (co >> 4) * volume * step + ((((ci >> 3) * 4 + ((co >> 2) & 3)) * 8 + (ci & 7)) * 4 + (co & 3));
      for (let tap = 0; tap < volume; tap++, to += step) packed[to] = weights[from++]! * factor;
    }
  }
  const bias = new Float32Array(8 * Math.ceil(outputs / 8));
  bias.set(filter.bias);
  return { weights: packed, bias };
}
