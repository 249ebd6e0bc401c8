/** fourier/transform: discrete Fourier transforms along the axes of a volume. */
import source from '../../../shaders/fourier/transform.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';

/** Into four lines that lie side by side. */
export const transform = defineKernel({
  name: 'fourier/transform',
  source,
  bindings: { params: 'uniform', samples: 'read', sample_fours: 'read', roots: 'read', result_fours: 'read_write' },
  workgroup: 64,
});

/** Into lines of any distance. */
export const transformScattered = defineKernel({
  name: 'fourier/transform:scattered',
  source,
  entryPoint: 'scattered',
  bindings: { params: 'uniform', samples: 'read', sample_fours: 'read', roots: 'read', results: 'read_write' },
  workgroup: 64,
});

/** The kernels of the transforms. */
export const fourierKernels = [transform, transformScattered] as const;

type Axis = 0 | 1 | 2;

/** Largest radix whose results one invocation makes together. */
const BUTTERFLY = 5;
/** Complex numbers of a part of the lines that is transformed at a time: what is between the stages stays small. */
const PART = 2 ** 20;

/** The radices of the stages, large ones first: prime factors, twos by pairs. The product is n. */
export function radices(n: number): number[] {
  const found: number[] = [];
  let rest = n;
  for (const radix of [4, 2, 3, 5])
    while (rest % radix === 0) {
      found.push(radix);
      rest /= radix;
    }
  for (let p = BUTTERFLY + 2; p * p <= rest; p += 2)
    while (rest % p === 0) {
      found.push(p);
      rest /= p;
    }
  if (rest > 1) found.push(rest);
  return found.sort((a, b) => b - a);
}

/** The least length of at least n that has no prime factor above 5. */
export function fastLength(n: number): number {
  let m = n;
  while (radices(m).some((radix) => radix > BUTTERFLY)) m++;
  return m;
}

/** The least multiple of four of at least n: as many lines are transformed fastest. */
export const wholeFours = (n: number): number => 4 * Math.ceil(n / 4);

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
  /** Numbers of a line that `from` holds; those behind are zeros. Default n. */
  readonly present?: number;
  /**
   * Numbers of a line that `from` holds, at least half of n and one, where those behind are their conjugates: the frequencies of
   * real numbers or, of real numbers, an even sequence. Default n.
   */
  readonly held?: number;
  /** First of the results that are wanted, and how many; default all. They lie at the beginning of `to`. */
  readonly first?: number;
  readonly count?: number;
}

/** A buffer of a name for so many float32, which may be that of an earlier transform. */
export type Scratch = (name: string, numbers: number) => BufferRef;

/** exp(2 pi i t / n) for t below n; at least two, which is four numbers. */
const rootsOf = (n: number): Float32Array =>
  Float32Array.from({ length: 2 * Math.max(n, 2) }, (_, k) => {
    const angle = (2 * Math.PI * (k >> 1)) / n;
    return k % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });

/** Lines in a buffer: strides along both other axes and along the line, in float32 or in fours of them. */
interface Lines {
  readonly buffer: BufferRef;
  readonly byFours: boolean;
  readonly place: readonly [first: number, u: number, v: number, along: number];
  readonly apart: number;
}

/** The lines of a volume, in fours where all of them lie so. */
function linesOf(
  { buffer, strides, offset = 0, apart }: Numbers,
  [u, v, axis]: readonly [Axis, Axis, Axis],
  count: number,
): Lines {
  const place = [offset, strides[u], strides[v], strides[axis]] as const;
  const byFours = strides[u] === 1 && [count, offset, strides[v], strides[axis], apart].every((n) => n % 4 === 0);
  if (!byFours) return { buffer, byFours, place, apart };
  return { buffer, byFours, place: [offset / 4, 1, strides[v] / 4, strides[axis] / 4], apart: apart / 4 };
}

/**
 * Transforms all lines along an axis. Lengths are products of any primes p; a number costs the sum of them in products of
 * complex numbers, half of it for those above 5. Fastest where lines that number a multiple of four lie side by side.
 * @param from stays, unless it is `to`
 * @param to may be the buffer and the layout of `from`
 * @param scratch what is between the stages; default buffers of its own
 */
export function recordFourier(
  rec: Recording,
  from: Numbers,
  to: Numbers,
  { axis, n, turn, lines, present = n, held = n, first = 0, count = n }: Transform,
  scratch: Scratch = (name, numbers) => rec.buffer(name, 4 * numbers),
): void {
  const stages = radices(n);
  // A buffer cannot be read and written at once.
  const least = from.buffer === to.buffer ? 2 : 1;
  while (stages.length < least) stages.push(1);
  const roots = rec.upload('fourier/transform.roots', rootsOf(n));
  const others = ([0, 1, 2] as const).filter((a) => a !== axis);
  const u = others.find((a) => from.strides[a] === 1) ?? others.find((a) => to.strides[a] === 1) ?? others[0]!;
  const v = others.find((a) => a !== u)!;
  const inner = Math.ceil(lines[u] / 4);
  const thickness = Math.min(lines[v], Math.max(1, Math.floor(PART / (4 * inner * n))));
  const between = stages.slice(1, 3).map((_, k) => scratch(`fourier/transform.stage_${k}`, 8 * inner * thickness * n));
  const linesFrom = (numbers: Numbers, row: number) =>
    linesOf({ ...numbers, offset: (numbers.offset ?? 0) + row * numbers.strides[v] }, [u, v, axis], lines[u]);
  for (let row = 0; row < lines[v]; row += thickness) {
    const groups = inner * Math.min(thickness, lines[v] - row);
    let source = linesFrom(from, row);
    let span = 1;
    for (const [k, radix] of stages.entries()) {
      const isLast = k === stages.length - 1;
      const target: Lines = isLast
        ? linesFrom(to, row)
        : { buffer: between[k % 2]!, byFours: true, place: [0, 1, inner, groups], apart: groups * n };
      const tasks = (n / radix) * (radix > BUTTERFLY ? (radix + 1) / 2 : 1);
      const params = {
        lines: lines[u],
        inner,
        groups,
        tasks,
        n,
        gap: n / radix,
        unit: n / (span * radix),
        span,
        radix,
        turn,
        by_fours: Number(source.byFours),
        apart: source.apart,
        result_apart: target.apart,
        present: k === 0 ? present : n,
        held: k === 0 ? held : n,
        first: isLast ? first : 0,
        count: isLast ? count : n,
        old_lines: source.place,
        new_lines: target.place,
      };
      // Samples that do not lie by fours may be fewer than one.
      const args = { params, samples: source.buffer, sample_fours: source.byFours ? source.buffer : roots, roots };
      if (target.byFours) rec.dispatch(transform, { ...args, result_fours: target.buffer }, groups * tasks);
      else rec.dispatch(transformScattered, { ...args, results: target.buffer }, groups * tasks);
      source = target;
      span *= radix;
    }
  }
}
