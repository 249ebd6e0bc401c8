import { describe, expect, it } from 'vitest';
import { type Engine, Recording } from '../../src/engine/index.ts';
import { type Box, boxSize } from '../../src/pipeline/box.ts';
import { buffersOf, downloadVolume, toDevice, volumeOf } from '../../src/pipeline/device-volume.ts';
import { recordWavelet, type WaveletSettings } from '../../src/pipeline/filter/wavelet.ts';
import { singleBank, waveletBank, waveletNames } from '../../src/pipeline/filter/wavelet-bank.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { swt } from '../reference/filter/wavelet.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { awkwardSizes, random } from '../support/random.ts';

/** Three sums of products in numbers of 48 bits, of the largest value: a few units each. */
const TWOFOLD = 64 * 2 ** -48;

/** Digits of the published coefficients; the discrete Meyer wavelet is cut off. */
const PUBLISHED = 1e-6;
const DMEY = 3e-3;

const sizes: readonly Vec3[] = [...awkwardSizes, [9, 8, 17], [12, 7, 1]];

const noise = (size: Vec3, seed: number, value: (r: number) => number): number[] => {
  const next = random(seed);
  return Array.from({ length: size[0] * size[1] * size[2] }, () => value(next()));
};
const integers = (size: Vec3, seed: number): Volume =>
  imageOf(Int16Array.from(noise(size, seed, (r) => Math.floor(4096 * r) - 1000)), size);
const doubles = (size: Vec3, seed: number): Volume =>
  imageOf(Float64Array.from(noise(size, seed, (r) => 300 * r - 20)), size);
const floats = (size: Vec3, seed: number): Volume => imageOf(Float32Array.from(noise(size, seed, (r) => 30 * r)), size);

/** The images of the GPU by name, in order. */
async function filtered(
  engine: Engine,
  volume: Volume,
  settings: WaveletSettings,
  box: Box | null = null,
): Promise<[string, Volume][]> {
  const image = await toDevice(engine, volume, { exact: true });
  const rec = new Recording('test');
  const images = recordWavelet(rec, image, settings, box);
  const downloads = images.map((i) => downloadVolume(rec, i.image));
  const results = await engine.execute(rec);
  engine.release(...buffersOf(image), ...images.flatMap((i) => buffersOf(i.image)));
  return images.map((i, k) => [i.name, volumeOf(results, downloads[k]!, i.image)]);
}

const largest = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);

