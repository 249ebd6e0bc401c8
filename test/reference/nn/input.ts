/** CPU twin of the input of a network: every voxel by itself, in float64. */
import type { Vec3 } from '../../../src/pipeline/volume.ts';

export interface TwinCrop {
  readonly data: ArrayLike<number>;
  /** Voxels of the image along x, y, z. */
  readonly size: Vec3;
  /** First and last voxel of the crop along x, y, z. */
  readonly first: Vec3;
  readonly last: Vec3;
  /** Whether a voxel of the image is in the region. */
  readonly inside: (x: number, y: number, z: number) => boolean;
}

export interface TwinOptions {
  /** Depth, height, width. */
  readonly size: Vec3;
  readonly zscore: 'crop' | 'mask' | 'positive' | null;
  readonly masked: boolean;
  /** Of a background voxel, by its index in the sample; null without noise. */
  readonly noise: ((index: number) => number) | null;
}

/** Where the k-th of n cells over a line of m voxels has its centre, in voxels of the line. */
const centre = (k: number, n: number, m: number): number => ((k + 0.5) * m) / n - 0.5;

/** The two samples round a position, those at the ends repeated, with their weights. */
function pair(position: number, m: number): readonly (readonly [number, number])[] {
  const low = Math.floor(position);
  const at = (k: number) => Math.min(Math.max(k, 0), m - 1);
  return [
    [at(low), 1 - (position - low)],
    [at(low + 1), position - low],
  ];
}

/** Mean and standard deviation (population) by two passes. */
function moments(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, sd: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
}

/** The input, width fastest. */
export function prepare({ data, size, first, last, inside }: TwinCrop, options: TwinOptions): Float64Array {
  const [depth, height, width] = options.size;
  const extent = [0, 1, 2].map((a) => last[a]! - first[a]! + 1) as [number, number, number];
  const value = (x: number, y: number, z: number) =>
    data[x + first[0] + size[0] * (y + first[1] + size[1] * (z + first[2]))]!;
  const isInside = (x: number, y: number, z: number) => inside(x + first[0], y + first[1], z + first[2]);
  const measured: number[] = [];
  for (let z = 0; z < extent[2]; z++)
    for (let y = 0; y < extent[1]; y++)
      for (let x = 0; x < extent[0]; x++) {
        const v = value(x, y, z);
        const counts = { crop: true, mask: isInside(x, y, z), positive: v > 0 }[options.zscore ?? 'crop'];
        if (counts) measured.push(v);
      }
  const { mean, sd } = options.zscore === null ? { mean: 0, sd: 1 } : moments(measured);
  const nearest = (position: number, m: number) => Math.min(Math.max(Math.floor(position + 0.5), 0), m - 1);
  const made = new Float64Array(depth * height * width);
  for (let i = 0; i < made.length; i++) {
    const x = centre(i % width, width, extent[0]);
    const y = centre(Math.floor(i / width) % height, height, extent[1]);
    const z = centre(Math.floor(i / (width * height)), depth, extent[2]);
    let sum = 0;
    for (const [c, wz] of pair(z, extent[2]))
      for (const [b, wy] of pair(y, extent[1]))
        for (const [a, wx] of pair(x, extent[0])) sum += wx * wy * wz * value(a, b, c);
    const outside = options.masked && !isInside(nearest(x, extent[0]), nearest(y, extent[1]), nearest(z, extent[2]));
    const background = outside || (options.noise !== null && sum === 0);
    made[i] = background ? (options.noise?.(i) ?? 0) : (sum - mean) / sd;
  }
  return made;
}
