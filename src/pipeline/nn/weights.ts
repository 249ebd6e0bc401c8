/** Weights of a network. */

/** A tensor: values in C order, last axis fastest. */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Tensors by state-dict key, without the prefix `module.`. */
export type Weights = ReadonlyMap<string, WeightTensor>;
