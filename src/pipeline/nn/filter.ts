/** Filters of convolutions as the kernels read them: batch norms folded in, channels in blocks of eight and four. */
import type { Storage } from './activation.ts';
import { foldedConvolution, sumInputChannels } from './fold.ts';
import type { Convolution } from './manifest.ts';
import type { Weights } from './weights.ts';

/** Extents along depth, height and width, the order of the weights. */
type Triple = readonly [number, number, number];

/** A convolution's weights [out, in, depth, height, width] and one bias per output channel. */
export interface Filter {
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: Triple;
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

/**
 * The filter of a convolution with its batch norm folded in.
 * @param weights checked against the architecture
 * @param summed for one input that stands for all: the weights summed over the inputs
 */
export function filterOf(weights: Weights, convolution: Convolution, summed = false): Filter {
  const [outputs, inputs, ...taps] = convolution.shape;
  const { weight, bias } = foldedConvolution(weights, convolution);
  return {
    outputs,
    inputs: summed ? 1 : inputs,
    taps: taps as unknown as Triple,
    weights: summed && inputs > 1 ? sumInputChannels(weight, convolution.shape) : weight,
    bias,
  };
}

/** Channels that unfolding makes of a row of taps along x. */
export const unfoldedTaps = 8;

/** The filter for an unfolded volume: inputs [input][tap along height][eight taps along width], taps along depth alone. */
export function unfolded(filter: Filter): Filter {
  const { outputs, inputs, taps } = filter;
  const [depth, height, width] = taps;
  const channels = inputs * height * unfoldedTaps;
  const weights = new Float64Array(outputs * channels * depth);
  let from = 0;
  for (let co = 0; co < outputs; co++)
    for (let ci = 0; ci < inputs; ci++)
      for (let z = 0; z < depth; z++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            weights[(co * channels + (ci * height + y) * unfoldedTaps + x) * depth + z] = filter.weights[from++]!;
  return { ...filter, inputs: channels, taps: [depth, 1, 1], weights };
}

/** What the kernels read. */
export interface PackedFilter {
  /**
   * [outputs / 16][tap][inputs / 8][4][8][4]: blocks of 16 outputs, since what one workgroup reads must lie together (a
   * stride of many outputs meets few sets of a cache), in them quads of outputs for eight inputs; padded by zeros.
   */
  readonly weights: Float32Array | Float16Array;
  /** By output, padded by zeros to a multiple of eight; for 16-bit products then the factors of the sums, likewise. */
  readonly bias: Float32Array;
}

/** Inputs of a tap whose products are summed in 16 bits. */
const chain = 8;

/**
 * For each output the power of two by which its weights are multiplied where products are 16-bit floats: it makes the
 * largest sum of absolute weights of a chain more than a quarter and at most a half. Then no sum of products leaves the range
 * of 16 bits, whatever activations are stored in 16 bits, and small weights are not among the denormal numbers.
 */
function scalesOf({ outputs, inputs, taps, weights }: Filter): Float64Array {
  const volume = taps[0] * taps[1] * taps[2];
  return Float64Array.from({ length: outputs }, (_, co) => {
    let largest = 0;
    for (let tap = 0; tap < volume; tap++)
      for (let first = 0; first < inputs; first += chain) {
        let sum = 0;
        for (let ci = first; ci < Math.min(first + chain, inputs); ci++)
          sum += Math.abs(weights[(co * inputs + ci) * volume + tap]!);
        largest = Math.max(largest, sum);
      }
    return largest > 0 ? 2 ** (-1 - Math.ceil(Math.log2(largest))) : 1;
  });
}

/** Values of a packed filter, and of its bias. */
function packedLengths({ outputs, inputs, taps }: Pick<Filter, 'outputs' | 'inputs' | 'taps'>, products: Storage) {
  const volume = taps[0] * taps[1] * taps[2];
  const padded = 8 * Math.ceil(outputs / 8);
  return [
    Math.ceil(outputs / 16) * volume * Math.ceil(inputs / 8) * 128,
    products === 'f16' ? 2 * padded : padded,
  ] as const;
}

/** Bytes of the weights and of the bias of a packed filter. */
export function packedBytes(
  filter: Pick<Filter, 'outputs' | 'inputs' | 'taps'>,
  storage: Storage,
  products: Storage,
): readonly [number, number] {
  const [weights, bias] = packedLengths(filter, products);
  return [weights * (storage === 'f16' ? 2 : 4), bias * 4];
}

/**
 * Packs a filter; values are rounded to the storage.
 * @param products in what the kernel multiplies: for float16 the weights are scaled, see `PackedFilter.bias`
 */
export function packFilter(filter: Filter, storage: Storage, products: Storage = 'f32'): PackedFilter {
  const { outputs, inputs, taps, weights } = filter;
  const volume = taps[0] * taps[1] * taps[2];
  const step = Math.ceil(inputs / 8) * 128;
  const [length, biasLength] = packedLengths(filter, products);
  const packed = storage === 'f16' ? new Float16Array(length) : new Float32Array(length);
  const scales = products === 'f16' ? scalesOf(filter) : null;
  let from = 0;
  for (let co = 0; co < outputs; co++) {
    const scale = scales?.[co] ?? 1;
    for (let ci = 0; ci < inputs; ci++) {
      let to = (co >> 4) * volume * step + ((((ci >> 3) * 4 + ((co >> 2) & 3)) * 8 + (ci & 7)) * 4 + (co & 3));
      for (let tap = 0; tap < volume; tap++, to += step) packed[to] = scale * weights[from++]!;
    }
  }
  const padded = 8 * Math.ceil(outputs / 8);
  const bias = new Float32Array(biasLength);
  bias.set(filter.bias);
  scales?.forEach((scale, co) => {
    bias[padded + co] = 1 / scale;
  });
  return { weights: packed, bias };
}
