/** Small images for tests. */
import type { Vec3, Volume, VoxelArray } from '../../src/pipeline/volume.ts';

/** An image with unit spacing at the origin. */
export const imageOf = (data: VoxelArray, size: Vec3 = [data.length, 1, 1]): Volume => ({
  data,
  size,
  dimension: 3,
  spacing: [1, 1, 1],
  origin: [0, 0, 0],
  direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
});
