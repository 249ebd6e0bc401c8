/** The pixels of segmentations: packed bits, fractions, label maps. */
import { readValues } from '../voxels.ts';
import { badDicom, type Dataset } from './dataset.ts';
import { encapsulatedFrames } from './encapsulated.ts';
import { rleLossless } from './codec.ts';
import { frameBytes, frameValues, nativeFrame, pixelFormat } from './pixels.ts';
import { decodeRle } from './rle.ts';
import { tags } from './tags.ts';

/** Calls `set` with the number of every pixel of a frame that is not 0, and its value. */
export type FrameReader = (frame: number, set: (pixel: number, value: number) => void) => void;

function forEachValue(values: ArrayLike<number>, set: (pixel: number, value: number) => void): void {
  for (let i = 0; i < values.length; i++) if (values[i]! !== 0) set(i, values[i]!);
}

/** Bits lie least significant first; frames follow each other without padding. */
function bitReader(dataset: Dataset, pixels: number, frames: number): FrameReader {
  const bytes = dataset.bytes(tags.pixels)!;
  const needed = Math.ceil((pixels * frames) / 8);
  if (bytes.length < needed) {
    throw badDicom(
      dataset.name,
      `expected ${needed} bytes for ${frames} frames of ${pixels} bits, found ${bytes.length}; the file is cut off, copy or export it again`,
    );
  }
  return (frame, set) => {
    const skipped = (frame * pixels) % 8;
    const start = (frame * pixels - skipped) / 8;
    for (let bit = skipped; bit < skipped + pixels; ) {
      const byte = bytes[start + (bit >> 3)]! >> (bit & 7);
      // Most bytes are empty.
      if (byte === 0) bit += 8 - (bit & 7);
      else {
        if (byte & 1) set(bit - skipped, 1);
        bit++;
      }
    }
  };
}

/**
 * How to read the frames of a segmentation: 1 bit per pixel, or 8 or 16, uncompressed or RLE.
 * @throws PipelineError BadDicom where the pixels are stored otherwise or missing
 */
export function frameReader(dataset: Dataset, rows: number, columns: number, frames: number): FrameReader {
  if (!dataset.has(tags.pixels) && !dataset.fragments(tags.pixels)) {
    throw badDicom(dataset.name, 'expected the pixels of a segmentation, found none; export the file again');
  }
  const bits = dataset.integer(tags.bitsAllocated);
  const fragments = dataset.fragments(tags.pixels);
  if (bits === 1 && !fragments) return bitReader(dataset, rows * columns, frames);
  const format = bits === 8 || bits === 16 ? pixelFormat(dataset, tags.pixels) : undefined;
  if (format?.samples !== 1 || (fragments && dataset.transferSyntax !== rleLossless)) {
    throw badDicom(
      dataset.name,
      `expected a segmentation of 1, 8 or 16 bits per pixel, uncompressed or RLE, found ${bits ?? 'no number of'} bits and transfer syntax ${dataset.transferSyntax}; convert the file to explicit VR little endian`,
    );
  }
  if (!fragments) return (frame, set) => forEachValue(nativeFrame(dataset, format, frame), set);
  const packed = encapsulatedFrames(dataset, tags.pixels, frames);
  const width = frameBytes(format) / frameValues(format);
  return (frame, set) => {
    const bytes = decodeRle(packed[frame]!, frameValues(format), 1, width, dataset.name);
    const values = readValues(bytes, 0, frameValues(format), format.type, true, dataset.name);
    forEachValue(values, set);
  };
}
