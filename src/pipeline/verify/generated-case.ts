/** A small case by integer formulas, the same on every machine and in test/golden/verify/record.py. */
import type { Geometry } from '../volume.ts';
import type { Phantom } from './check.ts';

const size = [20, 18, 14] as const;
/** The Mersenne prime 2^31 - 1, modulus of a Lehmer generator. */
const PRIME = 0x7fffffff;

/** 0..159, without a pattern: products stay below 2^53, exclusive ors below 2^31. */
function noise(x: number, y: number, z: number): number {
  const seed = (x * 73856093) ^ (y * 19349663) ^ (z * 83492791);
  return (((seed * 48271) % PRIME) >> 8) % 160;
}

/** Makes the case: a slope with noise (int16) and an ellipsoid (label 1) of 1 x 1.25 x 2 mm voxels. */
export function generatedCase(): Phantom {
  const grid: Geometry = {
    dimension: 3,
    size,
    spacing: [1, 1.25, 2],
    origin: [0, 0, 0],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
  const image = new Int16Array(size[0] * size[1] * size[2]);
  const mask = new Uint8Array(image.length);
  for (let i = 0; i < image.length; i++) {
    const x = i % size[0];
    const y = Math.floor(i / size[0]) % size[1];
    const z = Math.floor(i / (size[0] * size[1]));
    image[i] = 40 + (x - 3) * y + 5 * z * (13 - z) + noise(x, y, z);
    mask[i] = Number(4 * (x - 9) ** 2 + 5 * (y - 9) ** 2 + 7 * (z - 6) ** 2 < 216);
  }
  return { image: { ...grid, data: image }, mask: { ...grid, data: mask } };
}
