/**
 * Intensities as unsigned keys that keep their order (see shaders/common/key.wgsl): kernels compare keys, never f32
 * values, so minima, levels and thresholds are those of a float64 computation on every device.
 */
import { forEachRow, type PaddedBox } from './box.ts';
import { splitFloat } from './twofold.ts';
import type { VoxelArray, Volume } from './volume.ts';

/**
 * How values map to keys: `int` and `uint` keys of consecutive integers are consecutive. `twofold` are values that
 * kernels computed as the sum of two float32 (see shaders/common/twofold.wgsl).
 */
export type KeyKind = 'int' | 'uint' | 'float32' | 'float64' | 'twofold';

/** Numbers of the kinds in kernels (`KEY_…` of shaders/common/key.wgsl). */
export const keyCodes: Readonly<Record<KeyKind, number>> = { float32: 0, int: 1, uint: 2, twofold: 3, float64: 4 };

/** Words of 32 bits per key (high, low). */
export const keyWords = (kind: KeyKind): 1 | 2 => (kind === 'float64' || kind === 'twofold' ? 2 : 1);

export interface Keys {
  readonly kind: KeyKind;
  /** See `keyWords`. */
  readonly words: 1 | 2;
  /** Keys of the padded box; padding cells hold 0. */
  readonly data: Uint32Array;
}

const INT_ORIGIN = 2 ** 31;
const NAN_WORD = 0xffffffff;

const scratch = new DataView(new ArrayBuffer(8));

/** The key of one value as a word pair (low is 0 for one-word kinds). The value must be representable in the kind. */
export function keyOf(kind: KeyKind, value: number): [high: number, low: number] {
  if (kind === 'int') return [value + INT_ORIGIN, 0];
  if (kind === 'uint') return [value, 0];
  if (Number.isNaN(value)) return [NAN_WORD, keyWords(kind) === 2 ? NAN_WORD : 0];
  if (kind === 'twofold') {
    const [high, low] = splitFloat(value);
    return [keyOf('float32', high)[0], keyOf('float32', low)[0]];
  }
  // Adding zero turns -0 into +0: equal values must have equal keys.
  if (kind === 'float32') {
    scratch.setFloat32(0, value + 0);
    const bits = scratch.getUint32(0);
    return [foldSign(bits, bits), 0];
  }
  scratch.setFloat64(0, value + 0);
  const high = scratch.getUint32(0);
  return [foldSign(high, high), high >>> 31 ? ~scratch.getUint32(4) >>> 0 : scratch.getUint32(4)];
}

const foldSign = (bits: number, sign: number) => (sign >>> 31 ? ~bits : bits | 0x80000000) >>> 0;
const unfoldSign = (bits: number, key: number) => (key >>> 31 ? bits & 0x7fffffff : ~bits) >>> 0;

/** The value of a key. */
export function valueOfKey(kind: KeyKind, high: number, low = 0): number {
  if (kind === 'int') return high - INT_ORIGIN;
  if (kind === 'uint') return high;
  if (high === NAN_WORD) return Number.NaN;
  if (kind === 'twofold') return valueOfKey('float32', high) + valueOfKey('float32', low);
  scratch.setUint32(0, unfoldSign(high, high));
  if (kind === 'float32') return scratch.getFloat32(0);
  scratch.setUint32(4, high >>> 31 ? low : ~low >>> 0);
  return scratch.getFloat64(0);
}

const integerRange: Record<'int' | 'uint', [number, number]> = {
  int: [-INT_ORIGIN, INT_ORIGIN - 1],
  uint: [0, 2 ** 32 - 1],
};

/**
 * The key of the smallest value of the kind that is >= `bound` (`at least`), or of the largest that is <= `bound`
 * (`at most`); null where the kind has no such value. Comparing keys with it decides exactly as comparing values with
 * the float64 `bound` does.
 */
export function boundKey(kind: KeyKind, bound: number, side: 'at least' | 'at most'): [number, number] | null {
  const up = side === 'at least';
  if (kind === 'float64') return keyOf(kind, bound);
  if (kind === 'float32') {
    const near = Math.fround(bound);
    if (near === bound || (up ? near > bound : near < bound)) return keyOf(kind, near);
    const [key] = keyOf(kind, near);
    return [up ? key + 1 : key - 1, 0];
  }
  if (kind === 'twofold') {
    // Rounding keeps the order: values whose high word is the bound's differ from it in the low word.
    const high = Math.fround(bound);
    const rest = Number.isFinite(high) ? boundKey('float32', bound - high, side) : null;
    return [keyOf('float32', high)[0], rest ? rest[0] : keyOf('float32', 0)[0]];
  }
  const value = up ? Math.ceil(bound) : Math.floor(bound);
  const [low, high] = integerRange[kind];
  if (up ? value > high : value < low) return null;
  return keyOf(kind, Math.min(Math.max(value, low), high));
}

function integerKind(data: VoxelArray): 'int' | 'uint' | null {
  if (data instanceof Uint32Array) return 'uint';
  if (data instanceof Float32Array || data instanceof Float64Array) return null;
  return 'int';
}

/** Whether a predicate holds for all voxels of a box. */
function everyVoxel(volume: Volume, { box, size, padded, pad }: PaddedBox, holds: (value: number) => boolean): boolean {
  const { data } = volume;
  let all = true;
  forEachRow(volume.size, box, { size: padded, pad }, (source) => {
    for (let i = source; all && i < source + size[0]; i++) all = holds(data[i] as number);
  });
  return all;
}

