/** Batch norm folded into the convolution before it: scale and shift of each output channel. */

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
