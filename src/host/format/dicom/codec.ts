/**
 * Frames compressed as JPEG, lossless JPEG, JPEG-LS or JPEG 2000: GDCM decodes them (in itk-wasm, on both hosts).
 *
 * It is given a file of its own that holds the frames and how their pixels are stored, and nothing else: many frames cost
 * one call, the values come back as stored, and nothing of the patient is handed on.
 */
import type { VoxelArray } from '../../../pipeline/volume.ts';
import type { ItkImage } from '../itk-wasm.ts';
import { badDicom } from './dataset.ts';
import { join } from './encapsulated.ts';
import { type PixelFormat, frameValues } from './pixels.ts';

/** Reads a DICOM file by GDCM; rejects where it cannot. */
export type GdcmReader = (file: Uint8Array) => Promise<ItkImage>;

/** Transfer syntaxes that GDCM decodes. */
export const compressed = new Set([
  '1.2.840.10008.1.2.4.50', // JPEG baseline
  '1.2.840.10008.1.2.4.51', // JPEG extended
  '1.2.840.10008.1.2.4.57', // JPEG lossless
  '1.2.840.10008.1.2.4.70', // JPEG lossless, first-order prediction
  '1.2.840.10008.1.2.4.80', // JPEG-LS lossless
  '1.2.840.10008.1.2.4.81', // JPEG-LS near-lossless
  '1.2.840.10008.1.2.4.90', // JPEG 2000 lossless
  '1.2.840.10008.1.2.4.91', // JPEG 2000
]);
export const rleLossless = '1.2.840.10008.1.2.5';

/** Multi-frame greyscale and true colour secondary capture: frames without further meaning. */
const sopClasses = {
  uint8: '1.2.840.10008.5.1.4.1.1.7.2',
  uint16: '1.2.840.10008.5.1.4.1.1.7.3',
  colour: '1.2.840.10008.5.1.4.1.1.7.4',
} as const;

/** Pixels that a compressed byte can stand for, beyond an image of the first number: what a damaged header claims is not allocated. */
const smallest = 2 ** 26;
const pixelsPerByte = 4096;
/** Values decoded in one call: its results lie in memory at once. */
const valuesPerCall = 2 ** 26;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** An explicit little-endian element; texts are padded by zero, which suits UIDs, or by a space. */
function element(group: number, number: number, vr: string, value: string | number | Uint8Array): Uint8Array {
  let bytes: Uint8Array;
  if (typeof value === 'number') bytes = new Uint8Array(Uint16Array.of(value).buffer);
  else if (typeof value === 'string')
    bytes = ascii(value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' '));
  else bytes = value;
  const long = vr === 'OB';
  const out = new Uint8Array((long ? 12 : 8) + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, group, true);
  view.setUint16(2, number, true);
  out.set(ascii(vr), 4);
  if (long) view.setUint32(8, bytes.length, true);
  else view.setUint16(6, bytes.length, true);
  out.set(bytes, long ? 12 : 8);
  return out;
}

/** A sequence item's or delimiter's tag and length. */
function item(number: number, length: number): Uint8Array {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint16(0, 0xfffe, true);
  view.setUint16(2, number, true);
  view.setUint32(4, length, true);
  return out;
}

/** A file with nothing but compressed frames. */
function frameFile(frames: readonly Uint8Array[], format: PixelFormat, transferSyntax: string): Uint8Array {
  const sopClass = format.samples === 3 ? sopClasses.colour : sopClasses[format.type === 'uint8' ? 'uint8' : 'uint16'];
  const instance = '2.25.1';
  const meta = [
    element(2, 1, 'OB', Uint8Array.of(0, 1)),
    element(2, 2, 'UI', sopClass),
    element(2, 3, 'UI', instance),
    element(2, 0x10, 'UI', transferSyntax),
  ];
  const metaLength = meta.reduce((sum, { length }) => sum + length, 0);
  const groupLength = element(2, 0, 'UL', new Uint8Array(Uint32Array.of(metaLength).buffer));
  const colour = format.samples === 3 ? [element(0x28, 6, 'US', Number(format.planar))] : [];
  // Undefined length, an empty offset table, one fragment for each frame.
  const pixels = element(0x7fe0, 0x10, 'OB', new Uint8Array(0));
  pixels.fill(0xff, 8, 12);
  return join([
    new Uint8Array(128),
    ascii('DICM'),
    groupLength,
    ...meta,
    element(8, 0x16, 'UI', sopClass),
    element(8, 0x18, 'UI', instance),
    element(8, 0x60, 'CS', 'OT'),
    element(0x28, 2, 'US', format.samples),
    element(0x28, 4, 'CS', format.samples === 3 ? 'RGB' : 'MONOCHROME2'),
    ...colour,
    element(0x28, 8, 'IS', String(frames.length)),
    element(0x28, 0x10, 'US', format.rows),
    element(0x28, 0x11, 'US', format.columns),
    element(0x28, 0x100, 'US', format.bitsAllocated),
    element(0x28, 0x101, 'US', format.bitsStored),
    element(0x28, 0x102, 'US', format.highBit),
    element(0x28, 0x103, 'US', Number(format.signed)),
    pixels,
    item(0xe000, 0),
    ...frames.flatMap((frame) => [
      item(0xe000, frame.length + (frame.length % 2)),
      frame,
      new Uint8Array(frame.length % 2),
    ]),
    item(0xe0dd, 0),
  ]);
}

/** Frames that fit into one call. */
export const framesPerCall = (format: PixelFormat): number =>
  Math.max(1, Math.floor(valuesPerCall / frameValues(format)));

/**
 * Decodes frames that are stored alike; at most `framesPerCall` of them.
 * @param names of the files, for messages: one or many
 * @returns their stored values, frame after frame, colours side by side
 * @throws PipelineError BadDicom
 */
export async function decodeFrames(
  frames: readonly Uint8Array[],
  format: PixelFormat,
  transferSyntax: string,
  gdcm: GdcmReader,
  names: string,
): Promise<VoxelArray> {
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  const count = frames.length * frameValues(format);
  if (count > smallest + bytes * pixelsPerByte) {
    throw badDicom(
      names,
      `expected compressed data of ${count} values, found ${bytes} bytes, too few; export the file again`,
    );
  }
  let image: ItkImage;
  try {
    image = await gdcm(frameFile(frames, format, transferSyntax));
  } catch {
    throw undecodable(names, 'data that GDCM cannot decode');
  }
  const { data } = image;
  if (!ArrayBuffer.isView(data) || (data as unknown as VoxelArray).length !== count) {
    throw undecodable(names, 'frames of another size');
  }
  return data as unknown as VoxelArray;
}

const undecodable = (names: string, found: string) =>
  badDicom(
    names,
    `expected compressed frames as the header describes them, found ${found}; the file is damaged, copy or export it again`,
  );