/** The narrowest exact kind for the voxels of a box: float data that holds integers only counts as integers. */
export function keyKind(volume: Volume, box: PaddedBox): KeyKind {
  const integer = integerKind(volume.data);
  if (integer) return integer;
  if (everyVoxel(volume, box, (v) => Number.isInteger(v) && v >= -INT_ORIGIN && v < INT_ORIGIN)) return 'int';
  if (volume.data instanceof Float32Array) return 'float32';
  return everyVoxel(volume, box, (v) => Math.fround(v) === v || Number.isNaN(v)) ? 'float32' : 'float64';
}

/** Cuts a box out of an image and encodes it, in one pass. */
export function encodeKeys(volume: Volume, box: PaddedBox): Keys {
  const kind = keyKind(volume, box);
  const words = keyWords(kind);
  const data = new Uint32Array(box.cells * words);
  const encode = rowEncoder(kind, volume.data, data);
  forEachRow(volume.size, box.box, { size: box.padded, pad: box.pad }, (source, target) =>
    encode(source, target, box.size[0]),
  );
  return { kind, words, data };
}

type RowEncoder = (source: number, target: number, count: number) => void;

function rowEncoder(kind: KeyKind, values: VoxelArray, keys: Uint32Array): RowEncoder {
  if (kind === 'int' || kind === 'uint') {
    const origin = kind === 'int' ? INT_ORIGIN : 0;
    return (source, target, count) => {
      for (let i = 0; i < count; i++) keys[target + i] = (values[source + i] as number) + origin;
    };
  }
  if (kind === 'float32') {
    const value = new Float32Array(1);
    const bits = new Uint32Array(value.buffer);
    return (source, target, count) => {
      for (let i = 0; i < count; i++) {
        value[0] = (values[source + i] as number) + 0;
        const b = bits[0] as number;
        keys[target + i] = Number.isNaN(value[0] as number) ? NAN_WORD : b >>> 31 ? ~b : b | 0x80000000;
      }
    };
  }
  return (source, target, count) => {
    for (let i = 0; i < count; i++) {
      const [high, low] = keyOf(kind, values[source + i] as number);
      keys[2 * (target + i)] = high;
      keys[2 * (target + i) + 1] = low;
    }
  };
}

/** The values of keys in ascending order, NaN left out. Sorting makes every later sum independent of the GPU's order. */
export function sortedValues(kind: KeyKind, words: 1 | 2, keys: Uint32Array): Float64Array {
  const [high, low] = words === 1 ? [radixSort(keys), null] : radixSortPairs(keys);
  let length = high.length;
  if (kind !== 'int' && kind !== 'uint') while (length > 0 && high[length - 1] === NAN_WORD) length--;
  if (kind === 'float32') return Float64Array.from(decodeFloats(high.subarray(0, length)));
  const values = new Float64Array(length);
  if (kind === 'twofold') {
    const [words32, rests] = [
      decodeFloats(high.subarray(0, length)),
      decodeFloats((low as Uint32Array).subarray(0, length)),
    ];
    for (let i = 0; i < length; i++) values[i] = (words32[i] as number) + (rests[i] as number);
    return values;
  }
  for (let i = 0; i < length; i++) values[i] = valueOfKey(kind, high[i] as number, low?.[i]);
  return values;
}

/** The values of float32 keys. */
function decodeFloats(keys: Uint32Array): Float32Array {
  const bits = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i] as number;
    bits[i] = k >>> 31 ? k & 0x7fffffff : ~k;
  }
  return new Float32Array(bits.buffer);
}

/** Digits of the radix sorts: three linear passes, several times faster than a comparison sort. */
const DIGIT_SHIFTS = [0, 11, 22] as const;
const DIGITS = 2048;

/** Where the keys of each digit start, least significant digit first. */
function digitStarts(keys: Uint32Array, shift: number): Uint32Array {
  const starts = new Uint32Array(DIGITS + 1);
  for (let i = 0; i < keys.length; i++) starts[(((keys[i] as number) >>> shift) & (DIGITS - 1)) + 1]!++;
  for (let d = 0; d < DIGITS; d++) starts[d + 1]! += starts[d] as number;
  return starts;
}

function radixSort(keys: Uint32Array): Uint32Array {
  let from = keys.slice();
  let to = new Uint32Array(keys.length);
  for (const shift of DIGIT_SHIFTS) {
    const starts = digitStarts(from, shift);
    for (let i = 0; i < from.length; i++) {
      const key = from[i] as number;
      to[starts[(key >>> shift) & (DIGITS - 1)]!++] = key;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Sorts keys of two words by the high one, then the low words of those that have it in common. */
function radixSortPairs(keys: Uint32Array): [high: Uint32Array, low: Uint32Array] {
  const length = keys.length / 2;
  let from = { high: new Uint32Array(length), low: new Uint32Array(length) };
  let to = { high: new Uint32Array(length), low: new Uint32Array(length) };
  for (let i = 0; i < length; i++) {
    from.high[i] = keys[2 * i] as number;
    from.low[i] = keys[2 * i + 1] as number;
  }
  for (const shift of DIGIT_SHIFTS) {
    const starts = digitStarts(from.high, shift);
    for (let i = 0; i < length; i++) {
      const key = from.high[i] as number;
      const at = starts[(key >>> shift) & (DIGITS - 1)]!++;
      to.high[at] = key;
      to.low[at] = from.low[i] as number;
    }
    [from, to] = [to, from];
  }
  const { high, low } = from;
  for (let first = 0; first < length; ) {
    let end = first + 1;
    while (end < length && high[end] === high[first]) end++;
    if (end > first + 1) low.subarray(first, end).sort();
    first = end;
  }
  return [high, low];
}
