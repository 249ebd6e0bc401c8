/** filter/fft: discrete Fourier transforms along the axes of a volume. */
import source from '../../../shaders/filter/fft.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';

export const fft = defineKernel({
  name: 'filter/fft',
  source,
  bindings: { params: 'uniform', samples: 'read', roots: 'read', transformed: 'read_write' },
  workgroup: 64,
});

/** Of four lines at once. */
export const fftQuads = defineKernel({
  name: 'filter/fft:quads',
  source,
  entryPoint: 'quads',
  bindings: { params: 'uniform', sample_quads: 'read', roots: 'read', transformed_quads: 'read_write' },
  workgroup: 64,
});

type Axis = 0 | 1 | 2;

/** Radices of up to this many terms are put together: fewer passes over memory, for few more products. */
const RADIX = 8;
/** Complex numbers of a part of the lines that is transformed at a time: what is between the stages stays small. */
const PART = 2 ** 20;

/** The radices of the stages: prime factors, small ones multiplied. The product is n. */
export function radices(n: number): number[] {
  const factors: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p++)
    while (rest % p === 0) {
      factors.push(p);
      rest /= p;
    }
  if (rest > 1) factors.push(rest);
  const found: number[] = [];
  for (const p of factors.reverse()) {
    const k = found.findIndex((r) => r * p <= RADIX);
    if (k < 0) found.push(p);
    else found[k] = (found[k] as number) * p;
  }
  return found;
}

/** The least length of at least n that has no prime factor above 5. */
export function fastLength(n: number): number {
  const isFast = (m: number): boolean => {
    let rest = m;
    for (const p of [2, 3, 5]) while (rest % p === 0) rest /= p;
    return rest === 1;
  };
  let m = n;
  while (!isFast(m)) m++;
  return m;
}

/** Where the numbers of a volume lie in a buffer of float32. */
export interface Numbers {
  readonly buffer: BufferRef;
  /** Distances along x, y, z. */
  readonly strides: Vec3;
  /** Place of the first; default 0. */
  readonly offset?: number;
  /** From a real part to its imaginary part; 0: real numbers. */
  readonly apart: number;
}

/** Strides of a volume whose x is fastest. */
export const stridesOf = ([nx, ny]: Vec3): Vec3 => [1, nx, nx * ny];

export interface Transform {
  readonly axis: Axis;
  /** Length of the lines. */
  readonly n: number;
  /** -1: from samples to frequencies; 1: backwards, n times too large. */
  readonly turn: -1 | 1;
  /** Lines along the other axes; what it says of the axis itself is not read. */
  readonly lines: Vec3;
  /** Numbers of a line that `from` holds, at least half of n and one: the others are their conjugates. Default n. */
  readonly held?: number;
  /** First of the results that are wanted, and how many; default all. They lie at the beginning of `to`. */
  readonly first?: number;
  readonly count?: number;
}

/** A buffer of a name for so many float32, which may be that of an earlier transform. */
export type Scratch = (name: string, numbers: number) => BufferRef;

const withAlong = (values: Vec3, axis: Axis, value: number): Vec3 =>
  values.map((v, a) => (a === axis ? value : v)) as unknown as Vec3;

/** exp(2 pi i t / n) for t below n. */
const rootsOf = (n: number): Float32Array =>
  Float32Array.from({ length: 2 * n }, (_, k) => {
    const angle = (2 * Math.PI * (k >> 1)) / n;
    return k % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });

const isFour = (n: number): boolean => n % 4 === 0;

/** Whether complex numbers of lines that are neighbours along x lie by fours. */
const isByFours = ({ strides, offset = 0, apart }: Numbers): boolean =>
  apart > 0 && strides[0] === 1 && [strides[1], strides[2], offset, apart].every(isFour);

/** Strides in fours; along x they count the fours themselves. */
const fours = ([, y, z]: Vec3): Vec3 => [1, y / 4, z / 4];

/**
 * Transforms all lines along an axis. Lengths are products of any primes p; a number costs the sum of them in products of
 * complex numbers (small primes put together): about twenty for 512, 199 for 199. Lines along y and z are faster where those along
 * x number a multiple of four and lie by fours.
 * @param from stays, unless it is `to`
 * @param to may be the buffer and the layout of `from`
 * @param scratch what is between the stages; default buffers of its own
 */
export function recordFft(
  rec: Recording,
  from: Numbers,
  to: Numbers,
  { axis, n, turn, lines, held = n, first = 0, count = n }: Transform,
  scratch: Scratch = (name, numbers) => rec.buffer(name, 4 * numbers),
): void {
  const stages = radices(n);
  // A buffer cannot be read and written at once.
  const least = from.buffer === to.buffer ? 2 : 1;
  while (stages.length < least) stages.push(1);
  const roots = rec.upload('filter/fft.roots', rootsOf(n));
  const across: Axis = axis === 2 ? 1 : 2;
  const slice = withAlong(withAlong(lines, axis, n), across, 1);
  const perSlice = slice[0] * slice[1] * slice[2];
  const thickness = Math.min(lines[across], Math.max(1, Math.floor(PART / perSlice)));
  const between = stages.slice(1, 3).map((_, k) => scratch(`filter/fft.stage_${k}`, 2 * perSlice * thickness));
  const partOf = (numbers: Numbers, start: number): Numbers => ({
    ...numbers,
    offset: (numbers.offset ?? 0) + start * numbers.strides[across],
  });
  for (let start = 0; start < lines[across]; start += thickness) {
    const part = withAlong(withAlong(lines, axis, n), across, Math.min(thickness, lines[across] - start));
    const whole = part[0] * part[1] * part[2];
    let source = partOf(from, start);
    let span = 1;
    for (const [k, radix] of stages.entries()) {
      const isLast = k === stages.length - 1;
      const size = isLast ? withAlong(part, axis, count) : part;
      const target: Numbers = isLast
        ? partOf(to, start)
        : { buffer: between[k % 2] as BufferRef, strides: stridesOf(part), apart: whole };
      const length = size[0] * size[1] * size[2];
      const common = { axis, n, held: k === 0 ? held : n, span, radix, first: isLast ? first : 0, turn };
      const [from_offset, to_offset] = [source.offset ?? 0, target.offset ?? 0];
      if (axis !== 0 && isFour(size[0]) && held === n && isByFours(source) && isByFours(target)) {
        const params = {
          ...common,
          size: [size[0] / 4, size[1], size[2]],
          old_strides: fours(source.strides),
          old_offset: from_offset / 4,
          strides: fours(target.strides),
          offset: to_offset / 4,
          old_apart: source.apart / 4,
          apart: target.apart / 4,
          length: length / 4,
        };
        const args = { params, sample_quads: source.buffer, roots, transformed_quads: target.buffer };
        rec.dispatch(fftQuads, args, length / 4);
      } else {
        const params = {
          ...common,
          size,
          old_strides: source.strides,
          old_offset: from_offset,
          strides: target.strides,
          offset: to_offset,
          old_apart: source.apart,
          apart: target.apart,
          length,
        };
        rec.dispatch(fft, { params, samples: source.buffer, roots, transformed: target.buffer }, length);
      }
      source = target;
      span *= radix;
    }
  }
}
