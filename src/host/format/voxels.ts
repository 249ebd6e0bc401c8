/** From the bytes of a file to typed arrays. */
import type { VoxelArray } from '../../pipeline/volume.ts';
import { badFile, type PixelType } from './decoded.ts';

const littleEndianHost = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const arrays = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export const bytesPerValue = (type: PixelType): number => arrays[type].BYTES_PER_ELEMENT;

/**
 * The values of a file as a typed array: a view of `bytes` where alignment and byte order allow it, else a copy.
 * 64-bit integers become float64 (rounded to nearest beyond 2^53), as PyRadiomics' `astype('float')` does.
 * @param count values expected from `offset` on
 * @throws PipelineError BadFile where there are fewer
 */
export function readValues(
  bytes: Uint8Array,
  offset: number,
  count: number,
  type: PixelType,
  littleEndian: boolean,
  name: string,
): VoxelArray {
  const width = bytesPerValue(type);
  const length = count * width;
  if (bytes.length - offset < length) {
    throw badFile(
      name,
      `expected ${count} values of type ${type} (${length} bytes), found ${Math.max(0, bytes.length - offset)} bytes; the file is truncated or its header is wrong, export it again`,
    );
  }
  const start = bytes.byteOffset + offset;
  const swap = width > 1 && littleEndian !== littleEndianHost;
  const copy = swap || start % width !== 0;
  // Uint8Array's slice copies; that of Node's Buffer, which `bytes` may be, does not.
  const buffer = copy ? Uint8Array.prototype.slice.call(bytes, offset, offset + length).buffer : bytes.buffer;
  if (swap) swapBytes(new Uint8Array(buffer, 0, length), width);
  const from = copy ? 0 : start;
  if (type === 'int64' || type === 'uint64') return widen(new Uint32Array(buffer, from, count * 2), type === 'int64');
  return new arrays[type](buffer as ArrayBuffer, from, count);
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) {
    for (let a = i, b = i + width - 1; a < b; a++, b--) {
      const byte = bytes[a] as number;
      bytes[a] = bytes[b] as number;
      bytes[b] = byte;
    }
  }
}

/** 64-bit integers in 32-bit halves; high * 2^32 is exact, so the sum is rounded once. */
function widen(halves: Uint32Array, signed: boolean): Float64Array {
  const [low, high] = littleEndianHost ? [0, 1] : [1, 0];
  const values = new Float64Array(halves.length / 2);
  for (let i = 0; i < values.length; i++) {
    const top = halves[2 * i + high] as number;
    values[i] = (signed ? top | 0 : top) * 2 ** 32 + (halves[2 * i + low] as number);
  }
  return values;
}

/** 64-bit integers as itk-wasm returns them, as float64. */
export function widenBig(values: BigInt64Array | BigUint64Array): Float64Array {
  return widen(new Uint32Array(values.buffer, values.byteOffset, values.length * 2), values instanceof BigInt64Array);
}
