/** What the kernels of the feature maps share: a tile of voxels, its scratch memory, and the features wanted of it. */
import type { BufferRef, Recording } from '../../engine/index.ts';
import { linearStep, type PaddedBox } from '../box.ts';
import type { Offset } from '../texture/matrices.ts';
import type { Vec3 } from '../volume.ts';

/** Neighbourhoods of the voxels of a region. */
export interface Kernels {
  readonly box: PaddedBox;
  /** Voxels from the centre to the faces along x, y, z. */
  readonly radius: Vec3;
  readonly cells: BufferRef;
  readonly targets: BufferRef;
  /** Largest grey level of the region. */
  readonly top: number;
}

/** Consecutive voxels of the region. */
export interface Tile {
  readonly first: number;
  readonly length: number;
  /** Voxels that `scratch` has room for. */
  readonly stride: number;
  readonly scratch: BufferRef;
}

/** Number of voxels of a whole neighbourhood. */
export const placesOf = (radius: Vec3): number => radius.reduce((product, r) => product * (2 * r + 1), 1);

/** The params of `shaders/common/map/tile.wgsl`. */
export function tileParams(
  { box, radius, top }: Kernels,
  { first, length, stride }: Tile,
  values: { features: number; needs: number; offsets: number; option: number },
) {
  const step_y = linearStep(box, [0, 1, 0]);
  const step_z = linearStep(box, [0, 0, 1]);
  return { length, first, stride, top, radius, step_y, step_z, ...values };
}

/** Offsets with their linear steps, four words each; never empty, so that there is something to bind. */
export function uploadOffsets(rec: Recording, box: PaddedBox, offsets: readonly Offset[]): BufferRef {
  const words = offsets.flatMap((o) => [...o, linearStep(box, o)]);
  return rec.upload('map/tile.offsets', Int32Array.from(words.length > 0 ? words : [0, 0, 0, 0]));
}

export const uploadWanted = (rec: Recording, wanted: readonly number[]): BufferRef =>
  rec.upload('map/tile.wanted', Uint32Array.from(wanted));

/** The values of a tile: those of all voxels for the first wanted feature, then the second, and so on. */
export const tileOutput = (rec: Recording, { length }: Tile, wanted: readonly number[]): BufferRef =>
  rec.buffer('map/tile.output', wanted.length * length * 4);