function expectSame(found: [string, Volume][], expected: [string, Float64Array][], tolerance: number): void {
  expect(found.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  const scale = expected.reduce((a, [, values]) => Math.max(a, largest(values)), 0);
  found.forEach(([name, { data }], k) => {
    const values = expected[k]![1];
    expect(data.length).toBe(values.length);
    const error = largest(values.map((v, i) => v - data[i]!));
    expect(error, name).toBeLessThanOrEqual(tolerance * scale);
  });
}

const grid = ({ data, size }: Volume) => ({ data: Float64Array.from(data), size });

function crop({ data, size }: Volume, box: Box): number[] {
  const values: number[] = [];
  for (let z = box.first[2]; z <= box.last[2]; z++)
    for (let y = box.first[1]; y <= box.last[1]; y++)
      for (let x = box.first[0]; x <= box.last[0]; x++) values.push(data[x + size[0] * (y + size[1] * z)]!);
  return values;
}

describe('the table of wavelets', () => {
  it('has banks that reconstruct perfectly', () => {
    for (const name of waveletNames) {
      const { low, high } = waveletBank(name);
      const n = low.length;
      expect([n % 2, high.length], name).toEqual([0, n]);
      const tolerance = name === 'dmey' ? DMEY : PUBLISHED;
      // Signs alternated once more it is the low pass of reconstruction; both low passes together are a half-band filter.
      const reconstruction = high.map((c, k) => (k % 2 === 0 ? -c : c));
      for (let shift = 2 - n; shift < n; shift += 2) {
        const product = low.reduce((sum, c, k) => sum + c * (reconstruction[n - 1 - k + shift] ?? 0), 0);
        expect(Math.abs(product - Number(shift === 0)), `${name} ${shift}`).toBeLessThan(tolerance);
      }
      const gain = (filter: Float64Array) => filter.reduce((a, b) => a + b, 0);
      expect(Math.abs(gain(low) - Math.SQRT2), name).toBeLessThan(tolerance);
      expect(Math.abs(gain(high)), name).toBeLessThan(tolerance);
    }
  });

  it('names them as PyWavelets, and refuses others', () => {
    expect(waveletNames).toHaveLength(106);
    expect(new Set(waveletNames).size).toBe(106);
    expect(() => waveletBank('coif18')).toThrow('expected a discrete wavelet of PyWavelets');
    expect(() => waveletBank('toString')).toThrow('found toString');
  });
});

describe('filter/wavelet', () => {
  const engine = useEngine();

  it.each(sizes.map((size) => [size.join(' x '), size] as const))('%s', async (_, size) => {
    for (const wavelet of ['coif1', 'haar', 'bior2.2', 'rbio3.1', 'sym12']) {
      for (const volume of [integers(size, 3), doubles(size, 5)]) {
        const expected = swt(grid(volume), waveletBank(wavelet), [0, 1, 2]);
        expectSame(await filtered(engine(), volume, { wavelet }), expected, TWOFOLD);
      }
    }
  });

  it.each(sizes.map((size) => [size.join(' x '), size] as const))('%s in float32, to the last bit', async (_, size) => {
    for (const wavelet of ['coif1', 'db4', 'sym12']) {
      const volume = floats(size, 7);
      const expected = swt(grid(volume), singleBank(wavelet), [0, 1, 2], { round: Math.fround });
      const found = await filtered(engine(), volume, { wavelet });
      expectSame(found, expected, 0);
      for (const [, image] of found) expect(image.data).toBeInstanceOf(Float32Array);
    }
  });

  it('has levels, a first level and axes left out', async () => {
    const volume = integers([11, 14, 9], 2);
    const [bank, all] = [waveletBank('db2'), [0, 1, 2] as const];
    const check = async (settings: WaveletSettings, axes: readonly (0 | 1 | 2)[]) =>
      expectSame(
        await filtered(engine(), volume, { wavelet: 'db2', ...settings }),
        swt(grid(volume), bank, axes, settings),
        TWOFOLD,
      );
    await check({ level: 3 }, all);
    await check({ start_level: 2 }, all);
    await check({ level: 2, start_level: 1 }, all);
    await check({ force2D: true }, [0, 1]);
    await check({ force2D: true, force2Ddimension: 1, level: 2 }, [0, 2]);
    await check({ force2D: true, force2Ddimension: 2 }, [1, 2]);
    await check({ force2Ddimension: 2 }, all);
    const flat = { ...integers([10, 7, 1], 4), dimension: 2 } as const;
    const expected = swt(grid(flat), waveletBank('coif1'), [0, 1]);
    expectSame(await filtered(engine(), flat, {}), expected, TWOFOLD);
  });

  it('makes in a box what it makes in the whole image', async () => {
    const size: Vec3 = [31, 24, 13];
    const boxes: Box[] = [
      { first: [10, 9, 5], last: [14, 12, 6] },
      { first: [0, 0, 0], last: [3, 3, 0] },
      { first: [27, 23, 12], last: [30, 23, 12] },
      { first: [0, 4, 2], last: [30, 20, 2] },
    ];
    for (const volume of [integers(size, 1), doubles(size, 2), floats(size, 3)]) {
      for (const settings of [{}, { wavelet: 'db3', level: 2, start_level: 1 }, { force2D: true }]) {
        const whole = await filtered(engine(), volume, settings);
        for (const box of boxes) {
          const part = await filtered(engine(), { ...volume, origin: [1, 2, 3] }, settings, box);
          expect(part.map(([name]) => name)).toEqual(whole.map(([name]) => name));
          part.forEach(([name, image], k) => {
            expect(image.size).toEqual(boxSize(box));
            expect(image.origin).toEqual([0, 1, 2].map((i) => box.first[i]! + i + 1));
            expect(Array.from(image.data), name).toEqual(crop(whole[k]![1], box));
          });
        }
      }
    }
  });

  it('refuses settings that make no sense', async () => {
    const image = await toDevice(engine(), integers([4, 4, 4], 1));
    const record = (settings: WaveletSettings) => () => recordWavelet(new Recording('test'), image, settings);
    expect(record({ level: 0 })).toThrow('level: expected a whole number of at least 1, found 0');
    expect(record({ start_level: 0.5 })).toThrow('start_level: expected a whole number of at least 0, found 0.5');
    expect(record({ force2D: true, force2Ddimension: 3 })).toThrow('force2Ddimension: expected 0 to 2, found 3');
    engine().release(...buffersOf(image));
  });
});
