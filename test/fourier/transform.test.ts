import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import {
  fastLength,
  type Numbers,
  radices,
  recordFourier,
  stridesOf,
  type Transform,
} from '../../src/pipeline/fourier/transform.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { type ComplexVolume, dft } from '../reference/fourier/transform.ts';
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

describe('fourier/transform', () => {
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
    recordFourier(rec, { ...from, buffer: source }, { ...to, buffer: target }, how);
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

  it.each([6, 8, 25, 49, 61, 108])(
    'takes zeros for what is missing, and leaves out what is not wanted: %i',
    async (n) => {
      const present = Math.ceil(n / 2);
      const shapes = [
        [3, 2, 4],
        [8, 3, 2],
      ].flatMap((shape) => ([0, 1, 2] as const).map((axis) => ({ shape, axis })));
      for (const { shape, axis } of shapes) {
        const along = (m: number) => shape.map((k, a) => (a === axis ? m : k)) as unknown as Vec3;
        const [held, whole] = [along(present), along(n)];
        const layoutOf = (size: Vec3) => ({ strides: stridesOf(size), apart: voxelCount(size) });
        const volume = randomVolume(held, n + axis);
        /** Numbers of the whole line, in the order of the short one. */
        const places = Array.from({ length: voxelCount(held) }, (_, i) => {
          const at = [i % held[0], Math.floor(i / held[0]) % held[1], Math.floor(i / (held[0] * held[1]))] as const;
          return at[0] + whole[0] * (at[1] + whole[1] * at[2]);
        });
        const padded = {
          re: new Float64Array(voxelCount(whole)),
          im: new Float64Array(voxelCount(whole)),
          size: whole,
        };
        places.forEach((place, i) => {
          padded.re[place] = volume.re[i]!;
          padded.im[place] = volume.im[i]!;
        });
        const found = await transform(planes(volume), layoutOf(held), layoutOf(whole), 2 * voxelCount(whole), {
          axis,
          n,
          turn: -1,
          lines: whole,
          present,
        });
        const spectrum = dft(padded, axis, -1);
        const worst = [...spectrum.re, ...spectrum.im].reduce((w, x, i) => Math.max(w, Math.abs(x - found[i]!)), 0);
        expect(worst).toBeLessThanOrEqual(FLOAT32 * 2 * n);
        const back = await transform(found, layoutOf(whole), layoutOf(held), 2 * voxelCount(held), {
          axis,
          n,
          turn: 1,
          lines: held,
          count: present,
        });
        const error = [...volume.re, ...volume.im].reduce((w, x, i) => Math.max(w, Math.abs(x - back[i]! / n)), 0);
        expect(error).toBeLessThanOrEqual(FLOAT32 * 2 * n);
      }
    },
  );

  it.each([1, 2, 6, 9, 61, 108])('transforms real, even sequences of which it has the first half: %i', async (n) => {
    const held = Math.floor(n / 2) + 1;
    for (const [lines, axis] of [
      [[held, 3, 2], 0],
      [[8, held, 3], 1],
      [[8, 3, held], 2],
    ] as const) {
      const next = random(n + axis);
      const half = Float32Array.from({ length: voxelCount(lines) }, () => next() - 0.5);
      const layout = { strides: stridesOf(lines), apart: 0 };
      const found = await transform(half, layout, layout, half.length, {
        axis,
        n,
        turn: -1,
        lines,
        held,
        count: held,
      });
      const step = layout.strides[axis];
      for (let i = 0; i < half.length; i++) {
        const k = Math.floor(i / step) % held;
        const start = i - k * step;
        const line = Float64Array.from({ length: n }, (_, j) => half[start + Math.min(j, n - j) * step]!);
        const expected = dft({ re: line, im: new Float64Array(n), size: [n, 1, 1] }, 0, -1).re[k]!;
        expect(Math.abs(found[i]! - expected)).toBeLessThanOrEqual(FLOAT32 * n);
      }
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
      recordFourier(rec, layout, layout, { axis, n: size[axis], turn: -1, lines: size });
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
    expect(radices(512)).toEqual([4, 4, 4, 4, 2]);
    expect(radices(199)).toEqual([199]);
    for (const n of lengths) expect(radices(n).reduce((product, r) => product * r, 1)).toBe(n);
    expect([1, 7, 61, 199, 257, 513].map(fastLength)).toEqual([1, 8, 64, 200, 270, 540]);
  });
});
