import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import {
  fastLength,
  type Numbers,
  radices,
  recordFft,
  stridesOf,
  type Transform,
} from '../../src/pipeline/filter/fft.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { type ComplexVolume, dft } from '../reference/filter/fft.ts';
import { run, useEngine } from '../support/engine.ts';
import { random, voxelCount } from '../support/random.ts';

/** Of the sum of the absolute values of a line: float32 sums and roots, in a few stages. */
const FLOAT32 = 3e-7;

/** Alone, powers, products, primes small and large, longer than a workgroup. */
const lengths = [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 30, 49, 61, 64, 77, 125, 199, 256, 300];

const randomVolume = (size: Vec3, seed: number): ComplexVolume => {
  const next = random(seed);
  const part = () => Float64Array.from({ length: voxelCount(size) }, () => Math.fround(2 * next() - 1));
  return { re: part(), im: part(), size };
};
const planes = ({ re, im }: ComplexVolume): Float32Array => Float32Array.of(...re, ...im);

describe('filter/fft', () => {
  const engine = useEngine();

  /** What is in `to` after a transform. */
  async function transform(
    numbers: Float32Array,
    from: Omit<Numbers, 'buffer'>,
    to: Omit<Numbers, 'buffer'>,
    length: number,
    how: Transform,
  ): Promise<Float32Array> {
    const rec = new Recording('test');
    const source = rec.upload('test.from', numbers);
    const target = rec.zeros('test.to', 4 * length);
    recordFft(rec, { ...from, buffer: source }, { ...to, buffer: target }, how);
    const download = rec.download(target);
    return new Float32Array((await run(engine(), rec, download)).buffer);
  }

  it.each(lengths)('transforms lines of %i along each axis, both ways', async (n) => {
    // Of 8 lines side by side fours are made.
    const shapes = [
      [3, 2, 4],
      [8, 3, 2],
    ].flatMap((shape) => ([0, 1, 2] as const).map((axis) => ({ shape, axis })));
    for (const { shape, axis } of shapes) {
      const size = shape.map((m, a) => (a === axis ? n : m)) as unknown as Vec3;
      const volume = randomVolume(size, n + axis);
      const count = voxelCount(size);
      const layout = { strides: stridesOf(size), apart: count };
      for (const turn of [-1, 1] as const) {
        const found = await transform(planes(volume), layout, layout, 2 * count, { axis, n, turn, lines: size });
        const expected = dft(volume, axis, turn);
        const worst = [...expected.re, ...expected.im].reduce((w, x, i) => Math.max(w, Math.abs(x - found[i]!)), 0);
        expect(worst).toBeLessThanOrEqual(FLOAT32 * 2 * n);
      }
    }
  });

  it.each([5, 8, 12, 61])('knows the other half of a real line, and leaves out what is not wanted: %i', async (n) => {
    const size: Vec3 = [n, 3, 2];
    const real = randomVolume(size, 7);
    const volume = { ...real, im: real.im.fill(0) };
    const held = Math.floor(n / 2) + 1;
    const half: Vec3 = [held, 3, 2];
    const halfLayout = { strides: stridesOf(half), apart: voxelCount(half) };
    const spectrum = await transform(
      Float32Array.from(volume.re),
      { strides: stridesOf(size), apart: 0 },
      halfLayout,
      2 * voxelCount(half),
      { axis: 0, n, turn: -1, lines: size, count: held },
    );
    const full = dft(volume, 0, -1);
    for (let i = 0; i < voxelCount(half); i++) {
      const k = (i % held) + n * Math.floor(i / held);
      expect(Math.abs(spectrum[i]! - full.re[k]!)).toBeLessThanOrEqual(FLOAT32 * n);
      expect(Math.abs(spectrum[i + voxelCount(half)]! - full.im[k]!)).toBeLessThanOrEqual(FLOAT32 * n);
    }
    // Samples 1 to 3 of each line, into a part of a larger buffer.
    const back = await transform(spectrum, halfLayout, { strides: [1, 3, 9], offset: 5, apart: 0 }, 5 + 18, {
      axis: 0,
      n,
      turn: 1,
      lines: half,
      held,
      first: 1,
      count: 3,
    });
    expect([...back.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0]);
    for (let i = 0; i < 18; i++) {
      const sample = volume.re[1 + (i % 3) + n * Math.floor(i / 3)]!;
      expect(Math.abs(back[5 + i]! / n - sample)).toBeLessThanOrEqual(FLOAT32 * n);
    }
  });

  it('transforms in place, and large volumes in parts', async () => {
    // More than 2^20 numbers.
    const size: Vec3 = [132, 97, 90];
    const count = voxelCount(size);
    for (const axis of [0, 1, 2] as const) {
      const rec = new Recording('test');
      const next = random(axis);
      const numbers = Float32Array.from({ length: 2 * count }, () => 2 * next() - 1);
      const buffer = rec.upload('test.volume', numbers);
      const layout = { buffer, strides: stridesOf(size), apart: count };
      recordFft(rec, layout, layout, { axis, n: size[axis], turn: -1, lines: size });
      const download = rec.download(buffer);
      const found = new Float32Array((await run(engine(), rec, download)).buffer);
      const step = layout.strides[axis];
      const starts =
        axis === 0 ? [0, 132 * 50, count - 132] : axis === 1 ? [3, 132 * 97 * 89 + 131] : [7, 132 * 97 - 1];
      for (const start of starts) {
        const line = (offset: number) =>
          Float64Array.from({ length: size[axis] }, (_, k) => numbers[offset + start + k * step]!);
        const expected = dft({ re: line(0), im: line(count), size: [size[axis], 1, 1] }, 0, -1);
        for (let k = 0; k < size[axis]; k++) {
          expect(Math.abs(found[start + k * step]! - expected.re[k]!)).toBeLessThanOrEqual(FLOAT32 * 2 * size[axis]);
          expect(Math.abs(found[count + start + k * step]! - expected.im[k]!)).toBeLessThanOrEqual(
            FLOAT32 * 2 * size[axis],
          );
        }
      }
    }
  });

  it('splits lengths into stages', () => {
    expect(radices(1)).toEqual([]);
    expect(radices(512)).toEqual([8, 8, 8]);
    expect(radices(199)).toEqual([199]);
    for (const n of lengths) expect(radices(n).reduce((product, r) => product * r, 1)).toBe(n);
    expect([1, 7, 61, 199, 257, 513].map(fastLength)).toEqual([1, 8, 64, 200, 270, 540]);
  });
});
