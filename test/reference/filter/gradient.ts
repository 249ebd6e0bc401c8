/** CPU twin of filter/gradient: itkGradientMagnitudeImageFilter.hxx in float64. */
import type { Volume } from '../../../src/pipeline/volume.ts';

export function gradient({ data, size, spacing }: Volume, useSpacing: boolean): Float32Array {
  const [nx, ny, nz] = size;
  const at = (p: readonly number[]) => {
    const [x, y, z] = p.map((i, axis) => Math.min(Math.max(i, 0), size[axis]! - 1)) as [number, number, number];
    return data[x + nx * (y + ny * z)]!;
  };
  return Float32Array.from({ length: nx * ny * nz }, (_, k) => {
    const p = [k % nx, Math.floor(k / nx) % ny, Math.floor(k / nx / ny)];
    let sum = 0;
    for (let axis = 0; axis < 3; axis++) {
      const step = (by: number) => at(p.map((i, a) => (a === axis ? i + by : i)));
      const weight = 0.5 * (useSpacing ? 1 / spacing[axis]! : 1);
      const slope = -weight * step(-1) + 0 * step(0) + weight * step(1);
      sum += slope * slope;
    }
    return Math.sqrt(sum);
  });
}
