/**
 * Deterministic tensors from a 32-bit hash, for tests, demos and benchmarks: FNV-1a of seed and key, MurmurHash3's
 * finalizer of the index. Every language can make them bit for bit; values are computed in float64 and rounded once.
 */
import { type Architecture, convolutionsOf, normTensors } from './manifest.ts';
import type { Weights, WeightTensor } from './weights.ts';

/** FNV-1a, 32 bits, of a text as UTF-8. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

const golden = 0x9e3779b9 | 0;

/** `size` values `(a + b * u(i)) * c`, u uniform in [0, 1) from the hash of seed, key and index; a, b and c in float64. */
function uniform(seed: string, key: string, size: number, a: number, b: number, c: number): Float32Array<ArrayBuffer> {
  const base = fnv1a32(`${seed}/${key}`) | 0;
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let h = (base + Math.imul(i, golden)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    out[i] = (b * ((h >>> 0) / 4294967296) + a) * c;
  }
  return out;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/**
 * The tensor of a key. The kind follows from the key's last part and the rank: convolutions have Kaiming's standard
 * deviation sqrt(2 / fan_out), scales lie in [0.75, 1.25), variances in [0.5, 1.5), biases and means in [-0.1, 0.1).
 * @throws RangeError where the key ends in something else
 */
export function hashTensor(seed: string, key: string, shape: readonly number[]): WeightTensor {
  const size = sizeOf(shape);
  const make = (a: number, b: number, c: number) => ({ shape, data: uniform(seed, key, size, a, b, c) });
  switch (key.slice(key.lastIndexOf('.') + 1)) {
    case 'running_var':
      return make(0.5, 1, 1);
    case 'running_mean':
    case 'bias':
      return make(-1, 2, 0.1);
    case 'weight':
      return shape.length === 1 ? make(0.75, 0.5, 1) : make(-1, 2, Math.sqrt(6 / (shape[0]! * sizeOf(shape.slice(2)))));
    default:
      throw new RangeError(`no rule for a tensor named ${key}`);
  }
}

/**
 * All weights of an architecture.
 * @param seed of `hash:SEED`; the recorded reference outputs belong to `voxomics-ref-1`
 */
export function hashWeights(seed: string, architecture: Architecture): Weights {
  const weights = new Map<string, WeightTensor>();
  const add = (key: string, shape: readonly number[]) => weights.set(key, hashTensor(seed, key, shape));
  for (const { key, norm, shape } of convolutionsOf(architecture)) {
    add(`${key}.weight`, shape);
    // MONAI's convolutions of the shortcut have a bias by default.
    if (architecture.variant === 'monai' && key.endsWith('.downsample.0')) add(`${key}.bias`, [shape[0]]);
    for (const name of normTensors) add(`${norm}.${name}`, [shape[0]]);
  }
  return weights;
}

/** An input of zero mean and unit variance. @param shape [batch, channel, depth, height, width] */
export function hashVolume(seed: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  return uniform(seed, `input/${shape.join('x')}`, sizeOf(shape), -1, 2, Math.sqrt(3));
}
