/** Reads image files for tests, independently of the product's readers. */
import { existsSync } from 'node:fs';
import type { Vec3, VoxelArray, Volume } from '../../src/pipeline/volume.ts';

const fill = (values: ArrayLike<number>, rest: number): Vec3 => [
  values[0] as number,
  values[1] as number,
  values[2] ?? rest,
];

/** Cache of files read: many cases share an image. */
const read = new Map<string, Promise<Volume>>();

/** Reads a scalar image or mask. @param path absolute path: itk-wasm takes no other */
export function readVolume(path: string): Promise<Volume> {
  const known = read.get(path);
  if (known) return known;
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  // Loaded only where there are files to read: archives without reference data leave ITK out.
  const file = import('@itk-wasm/image-io').then(({ readImageNode }) => readImageNode(path));
  const volume = file.then((image): Volume => {
    const components = image.imageType.components;
    if (components !== 1) throw new Error(`${path} has ${components} components per voxel`);
    return {
      data: image.data as unknown as VoxelArray,
      dimension: image.imageType.dimension as 2 | 3,
      size: fill(image.size, 1),
      spacing: fill(image.spacing, 1),
      origin: fill(image.origin, 0),
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    };
  });
  read.set(path, volume);
  return volume;
}

/** A region cut out of an image: its binary mask in the tight box and the intensities inside. */
export interface CutRegion {
  readonly mask: Uint8Array;
  readonly size: Vec3;
  readonly values: Float64Array;
}

/** The voxels of a label, in scan order. */
export function cutRegion(image: Volume, mask: Volume, label: number): CutRegion {
  const [nx, ny] = mask.size;
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [-1, -1, -1];
  const inside: number[] = [];
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] !== label) continue;
    inside.push(i);
    [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))].forEach((at, axis) => {
      low[axis] = Math.min(low[axis] as number, at);
      high[axis] = Math.max(high[axis] as number, at);
    });
  }
  const size = low.map((l, axis) => (high[axis] as number) - l + 1) as unknown as Vec3;
  const cut = new Uint8Array(size[0] * size[1] * size[2]);
  for (const i of inside) {
    const [x, y, z] = [(i % nx) - low[0]!, (Math.floor(i / nx) % ny) - low[1]!, Math.floor(i / (nx * ny)) - low[2]!];
    cut[x + size[0] * (y + size[1] * z)] = 1;
  }
  return { mask: cut, size, values: Float64Array.from(inside, (i) => image.data[i] as number) };
}

/** The first time point of a 4D image. @param path absolute path */
export async function firstTimePoint(path: string): Promise<Volume> {
  const { readImageNode } = await import('@itk-wasm/image-io');
  const image = await readImageNode(path);
  const size = fill(image.size, 1);
  return {
    data: (image.data as unknown as Float32Array).slice(0, size[0] * size[1] * size[2]),
    dimension: 3,
    size,
    spacing: fill(image.spacing, 1),
    origin: fill(image.origin, 0),
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
}
