/** Pixel data: how values are stored (PS3.3 C.7.6.3), and from stored values to those of the image. */
import type { VoxelArray } from '../../../pipeline/volume.ts';
import type { PixelType } from '../decoded.ts';
import { readValues } from '../voxels.ts';
import { badDicom, type Dataset } from './dataset.ts';
import { explicitBig } from './meta.ts';
import { tags } from './tags.ts';

/** How a file stores its pixels. */
export interface PixelFormat {
  readonly rows: number;
  readonly columns: number;
  /** Values per pixel: 1, or 3 for RGB. */
  readonly samples: 1 | 3;
  /** Samples of a colour lie in planes of their own. */
  readonly planar: boolean;
  readonly type: 'uint8' | 'uint16' | 'uint32' | 'float32' | 'float64';
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** MONOCHROME1: low values are shown white. */
  readonly inverted: boolean;
  /** Element that holds the pixels. */
  readonly tag: string;
}

const integers = { 8: 'uint8', 16: 'uint16', 32: 'uint32' } as const;

/** Whether the header describes pixels at all. */
export const describesPixels = (dataset: Dataset): boolean => dataset.has(tags.rows) && dataset.has(tags.columns);

function positive(dataset: Dataset, tag: string, what: string, missing?: number): number {
  const value = dataset.integer(tag) ?? missing;
  if (value !== undefined && value > 0) return value;
  throw badDicom(
    dataset.name,
    `expected a positive number of ${what}, found ${value ?? 'none'}; export the file again`,
  );
}

function photometry(dataset: Dataset): { samples: 1 | 3; inverted: boolean } {
  const samples = dataset.integer(tags.samplesPerPixel) ?? 1;
  const photometric = dataset.string(tags.photometricInterpretation) || 'MONOCHROME2';
  if (samples === 1 && /^MONOCHROME[12]$/.test(photometric))
    return { samples, inverted: photometric === 'MONOCHROME1' };
  if (samples === 3 && photometric === 'RGB') return { samples, inverted: false };
  const shown = /^[A-Z0-9_ ]{1,16}$/.test(photometric) ? photometric : 'an unknown photometric interpretation';
  throw badDicom(
    dataset.name,
    `expected MONOCHROME1, MONOCHROME2 or RGB pixels, found ${shown} with ${samples} values per pixel; export greyscale images`,
  );
}

/**
 * How the file stores its pixels.
 * @param pixelTag the element found
 * @throws PipelineError BadDicom where the header contradicts itself or the storage is not supported
 */
export function pixelFormat(dataset: Dataset, pixelTag: string): PixelFormat {
  const rows = positive(dataset, tags.rows, 'rows');
  const columns = positive(dataset, tags.columns, 'columns');
  const { samples, inverted } = photometry(dataset);
  const planar = samples > 1 && dataset.integer(tags.planarConfiguration) === 1;
  const base = { rows, columns, samples, planar, inverted, tag: pixelTag };
  if (pixelTag === tags.floatPixels) {
    return { ...base, type: 'float32', bitsAllocated: 32, bitsStored: 32, highBit: 31, signed: true };
  }
  if (pixelTag === tags.doublePixels) {
    return { ...base, type: 'float64', bitsAllocated: 64, bitsStored: 64, highBit: 63, signed: true };
  }
  if (dataset.has(tags.modalityLut)) {
    throw badDicom(
      dataset.name,
      'expected rescale slope and intercept, found a modality lookup table; convert the file',
    );
  }
  const bitsAllocated = positive(dataset, tags.bitsAllocated, 'allocated bits');
  const type = integers[bitsAllocated as 8 | 16 | 32];
  const bitsStored = positive(dataset, tags.bitsStored, 'stored bits', bitsAllocated);
  const highBit = dataset.integer(tags.highBit) ?? bitsStored - 1;
  if (!type || bitsStored > bitsAllocated || highBit < bitsStored - 1 || highBit >= bitsAllocated) {
    throw badDicom(
      dataset.name,
      `expected 8, 16 or 32 bits per value, found ${bitsAllocated} allocated, ${bitsStored} stored and high bit ${highBit}; export the file again`,
    );
  }
  const signed = dataset.integer(tags.pixelRepresentation) === 1;
  return { ...base, type, bitsAllocated, bitsStored, highBit, signed };
}

