import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import type { Box } from '../../src/pipeline/box.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { findPeak } from '../../src/pipeline/filter/peak.ts';
import { pointFilters, recordPoint } from '../../src/pipeline/filter/point.ts';
import type { VoxelArray, Volume } from '../../src/pipeline/volume.ts';
import { peakOf, point } from '../reference/filter/point.ts';
import { expectClose } from '../support/close.ts';
import { pointImages } from '../support/point-images.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { random } from '../support/random.ts';

/** What two float32 keep of a float64. */
const PAIR = 2 ** -48;
/** Arithmetic in such pairs: a few units of rounding, multiplied by the logarithm of the peak in exponents. */
const TWOFOLD = 1e-12;

const lengths = [1, 2, 255, 257, 4095, 4097, 20_011];

/** Awkward contents, the first of them looked up, the others computed. */
const contents: Readonly<Record<string, (next: () => number) => number>> = {
  'signed integers': (next) => Math.floor(next() * 4096) - 1024,
  'negative integers': (next) => -1 - Math.floor(next() * 50),
  'integers of a wide range': (next) => Math.floor(next() * 2 ** 24) - 2 ** 23,
  fractions: (next) => next() * 3 - 1,
  'nine decades': (next) => (next() - 0.5) * 10 ** (9 * next() - 5),
  'mostly zero': (next) => (next() < 0.8 ? 0 : next() * 700 - 350),
  'below one': (next) => next() / 100,
};

function fill(length: number, content: (next: () => number) => number): Float64Array {
  const next = random(length);
  for (let k = 0; k < 5; k++) next();
  return Float64Array.from({ length }, () => content(next));
}

describe('point filters', () => {
  const engine = useEngine();

  async function filter(image: Volume): Promise<Map<string, VoxelArray>> {
    const device = await toDevice(engine(), image, { exact: true });
    const found = new Map<string, VoxelArray>();
    for (const { name, image: made } of await pointImages(engine(), device)) {
      expect(made.type).toBe('float64');
      found.set(name, (await fromDevice(engine(), made)).data);
      engine().release(...buffersOf(made));
    }
    engine().release(...buffersOf(device));
    return found;
  }

  it.each(Object.keys(contents))('equal the CPU twins: %s', async (content) => {
    for (const length of lengths) {
      // Only 48 bits of a value are on the device.
      const exact = fill(length, contents[content]!).map((x) => Math.fround(x) + Math.fround(x - Math.fround(x)));
      for (const values of [exact, Float32Array.from(exact)]) {
        const found = await filter(imageOf(values));
        for (const name of pointFilters) {
          const expected = point(name, Float64Array.from(values));
          const data = found.get(name)!;
          const rel = /integers/.test(content) && !/wide/.test(content) ? PAIR : TWOFOLD;
          const range = peakOf(expected);
          expected.forEach((e, i) => {
            expectClose(data[i]!, e, { abs: rel * range, what: `${name} of ${values[i]}` });
          });
        }
      }
    }
  });

  it('keep a relative 1e-12 down to the smallest values', async () => {
    const values = Float32Array.from({ length: 3000 }, (_, i) => (i % 2 ? 1 : -1) * 1.01 ** (i / 2 - 1000));
    const found = await filter(imageOf(values));
    for (const name of ['squareroot', 'exponential'] as const) {
      point(name, Float64Array.from(values)).forEach((e, i) => {
        expectClose(found.get(name)![i]!, e, { rel: TWOFOLD, what: `${name} of ${values[i]}` });
      });
    }
  });

  it('give float64 for the largest value and its opposite, where an edge of a bin may lie', async () => {
    const peak = 300;
    const values = Float32Array.of(peak, -peak, 0.5, 17.25);
    const found = await filter(imageOf(values));
    for (const name of pointFilters) {
      const expected = point(name, Float64Array.from(values));
      for (const i of [0, 1]) {
        const high = Math.fround(expected[i]!);
        expect(found.get(name)![i]).toBe(high + Math.fround(expected[i]! - high));
      }
    }
  });

  it.each([
    ['zeros', Int16Array.of(0, 0, 0)],
    ['a constant', Int16Array.of(7, 7, 7)],
    ['a constant fraction', Float32Array.of(0.7, 0.7)],
    ['a NaN', Float32Array.of(Number.NaN, -2, 0, 1.5)],
    ['an infinity', Float32Array.of(Number.POSITIVE_INFINITY, -2, 0, 1.5)],
    ['a negative infinity', Float32Array.of(Number.NEGATIVE_INFINITY, -2, 0, 1.5)],
  ])('make NaN where PyRadiomics does: %s', async (_name, values) => {
    const found = await filter(imageOf(values));
    for (const name of pointFilters) {
      const expected = point(name, Float64Array.from(values));
      expected.forEach((e, i) => {
        expectClose(found.get(name)![i]!, e, { rel: PAIR, what: `${name} of ${values[i]}` });
      });
    }
  });

  it('find the largest magnitude by both words', async () => {
    for (const length of [1, 300, 40_001]) {
      const next = random(length);
      const values = Float64Array.from(
        { length },
        () => (next() < 0.5 ? -1 : 1) * (1 + Math.floor(next() * 1000) * 2 ** -40),
      );
      const device = await toDevice(engine(), imageOf(values), { exact: true });
      const { magnitude, minimum, maximum, whole } = await findPeak(engine(), device);
      engine().release(...buffersOf(device));
      expect(magnitude).toBe(peakOf(values));
      expect([minimum, maximum]).toEqual([
        values.reduce((a, b) => Math.min(a, Math.fround(b)), 1),
        values.reduce((a, b) => Math.max(a, Math.fround(b)), -1),
      ]);
      expect(whole).toBe(values.every(Number.isInteger));
    }
  });

  it('filter a box with the peak of the whole image, on its own grid', async () => {
    const values = Int16Array.from({ length: 7 * 5 * 4 }, (_, i) => ((i * 37) % 101) - 40);
    const volume: Volume = {
      ...imageOf(values, [7, 5, 4]),
      spacing: [2, 3, 5],
      direction: [0, 1, 0, 1, 0, 0, 0, 0, 1],
    };
    const device = await toDevice(engine(), volume);
    const peak = await findPeak(engine(), device);
    const box: Box = { first: [1, 0, 2], last: [5, 3, 2] };
    const rec = new Recording('test');
    const [made] = recordPoint(rec, device, peak, ['squareroot'], box);
    await engine().execute(rec);
    const { data, size, origin } = await fromDevice(engine(), made!.image);
    expect(size).toEqual([5, 4, 1]);
    expect(origin).toEqual([0, 2, 10]);
    const expected = point('squareroot', Float64Array.from(values));
    data.forEach((x, k) => {
      const e = expected[1 + (k % 5) + 7 * (Math.floor(k / 5) + 5 * 2)]!;
      expectClose(x, e, { rel: PAIR });
    });
    expect(() => recordPoint(rec, device, peak, ['square'], { first: [0, 0, 0], last: [7, 0, 0] })).toThrow(/inside/);
  });
});
