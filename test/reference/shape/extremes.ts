/** CPU twin of shape/extremes: all mesh vertices, the ends of the lines through them, and diameters by all pairs. */
import type { Diameters, Extremes } from '../../../src/pipeline/shape/diameter.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';
import { paddedMask } from './mesh.ts';

/** Midpoints of all grid edges between a voxel inside and one outside, in doubled coordinates of the padded box. */
export function vertices(mask: Uint8Array, size: Vec3): Vec3[] {
  const inside = paddedMask(mask, size);
  const found: Vec3[] = [];
  for (let z = 0; z <= size[2] + 1; z++) {
    for (let y = 0; y <= size[1] + 1; y++) {
      for (let x = 0; x <= size[0] + 1; x++) {
        const here = inside(x, y, z);
        if (here !== inside(x + 1, y, z)) found.push([2 * x + 1, 2 * y, 2 * z]);
        if (here !== inside(x, y + 1, z)) found.push([2 * x, 2 * y + 1, 2 * z]);
        if (here !== inside(x, y, z + 1)) found.push([2 * x, 2 * y, 2 * z + 1]);
      }
    }
  }
  return found;
}

export function extremes(mask: Uint8Array, size: Vec3): Extremes {
  const [nx, ny, nz] = size.map((n) => 2 * (n + 2)) as unknown as Vec3;
  const table = (length: number) => ({ min: new Int32Array(length).fill(-1), max: new Int32Array(length).fill(-1) });
  const alongX = table(ny * nz);
  const alongY = table(nx * nz);
  const enter = ({ min, max }: typeof alongX, line: number, at: number) => {
    min[line] = min[line] === -1 ? at : Math.min(min[line]!, at);
    max[line] = Math.max(max[line]!, at);
  };
  for (const [x, y, z] of vertices(mask, size)) {
    enter(alongX, y + ny * z, x);
    enter(alongY, x + nx * z, y);
  }
  return { size: [nx, ny, nz], alongX, alongY };
}

/** As calculate_meshDiameter in cshape.c: all pairs. */
export function diametersByPairs(mask: Uint8Array, size: Vec3, spacing: Vec3): Diameters {
  const points = vertices(mask, size).map((v) => v.map((at, axis) => (at / 2) * spacing[axis]!) as unknown as Vec3);
  let [maximum3D, slice, column, row] = [0, 0, 0, 0];
  points.forEach((a, i) => {
    for (let j = 0; j < i; j++) {
      const b = points[j]!;
      const squared = (a[2] - b[2]) ** 2 + (a[1] - b[1]) ** 2 + (a[0] - b[0]) ** 2;
      if (a[2] === b[2]) slice = Math.max(slice, squared);
      if (a[1] === b[1]) column = Math.max(column, squared);
      if (a[0] === b[0]) row = Math.max(row, squared);
      maximum3D = Math.max(maximum3D, squared);
    }
  });
  return { maximum3D: Math.sqrt(maximum3D), slice: Math.sqrt(slice), column: Math.sqrt(column), row: Math.sqrt(row) };
}
