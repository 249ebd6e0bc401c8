/** The table of binary logarithms of counts in fixed point (shaders/common/map/logarithm.wgsl). */
import type { BufferRef, Recording } from '../../engine/index.ts';

/** log2(n) is high / 2^16 + low / 2^36: both sums of some thousand terms fit 32 bits. */
const HIGH = 2 ** 16;
const LOW = 2 ** 20;

/** @param largest the largest count: items of a neighbourhood, or both ends of its pairs */
export function uploadLogarithms(rec: Recording, largest: number): BufferRef {
  const words = new Uint32Array(2 * (largest + 1));
  for (let n = 1; n <= largest; n++) {
    const scaled = Math.log2(n) * HIGH;
    words[2 * n] = Math.floor(scaled);
    words[2 * n + 1] = Math.round((scaled - Math.floor(scaled)) * LOW);
  }
  return rec.upload('map/logarithms', words);
}
