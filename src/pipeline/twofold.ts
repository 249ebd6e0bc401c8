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
