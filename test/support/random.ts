/** Repeatable random numbers and volumes for tests. */
import type { Vec3 } from '../../src/pipeline/volume.ts';

/** A linear congruential generator (Numerical Recipes): numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const voxelCount = ([x, y, z]: Vec3): number => x * y * z;

/** Labels 0 .. labels: about `fill` of the voxels are not background. */
export function randomLabels(size: Vec3, labels: number, fill: number, seed: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length: voxelCount(size) }, () => (next() < fill ? 1 + Math.floor(next() * labels) : 0));
}

/** Sizes around the workgroup (64 invocations) and its strips, not cubic, and a single voxel. */
export const awkwardSizes: readonly Vec3[] = [
  [1, 1, 1],
  [63, 1, 1],
  [64, 1, 1],
  [65, 1, 1],
  [7, 5, 3],
  [33, 9, 4],
  [5, 2, 40],
];
