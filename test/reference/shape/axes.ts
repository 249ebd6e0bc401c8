/** CPU twin of the position moments of a region (roi/extent). */
import type { AxisMoments } from '../../../src/pipeline/shape/axes.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';

/** @param mask 1 inside, x fastest; positions count from the mask's first voxel */
export function axisMoments(mask: Uint8Array, [nx, ny, nz]: Vec3): AxisMoments {
  const sums = { n: 0, sx: 0, sy: 0, sz: 0, sxx: 0, syy: 0, szz: 0, sxy: 0, sxz: 0, syz: 0 };
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        if (mask[x + nx * (y + ny * z)] !== 1) continue;
        sums.n++;
        sums.sx += x;
        sums.sy += y;
        sums.sz += z;
        sums.sxx += x * x;
        sums.syy += y * y;
        sums.szz += z * z;
        sums.sxy += x * y;
        sums.sxz += x * z;
        sums.syz += y * z;
      }
    }
  }
  return sums;
}
