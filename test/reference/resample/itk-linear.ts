/** CPU twin of linear interpolation in ITK's order of operations, in which rounding decides what integers are cut off to. */
import { gridToGrid } from '../../../src/pipeline/geometry.ts';
import type { Geometry } from '../../../src/pipeline/volume.ts';
import type { Samples } from './interpolate.ts';

/**
 * The float64 values of an image on a grid.
 * Positions: itkResampleImageFilter.hxx, LinearThreadedGenerateData. Values: itkLinearInterpolateImageFunction.h.
 * @param outside value beyond the image
 */
export function itkLinear(image: Samples, grid: Geometry, outside: number): Float64Array {
  const toImage = gridToGrid(grid, image);
  const [nx, ny, nz] = grid.size;
  const found = new Float64Array(nx * ny * nz);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const start = toImage([0, y, z]);
      const end = toImage([nx, y, z]);
      for (let x = 0; x < nx; x++) {
        const position = start.map((s, i) => s + (x / nx) * (end[i]! - s));
        if (image.dimension === 2) position.push(z);
        const inside = position.every((p, i) => p >= -0.5 && p < image.size[i]! - 0.5);
        found[x + nx * (y + ny * z)] = inside ? valueAt(image, position) : outside;
      }
    }
  }
  return found;
}

function valueAt({ size, data }: Samples, position: readonly number[]): number {
  const low = position.map((p) => Math.max(Math.floor(p), 0));
  // Before the first sample and beyond the last ITK leaves the axis out, as equal samples do.
  const distance = position.map((p, i) => Math.max(p - low[i]!, 0));
  const sample = (a: number, b: number, c: number) => {
    const [i, j, k] = [a, b, c].map((step, axis) => Math.min(low[axis]! + step, size[axis]! - 1)) as [
      number,
      number,
      number,
    ];
    return data[i + size[0] * (j + size[1] * k)]!;
  };
  const blend = (u: number, v: number, axis: number) => u + (v - u) * distance[axis]!;
  const alongX = (b: number, c: number) => blend(sample(0, b, c), sample(1, b, c), 0);
  const inPlane = (c: number) => blend(alongX(0, c), alongX(1, c), 1);
  return blend(inPlane(0), inPlane(1), 2);
}
