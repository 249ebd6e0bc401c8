/** Numbers of twice the width of float32 on the host; see shaders/common/twofold.wgsl. */

/** A float64 as the sum of two float32, the second at most half a unit in the last place of the first. */
export function splitFloat(value: number): [high: number, low: number] {
  const high = Math.fround(value);
  return [high, Number.isFinite(high) ? Math.fround(value - high) : 0];
}

/** float64 values as pairs of float32, high and low side by side. */
export function splitPairs(values: Float64Array): Float32Array<ArrayBuffer> {
  const pairs = new Float32Array(2 * values.length);
  values.forEach((value, i) => {
    pairs.set(splitFloat(value), 2 * i);
  });
  return pairs;
}

/** float64 factors as `add_product` of the shader takes them: high and low word, upper 12 bits of the high word, its rest. */
export function splitFactors(values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const factors = new Float32Array(4 * values.length);
  const words = new Uint32Array(factors.buffer);
  for (let i = 0; i < values.length; i++) {
    const [high, low] = splitFloat(values[i] as number);
    factors.set([high, low, high], 4 * i);
    words[4 * i + 2]! &= 0xfffff000;
    factors[4 * i + 3] = high - factors[4 * i + 2]!;
  }
  return factors;
}
