/** CPU twin of firstorder/peak: for each voxel of a region all voxels of the image, in the words of the IBSI reference manual (3.2). */
import type { Vec3, Volume } from '../../../src/pipeline/volume.ts';

const positionOf = (i: number, [nx, ny]: Vec3): Vec3 => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];

/** Mean of the finite voxels within 0.62 cm of a voxel. */
function meanAround({ data, size, spacing }: Volume, centre: Vec3): number {
  const radius = 10 * (3 / (4 * Math.PI)) ** (1 / 3);
  let [sum, n] = [0, 0];
  data.forEach((value: number, i: number) => {
    const at = positionOf(i, size);
    const distance = Math.hypot(...at.map((x, axis) => (x - centre[axis]!) * spacing[axis]!));
    if (distance > radius || !Number.isFinite(value)) return;
    sum += value;
    n++;
  });
  return sum / n;
}

/** Local and global intensity peak of the voxels that `inside` tells. */
export function peaksByDefinition(image: Volume, inside: (i: number) => boolean): { local: number; global: number } {
  const voxels = Array.from(image.data, (value, i) => ({ value, i })).filter(({ i }) => inside(i));
  const maximum = Math.max(...voxels.map(({ value }) => value).filter((v) => !Number.isNaN(v)));
  const means = voxels.map(({ value, i }) => ({ value, mean: meanAround(image, positionOf(i, image.size)) }));
  const largest = (list: typeof means) => Math.max(...list.map(({ mean }) => mean));
  return { local: largest(means.filter(({ value }) => value === maximum)), global: largest(means) };
}
