/** CPU twin of the sums over pairs of voxels: all pairs, in float64. */
import type { Vec3 } from '../../../src/pipeline/volume.ts';

export interface Voxels {
  /** Millimetres. */
  readonly positions: readonly Vec3[];
  readonly values: readonly number[];
}

/** Voxels inside a mask with their positions. */
export function voxelsOf(mask: ArrayLike<number>, values: ArrayLike<number>, size: Vec3, spacing: Vec3): Voxels {
  const positions: Vec3[] = [];
  const inside: number[] = [];
  let k = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, k++) {
        if (!mask[k]) continue;
        positions.push([x * spacing[0], y * spacing[1], z * spacing[2]]);
        inside.push(values[k]!);
      }
    }
  }
  return { positions, values: inside };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Moran's I, Geary's C and the sum of the weights as the reference manual has them. */
export function autocorrelation({ positions, values }: Voxels): { moran: number; geary: number; weight: number } {
  const n = values.length;
  const mu = mean(values);
  let [weights, products, squares] = [0, 0, 0];
  positions.forEach((a, i) => {
    positions.forEach((b, j) => {
      if (i === j) return;
      const w = 1 / Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
      weights += w;
      products += w * (values[i]! - mu) * (values[j]! - mu);
      squares += w * (values[i]! - values[j]!) ** 2;
    });
  });
  const variation = values.reduce((sum, x) => sum + (x - mu) ** 2, 0);
  return {
    moran: ((n / weights) * products) / variation,
    geary: (((n - 1) / (2 * weights)) * squares) / variation,
    weight: weights,
  };
}

/** Distance of the centre of the positions from the centre of the positions weighted by their values. */
export function centreOfMassShift(geometry: Voxels, { positions, values }: Voxels): number {
  const total = values.reduce((a, b) => a + b, 0);
  const shift = [0, 1, 2].map((axis) => {
    const weighted = positions.reduce((sum, p, k) => sum + p[axis]! * values[k]!, 0) / total;
    return mean(geometry.positions.map((p) => p[axis]!)) - weighted;
  });
  return Math.hypot(...shift);
}
