/** Marching squares of a plane mask directly, to check the squares that shape2D takes from the 3D configurations. */
import type { SquareCounts } from '../../../src/pipeline/shape/mesh2d.ts';

const corners = [
  [0, 0],
  [0, 1],
  [1, 1],
  [1, 0],
] as const;

/** @param mask 1 inside, columns fastest */
export function planeSquares(mask: Uint8Array, rows: number, columns: number): SquareCounts {
  const inside = (r: number, c: number) =>
    r > 0 && c > 0 && r <= rows && c <= columns && mask[c - 1 + columns * (r - 1)] === 1;
  const counts = { count: new Float64Array(16), sumRow: new Float64Array(16), sumColumn: new Float64Array(16) };
  for (let r = 0; r <= rows; r++) {
    for (let c = 0; c <= columns; c++) {
      let square = 0;
      corners.forEach(([dr, dc], k) => {
        if (inside(r + dr, c + dc)) square |= 1 << k;
      });
      if (square === 0 || square === 15) continue;
      counts.count[square]! += 1;
      counts.sumRow[square]! += r;
      counts.sumColumn[square]! += c;
    }
  }
  return counts;
}
