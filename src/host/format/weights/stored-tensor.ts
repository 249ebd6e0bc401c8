/** Tensors as they lie in a file: decoded when they are used. */

/** Element types, with their width in bytes. */
const widths = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
} as const;

export type DType = keyof typeof widths;

export const widthOf = (dtype: DType): number => widths[dtype];

/** Whether a tensor of this type can hold weights. */
export const isFloat = (dtype: DType): boolean => dtype.includes('float');

export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The values in C order as float32; a view of the file where it holds them so. */
  values(): Float32Array;
}

/** Number of values of a shape; NaN where it exceeds what a number holds exactly. */
export function sizeOf(shape: readonly number[]): number {
  const size = shape.reduce((product, n) => product * n, 1);
  return Number.isSafeInteger(size) ? size : Number.NaN;
}

/** A float16 number from its 16 bits (IEEE 754 binary16). */
function fromHalf(bits: number): number {
  const [exponent, fraction] = [(bits >>> 10) & 31, bits & 1023];
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** All 65536 numbers of float16, so that decoding is a look-up. */
let halves: Float32Array | undefined;
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => fromHalf(bits));
  return halves;
}

/** A typed view of bytes; of a copy where they do not begin at a multiple of the element's width. */
function viewOf<T>(
  bytes: Uint8Array,
  Type: { new (buffer: ArrayBufferLike, at: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const aligned = bytes.byteOffset % Type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new Type(aligned.buffer, aligned.byteOffset, aligned.byteLength / Type.BYTES_PER_ELEMENT);
}

/**
 * Values of a whole number of elements, little-endian, as float32. Wide integers are rounded.
 * A view of `bytes` where they are float32 and begin at a multiple of four.
 */
export function decodeValues(bytes: Uint8Array, dtype: DType): Float32Array {
  switch (dtype) {
    case 'float32':
      return viewOf(bytes, Float32Array);
    case 'float64':
      return Float32Array.from(viewOf(bytes, Float64Array));
    case 'float16': {
      const [bits, table] = [viewOf(bytes, Uint16Array), halfTable()];
      const out = new Float32Array(bits.length);
      for (let i = 0; i < out.length; i++) out[i] = table[bits[i]!]!;
      return out;
    }
    case 'bfloat16': {
      // The upper half of a float32.
      const bits = viewOf(bytes, Uint16Array);
      const out = new Uint32Array(bits.length);
      for (let i = 0; i < out.length; i++) out[i] = bits[i]! << 16;
      return new Float32Array(out.buffer);
    }
    case 'int64':
      return Float32Array.from(viewOf(bytes, BigInt64Array), Number);
    case 'int32':
      return Float32Array.from(viewOf(bytes, Int32Array));
    case 'int16':
      return Float32Array.from(viewOf(bytes, Int16Array));
    case 'int8':
      return Float32Array.from(viewOf(bytes, Int8Array));
    case 'uint8':
    case 'bool':
      return Float32Array.from(bytes);
  }
}

/** Values of a strided tensor in C order. @param stride in elements, per axis */
export function gatherStrided(
  source: Float32Array,
  offset: number,
  shape: readonly number[],
  stride: readonly number[],
): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = source[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += stride[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= stride[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
