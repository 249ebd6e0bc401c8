/** Batch norm folded into the convolution before it: scale and shift of each output channel. */
import { type Convolution, isFolded, normEpsilon } from './manifest.ts';
import type { Weights } from './weights.ts';

/** Per channel: weights are multiplied by `scale`, the bias becomes `shift`. Float64. */
export interface FoldedNorm {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/**
 * The affine map of an inference batch norm after a convolution: `scale = weight / sqrt(variance + epsilon)`,
 * `shift = bias + (convolutionBias - mean) * scale`.
 * @param convolutionBias one value per channel; none is 0
 */
export function foldNorm(
  weight: Float32Array,
  bias: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  epsilon: number,
  convolutionBias?: Float32Array,
): FoldedNorm {
  const scale = Float64Array.from(weight, (value, i) => value / Math.sqrt(variance[i]! + epsilon));
  const shift = Float64Array.from(bias, (value, i) => value + ((convolutionBias?.[i] ?? 0) - mean[i]!) * scale[i]!);
  return { scale, shift };
}

/** Weights of a convolution times the scale of their output channel, rounded once to float32. */
export function scaleWeights(weights: Float32Array, scale: Float64Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(weights.length);
  const perChannel = weights.length / scale.length;
  for (let channel = 0, i = 0; channel < scale.length; channel++) {
    const factor = scale[channel]!;
    for (const end = i + perChannel; i < end; i++) out[i] = weights[i]! * factor;
  }
  return out;
}

/** A convolution whose batch norm is folded. */
export interface FoldedConvolution {
  /** In the shape of the convolution. */
  readonly weight: Float32Array;
  /** One value per output channel. */
  readonly bias: Float32Array;
}

/**
 * Weight and bias of a convolution with its batch norm folded, in float64, rounded once. Where the weights are folded
 * already (a bias and no norm), they are returned as they are.
 * @param weights checked against the architecture
 */
export function foldedConvolution(weights: Weights, convolution: Convolution): FoldedConvolution {
  const { key, norm } = convolution;
  const of = (name: string) => weights.get(name)!.data;
  const weight = of(`${key}.weight`);
  const bias = weights.get(`${key}.bias`)?.data;
  if (bias && isFolded(weights, convolution)) return { weight, bias };
  const { scale, shift } = foldNorm(
    of(`${norm}.weight`),
    of(`${norm}.bias`),
    of(`${norm}.running_mean`),
    of(`${norm}.running_var`),
    normEpsilon,
    bias,
  );
  return { weight: scaleWeights(weight, scale), bias: Float32Array.from(shift) };
}

/**
 * Weights for one input channel that give what the same channel repeated gives: the sum over the input channels.
 * @param shape [out, in, depth, height, width]
 */
export function sumInputChannels(weight: Float32Array, shape: Convolution['shape']): Float32Array<ArrayBuffer> {
  const [outputs, inputs, ...kernel] = shape;
  const taps = kernel.reduce((product, n) => product * n, 1);
  return Float32Array.from({ length: outputs * taps }, (_, i) => {
    const first = Math.floor(i / taps) * inputs * taps + (i % taps);
    let sum = 0;
    for (let channel = 0; channel < inputs; channel++) sum += weight[first + channel * taps]!;
    return sum;
  });
}
