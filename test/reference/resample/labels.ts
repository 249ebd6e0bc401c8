/** CPU twin of resampling label maps: the weights of every value around a voxel. */
import type { Geometry } from '../../../src/pipeline/volume.ts';
import { gaussianWeights, positionsIn, type Samples } from './interpolate.ts';

/** Values around a voxel with the sum of their weights. */
export type Votes = ReadonlyMap<number, number>;

type Rule = 'gaussian' | 'linear';

/** Along an axis: the samples that count, inside the image, each with its weight. */
function weightsAlong(p: number, n: number, rule: Rule): [number, number][] {
  if (rule === 'gaussian') {
    const { first, weights } = gaussianWeights(p, n, 1, 1);
    return weights.map((w, k) => [first + k, w]);
  }
  const low = Math.floor(p);
  return [low, low + 1].map((k) => [Math.min(Math.max(k, 0), n - 1), 1 - Math.abs(p - k)]);
}

/** The votes for every voxel of a grid; null outside the image. */
export function votes(image: Samples, grid: Geometry, rule: Rule): (Votes | null)[] {
  const { size, data } = image;
  return positionsIn(image, grid).map((p) => {
    if (p === null) return null;
    const sums = new Map<number, number>();
    const [xs, ys, zs] = [0, 1, 2].map((axis) => weightsAlong(p[axis]!, size[axis]!, rule)) as [
      [number, number][],
      [number, number][],
      [number, number][],
    ];
    for (const [z, wz] of zs) {
      for (const [y, wy] of ys) {
        for (const [x, wx] of xs) {
          const value = data[x + size[0] * (y + size[1] * z)]!;
          sums.set(value, (sums.get(value) ?? 0) + wx * wy * wz);
        }
      }
    }
    return sums;
  });
}
