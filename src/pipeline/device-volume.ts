/** Images on the GPU: what the preprocessing stages pass on without reading voxels back. */
import { type BufferRef, type Download, type Engine, Recording, type Results } from '../engine/index.ts';
import { type Box, boxSize, forEachRow } from './box.ts';
import { splitFloat } from './twofold.ts';
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
   * What is missing to the values of a float64 computation: a float32 per voxel to be added, at most half a unit in the
   * last place. Null where the voxels are all there is. Kept like them.
   */
  readonly tails: BufferRef | null;
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

/** An image of which some voxels may be left out: the grid is the whole image's, the buffers hold a box of it. */
export interface PartialVolume extends DeviceVolume {
  /** Voxels that are there. Default: all. */
  readonly covers?: Box;
}

/** Number of voxels of a grid. */
export const voxelCount = ({ size }: Pick<Geometry, 'size'>): number => size[0] * size[1] * size[2];

/** The grid of an image without its voxels. */
export const gridOf = ({ dimension, size, spacing, origin, direction }: Geometry): Geometry => ({
  dimension,
  size,
  spacing,
  origin,
  direction,
});

/** The buffers of an image, to be given back. */
export const buffersOf = ({ voxels, tails }: DeviceVolume): BufferRef[] => (tails ? [voxels, tails] : [voxels]);

export interface UploadOptions {
  /** Keep what float32 loses of float64 voxels in `tails`. Default false: they are rounded. */
  readonly exact?: boolean;
}

/** What float32 loses of each value; null where it loses nothing. */
function lostTails(data: VoxelArray): Float32Array<ArrayBuffer> | null {
  if (!(data instanceof Float64Array) || data.every((v) => Math.fround(v) === v || !Number.isFinite(v))) return null;
  return Float32Array.from(data, (v) => splitFloat(v)[1]);
}

/**
 * Uploads an image as float32 and keeps it. Integers beyond 2^24 are rounded to the nearest float32, and so is float64
 * unless `exact` is asked for.
 * @param rec takes the upload; the image is on the GPU once it has run
 */
export function uploadVolume(rec: Recording, volume: Volume, { exact = false }: UploadOptions = {}): DeviceVolume {
  const { data } = volume;
  const voxels = rec.upload('volume.voxels', data instanceof Float32Array ? data : new Float32Array(data));
  const lost = exact ? lostTails(data) : null;
  const tails = lost && rec.keep(rec.upload('volume.tails', lost));
  return { ...gridOf(volume), voxels: rec.keep(voxels), tails, type: typeOf(data) };
}

/** The voxels of a box of an image in memory, x fastest. */
export function voxelsOfBox({ data, size: whole }: Volume, box: Box): VoxelArray {
  const size = boxSize(box);
  const part = new (data.constructor as new (length: number) => VoxelArray)(size[0] * size[1] * size[2]);
  forEachRow(whole, box, { size, pad: 0 }, (from, to) => part.set(data.subarray(from, from + size[0]), to));
  return part;
}

/** Brings a box of an image to the GPU in a submit of its own. */
export async function partToDevice(
  engine: Engine,
  volume: Volume,
  covers: Box,
  options: UploadOptions = { exact: true },
): Promise<PartialVolume> {
  return { ...(await toDevice(engine, { ...volume, data: voxelsOfBox(volume, covers) }, options)), covers };
}

/** Voxels on their way back. */
export interface VolumeDownload {
  readonly voxels: Download;
  readonly tails: Download | null;
}

/** Asks for the voxels of an image; `volumeOf` turns the answer into a `Volume`. */
export const downloadVolume = (rec: Recording, { voxels, tails }: DeviceVolume): VolumeDownload => ({
  voxels: rec.download(voxels),
  tails: tails && rec.download(tails),
});

function floatsOf(results: Results, download: Download): Float32Array {
  const words = results.u32(download);
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

/** The downloaded image, with voxels of its own type; float64 without tails comes back as float32: that is all there is. */
export function volumeOf(results: Results, { voxels, tails }: VolumeDownload, volume: DeviceVolume): Volume {
  const values = floatsOf(results, voxels);
  const { type } = volume;
  if (tails) {
    const rest = floatsOf(results, tails);
    return { ...gridOf(volume), data: Float64Array.from(values, (v, i) => v + rest[i]!) };
  }
  const data = type === 'float32' || type === 'float64' ? values : new arrayTypes[type](values);
  return { ...gridOf(volume), data };
}

/** Brings an image to the GPU in a submit of its own. */
export async function toDevice(engine: Engine, volume: Volume, options: UploadOptions = {}): Promise<DeviceVolume> {
  const rec = new Recording('volume/upload');
  const device = uploadVolume(rec, volume, options);
  await engine.execute(rec);
  return device;
}

/** Reads an image back in a submit of its own. */
export async function fromDevice(engine: Engine, volume: DeviceVolume): Promise<Volume> {
  const rec = new Recording('volume/download');
  const download = downloadVolume(rec, volume);
  return volumeOf(await engine.execute(rec), download, volume);
}
