/** Images on the GPU: what the preprocessing stages pass on without reading voxels back. */
import { type BufferRef, type Download, type Engine, Recording, type Results } from '../engine/index.ts';
import type { Geometry, Volume, VoxelArray } from './volume.ts';

const arrayTypes = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Type of the voxels in memory, by ITK's component names. */
export type VoxelType = keyof typeof arrayTypes;

/** A scalar image on the GPU. */
export interface DeviceVolume extends Geometry {
  /** One float32 per voxel, x fastest. Kept; its owner gives it back with `engine.release`. */
  readonly voxels: BufferRef;
  /**
   * Type that the values stand for: they are whole numbers inside its range where it is an integer type. Stages that
   * make fractions (N4, normalisation) return float32; resampling keeps the type, as ITK does.
   */
  readonly type: VoxelType;
}

/** The type of an array of voxels. */
export function typeOf(data: VoxelArray): VoxelType {
  return (Object.keys(arrayTypes) as VoxelType[]).find((type) => data instanceof arrayTypes[type]) as VoxelType;
}

/** Whether values of a type are whole numbers. */
export const isIntegerType = (type: VoxelType): boolean => !type.startsWith('float');

/** Number of voxels of a grid. */
export const voxelCount = ({ size }: Geometry): number => size[0] * size[1] * size[2];

/** The grid of an image without its voxels. */
export const gridOf = ({ dimension, size, spacing, origin, direction }: Geometry): Geometry => ({
  dimension,
  size,
  spacing,
  origin,
  direction,
});

/**
 * Uploads an image as float32 and keeps it. Integers beyond 2^24 and float64 are rounded to the nearest float32.
 * @param rec takes the upload; the image is on the GPU once it has run
 */
export function uploadVolume(rec: Recording, volume: Volume): DeviceVolume {
  const { data } = volume;
  const voxels = rec.upload('volume.voxels', data instanceof Float32Array ? data : new Float32Array(data));
  return { ...gridOf(volume), voxels: rec.keep(voxels), type: typeOf(data) };
}

/** Asks for the voxels of an image; `volumeOf` turns the answer into a `Volume`. */
export const downloadVolume = (rec: Recording, { voxels }: DeviceVolume): Download => rec.download(voxels);

/** The downloaded image, with voxels of its own type; float64 comes back as float32, which is all that there is. */
export function volumeOf(results: Results, download: Download, volume: DeviceVolume): Volume {
  const words = results.u32(download);
  const values = new Float32Array(words.buffer, words.byteOffset, words.length);
  const { type } = volume;
  const data = type === 'float32' || type === 'float64' ? values : new arrayTypes[type](values);
  return { ...gridOf(volume), data };
}

/** Brings an image to the GPU in a submit of its own. */
export async function toDevice(engine: Engine, volume: Volume): Promise<DeviceVolume> {
  const rec = new Recording('volume/upload');
  const device = uploadVolume(rec, volume);
  await engine.execute(rec);
  return device;
}

/** Reads an image back in a submit of its own. */
export async function fromDevice(engine: Engine, volume: DeviceVolume): Promise<Volume> {
  const rec = new Recording('volume/download');
  const download = downloadVolume(rec, volume);
  return volumeOf(await engine.execute(rec), download, volume);
}
