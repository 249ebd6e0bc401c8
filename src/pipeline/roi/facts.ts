/** What PyRadiomics' diagnostics say of a region of a mask. */
import { type Box, boxSize } from '../box.ts';
import type { Vec3 } from '../volume.ts';
import type { Extent } from './extent.ts';

/** A region of a mask, in voxels of the whole mask. */
export interface RegionFacts {
  /** x, y, z of the first voxel, then the size along x, y, z. */
  readonly boundingBox: readonly [number, number, number, number, number, number];
  readonly voxelNum: number;
  /** Number of 26-connected volumes. */
  readonly volumeNum: number;
  readonly centerOfMassIndex: Vec3;
  /** Intensities of the region; PyRadiomics has them for masks it has changed (corrected, resegmented). */
  readonly intensity?: { readonly mean: number; readonly minimum: number; readonly maximum: number };
}

/** Facts of a region from its sums on the GPU, which count from the corner of the pass's box. */
export function regionFacts({ box, voxels, moments }: Extent, { first }: Box, volumeNum: number): RegionFacts {
  const at = (i: 0 | 1 | 2) => box.first[i] + first[i];
  // One division of exact integers, as NumPy's mean of the coordinates.
  const mean = (sum: number, i: 0 | 1 | 2) => (sum + voxels * first[i]) / voxels;
  return {
    boundingBox: [at(0), at(1), at(2), ...boxSize(box)],
    voxelNum: voxels,
    volumeNum,
    centerOfMassIndex: [mean(moments.sx, 0), mean(moments.sy, 1), mean(moments.sz, 2)],
  };
}
