/** CPU twin of the sampling of shaders/common/sampling.wgsl: the measured values in float64. */

/** Chosen by a rule, or by a mask of the same length. */
export type Chosen = 'image' | 'nonzero' | { readonly above: number } | ArrayLike<number>;

export interface Rules {
  readonly clip?: readonly [low: number, high: number];
  readonly deviationFrom?: number;
}

/** The values that a measurement takes, in their order. */
export function sample(values: Float32Array, chosen: Chosen, { clip, deviationFrom }: Rules = {}): Float64Array {
  const isChosen = (x: number, i: number): boolean => {
    if (chosen === 'image') return true;
    if (chosen === 'nonzero') return x !== 0;
    return 'above' in chosen ? x > chosen.above : chosen[i] !== 0;
  };
  // Adding zero turns -0 into +0, which are equal keys.
  const kept = Array.from(values, (x) => x + 0).filter(isChosen);
  const moved = deviationFrom === undefined ? kept : kept.map((x) => Math.abs(x - deviationFrom));
  return Float64Array.from(clip ? moved.map((x) => Math.min(Math.max(x, clip[0]), clip[1])) : moved);
}
