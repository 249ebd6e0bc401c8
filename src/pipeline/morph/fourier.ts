/** morph/fourier: discrete Fourier transforms along the axes of a box. */
import source from '../../../shaders/morph/fourier.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';

export const fourier = defineKernel({
  name: 'morph/fourier',
  source,
  bindings: { params: 'uniform', source: 'read', roots: 'read', scratch: 'read_write', result: 'read_write' },
  workgroup: 64,
});

/** Bytes of a complex number. */
export const BYTES = 8;
/** Bytes of the scratch of a dispatch: what a software adapter transforms in well under a second. */
const SCRATCH_BYTES = 32 * 2 ** 20;

/** Factors 2 and 3 alone, the fours first. */
function radices(length: number): number[] {
  const found: number[] = [];
  let rest = length;
  for (const radix of [4, 3, 2])
    while (rest % radix === 0) {
      found.push(radix);
      rest /= radix;
    }
  return rest === 1 ? found : [];
}

/** The smallest length of a transform that holds `count` numbers: a product of twos and threes. */
export function transformLength(count: number): number {
  let length = count;
  while (length > 1 && radices(length).length === 0) length++;
  return length;
}

/** The roots of unity of a length, as complex float32. */
export function recordRoots(rec: Recording, length: number): BufferRef {
  const roots = new Float32Array(2 * length);
  for (let k = 0; k < length; k++) {
    roots[2 * k] = Math.cos((2 * Math.PI * k) / length);
    roots[2 * k + 1] = -Math.sin((2 * Math.PI * k) / length);
  }
  return rec.upload('morph/fourier.roots', roots);
}

/** Where lines lie in a buffer of complex numbers: line (u, v) begins at `first + u strides[0] + v strides[1]`. */
export interface Lines {
  readonly buffer: BufferRef;
  readonly first?: number;
  readonly strides: readonly [u: number, v: number];
  /** From one number of a line to the next. */
  readonly step: number;
  /** Numbers of a line that are there: the source is 0 beyond, no more of the result are written. */
  readonly count: number;
}

/** A transform of `counts[0]` x `counts[1]` lines. */
export interface Transform {
  readonly length: number;
  /** `recordRoots` of the length. */
  readonly roots: BufferRef;
  readonly counts: readonly [u: number, v: number];
  readonly backwards?: boolean;
  /** The source is the first half, middle included, of an even sequence. */
  readonly mirrored?: boolean;
}

/**
 * Transforms lines from one buffer to another; backwards without dividing by the length. In as many dispatches as their
 * scratch allows.
 */
export function recordFourier(
  rec: Recording,
  from: Lines,
  to: Lines,
  { length, roots, counts, backwards, mirrored }: Transform,
): void {
  const steps = radices(length);
  const lines = counts[0] * counts[1];
  const most = Math.max(1, Math.min(lines, Math.floor(SCRATCH_BYTES / (2 * BYTES * length))));
  const scratch = rec.buffer('morph/fourier.scratch', 2 * BYTES * length * most);
  const place = ({ first = 0, strides, step }: Lines) => [first, ...strides, step];
  for (let first = 0; first < lines; first += most) {
    const count = Math.min(most, lines - first);
    rec.dispatch(
      fourier,
      {
        params: {
          lines: count,
          first,
          inner: counts[0],
          length,
          steps: steps.length,
          radices: steps.reduce((packed, radix, k) => packed + radix * 16 ** k, 0),
          direction: backwards ? 1 : -1,
          mirrored: Number(mirrored ?? false),
          source: place(from),
          result: place(to),
          source_count: from.count,
          result_count: to.count,
        },
        source: from.buffer,
        roots,
        scratch,
        result: to.buffer,
      },
      count,
    );
  }
}