/** Values of one frame. */
export const frameValues = ({ rows, columns, samples }: PixelFormat): number => rows * columns * samples;

export const frameBytes = (format: PixelFormat): number => (frameValues(format) * format.bitsAllocated) / 8;

/** The stored values of a frame of native pixel data: a view of the file where alignment and byte order allow it. */
export function nativeFrame(dataset: Dataset, format: PixelFormat, frame: number): VoxelArray {
  const bytes = dataset.bytes(format.tag) as Uint8Array;
  const needed = frameBytes(format);
  if (bytes.length < (frame + 1) * needed) {
    throw badDicom(
      dataset.name,
      `expected ${needed} bytes for frame ${frame + 1}, found ${Math.max(0, bytes.length - frame * needed)}; the file is cut off, copy or export it again`,
    );
  }
  const littleEndian = dataset.transferSyntax !== explicitBig;
  return readValues(bytes, frame * needed, frameValues(format), format.type, littleEndian, dataset.name);
}

/** From stored values to those of the image. */
export interface Rescale {
  readonly slope: number;
  readonly intercept: number;
}

/**
 * Writes the values of a frame: the stored bits with their sign, rescaled in float64; colours side by side.
 * @param stored as in the file: bits outside of those stored are ignored
 * @param out receives `frameValues(format)` values from `at` on
 * @param invert turn MONOCHROME1 values round within the stored range
 */
export function writeFrame(
  stored: VoxelArray,
  format: PixelFormat,
  { slope, intercept }: Rescale,
  invert: boolean,
  out: VoxelArray,
  at: number,
): void {
  const count = frameValues(format);
  const { samples } = format;
  const plane = count / samples;
  const indexOf = format.planar ? (i: number) => (i % plane) * samples + Math.floor(i / plane) : undefined;
  const float = format.type === 'float32' || format.type === 'float64';
  const up = 31 - format.highBit;
  const down = 32 - format.bitsStored;
  const flip = invert && format.inverted && !float ? -1 : 0;
  for (let i = 0; i < count; i++) {
    let value = stored[i]!;
    // Left, then right: drops the bits above and below those stored; >> spreads the sign.
    if (!float) value = format.signed ? ((value ^ flip) << up) >> down : ((value ^ flip) << up) >>> down;
    out[at + (indexOf ? indexOf(i) : i)] = value * slope + intercept;
  }
}

const ranges: readonly [PixelType, number, number][] = [
  ['uint8', 0, 255],
  ['int8', -128, 127],
  ['uint16', 0, 65535],
  ['int16', -32768, 32767],
  ['uint32', 0, 2 ** 32 - 1],
  ['int32', -(2 ** 31), 2 ** 31 - 1],
];

/**
 * The narrowest type of all values that frames of one storage type can hold, rescaled: an integer type, or float64 as ITK
 * has it.
 */
export function outputType(frames: Iterable<{ readonly format: PixelFormat; readonly rescale: Rescale }>): PixelType {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { format, rescale } of frames) {
    const { slope, intercept } = rescale;
    const float = format.type === 'float32' || format.type === 'float64';
    if (float && slope === 1 && intercept === 0) return format.type;
    if (float || !Number.isInteger(slope) || !Number.isInteger(intercept)) return 'float64';
    const low = format.signed ? -(2 ** (format.bitsStored - 1)) : 0;
    const ends = [low, low + 2 ** format.bitsStored - 1].map((value) => value * slope + intercept);
    least = Math.min(least, ...ends);
    most = Math.max(most, ...ends);
  }
  return ranges.find(([, from, to]) => least >= from && most <= to)?.[0] ?? 'float64';
}

const arrays = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** An array for the values of an image of that type. */
export const allocate = (type: PixelType, length: number): VoxelArray =>
  new arrays[type as keyof typeof arrays](length);
