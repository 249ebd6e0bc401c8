/** Twin of the rasteriser: every voxel centre against every edge, in whole numbers. */

/** A contour in voxels of its slice, in 2^-20 voxel: the positions that the rasteriser rounds to. */
export type Polygon = readonly (readonly [number, number])[];

const scale = 2 ** 20;
export const onLattice = (x: number): number => Math.round(x * scale);

/**
 * Whether a voxel centre lies inside an odd number of the contours: crossings of the half-line to the left, edges hold
 * their upper end, crossings at the centre count.
 */
export function isInside(polygons: readonly Polygon[], x: number, y: number): boolean {
  const [px, py] = [BigInt(x * scale), BigInt(y * scale)];
  let crossings = 0;
  for (const polygon of polygons) {
    for (const [i, end] of polygon.entries()) {
      const start = polygon.at(i - 1)!;
      const [[ax, ay], [bx, by]] = (start[1] <= end[1] ? [start, end] : [end, start]).map(([u, v]) => [
        BigInt(u),
        BigInt(v),
      ]) as [[bigint, bigint], [bigint, bigint]];
      if (ay <= py && py < by && (bx - ax) * (py - ay) <= (px - ax) * (by - ay)) crossings++;
    }
  }
  return crossings % 2 === 1;
}

/** A slice of a mask, x fastest. */
export function rasterise(polygons: readonly Polygon[], nx: number, ny: number): Uint8Array {
  return Uint8Array.from({ length: nx * ny }, (_, i) => Number(isInside(polygons, i % nx, Math.floor(i / nx))));
}
