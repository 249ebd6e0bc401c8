import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { maskToDevice } from '../../src/pipeline/device-mask.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { type Affine, type IntensityMap, recordExactMap, recordMap } from '../../src/pipeline/normalise/maps.ts';
import { samplingOf, type Voxels } from '../../src/pipeline/normalise/sampling.ts';
import { measureDistribution, measureSampling } from '../../src/pipeline/normalise/statistics.ts';
import * as maps from '../reference/normalise/maps.ts';
import { percentiles } from '../reference/normalise/order.ts';
import { type Chosen, type Rules, sample } from '../reference/normalise/sample.ts';
import { statistics } from '../reference/normalise/statistics.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { random } from '../support/random.ts';

/** Whole numbers are summed exactly; what is left is the float64 rounding of both sides. */
const EXACT = 1e-12;
/** Other values are taken to 24 bits of the largest of their block: half a unit, of either sign. */
const FIXED_POINT = 2 ** -24;
/** Three roundings to float32, of values up to the range of the result. */
const FLOAT32 = 3 * 2 ** -24;

/** The same in numbers of 48 bits, which carry a few units of rounding. */
const TWOFOLD = 8 * 2 ** -48;

/** Around the 16,384 voxels of a block, and few. */
const lengths = [1, 2, 63, 65, 255, 257, 16_383, 16_384, 16_385, 40_001];

const scratch = new DataView(new ArrayBuffer(4));
/** Any finite float32, denormals and negative zero included. */
function anyFloat(next: () => number): number {
  scratch.setUint32(0, Math.floor(next() * 2 ** 32));
  const value = scratch.getFloat32(0);
  return Number.isFinite(value) ? value : 0;
}

/** What voxels may look like. */
const contents: Readonly<Record<string, (next: () => number) => number>> = {
  'signed integers': (next) => Math.floor(next() * 4096) - 1024,
  'few integers': (next) => Math.floor(next() * 4),
  'integers of 24 bits': (next) => Math.floor(next() * 2 ** 24) - 2 ** 23,
  fractions: (next) => next() * 3 - 1,
  'small spread far from zero': (next) => 1e5 + next(),
  'eight decades': (next) => (next() - 0.5) * 10 ** (next() * 8),
  'mostly zero': (next) => (next() < 0.8 ? -0 : next()),
};

const fill = (length: number, content: (next: () => number) => number, seed: number): Float32Array => {
  const next = random(seed);
  for (let k = 0; k < 5; k++) next();
  return Float32Array.from({ length }, () => content(next));
};

/** Whether 24 bits of the largest hold every value: float32 within a factor of two of each other. */
const isClose = (values: Float32Array, largest: number) => values.every((x) => 2 * Math.abs(x) >= largest);
const isWhole = (values: Float32Array) => values.every((x) => Number.isInteger(x));
const wanted = [0, 0.5, 1, 10, 25, 33.3, 50, 75, 90, 99, 99.9, 100];

describe('measuring', () => {
  const engine = useEngine();

  /** Compares statistics and percentiles of a sampling with the twins. */
  async function check(values: Float32Array, chosen: Chosen, rules: Rules = {}): Promise<void> {
    const expected = sample(values, chosen, rules);
    if (expected.length === 0) return;
    const image = await toDevice(engine(), imageOf(values));
    const mask = typeof chosen === 'object' && !('above' in chosen) ? chosen : null;
    const device = mask ? await maskToDevice(engine(), imageOf(Uint8Array.from(mask))) : null;
    const sampling = { ...samplingOf(image, device ?? (chosen as Exclude<Voxels, { inside: unknown }>)), ...rules };
    const distribution = await measureDistribution(engine(), sampling, wanted);
    const found = await measureSampling(engine(), sampling);
    engine().release(image.voxels, ...(device ? [device.inside] : []));
    const twin = statistics(expected);
    expect([found.count, found.minimum, found.maximum]).toEqual([twin.count, twin.minimum, twin.maximum]);
    expect([distribution.count, distribution.minimum, distribution.maximum]).toEqual([
      twin.count,
      twin.minimum,
      twin.maximum,
    ]);
    expect(distribution.percentiles).toEqual(percentiles(expected, wanted));
    const largest = Math.max(Math.abs(twin.minimum), Math.abs(twin.maximum));
    const tolerance =
      isWhole(values) || isClose(values, largest) ? { rel: EXACT, abs: EXACT } : { abs: FIXED_POINT * largest };
    expectClose(found.mean, twin.mean, { ...tolerance, what: 'mean' });
    expectClose(found.populationSd, twin.populationSd, { ...tolerance, what: 'SD' });
    if (twin.count > 1) expectClose(found.sampleSd, twin.sampleSd, { ...tolerance, what: 'sample SD' });
  }

  it.each(lengths)('%i voxels of every content, chosen every way', async (length) => {
    for (const [name, content] of Object.entries(contents)) {
      const values = fill(length, content, length + name.length);
      await check(values, 'image');
      await check(values, 'nonzero');
      await check(values, { above: values.reduce((sum, x) => sum + x, 0) / length });
      await check(
        values,
        fill(length, (next) => Number(next() < 0.3), length),
      );
    }
  });

  it('clips before it measures, and measures distances from a centre', async () => {
    for (const content of Object.values(contents)) {
      const values = fill(20_000, content, 3);
      const [low, middle, high] = percentiles(Float64Array.from(values), [5, 50, 95]).map(Math.fround) as [
        number,
        number,
        number,
      ];
      await check(values, 'image', { clip: [low, high] });
      // Exact where the distance is a float32, as that of whole numbers is.
      if (isWhole(values)) await check(values, 'nonzero', { deviationFrom: Math.round(middle) });
    }
  });

  it('finds any float32 exactly, denormals and huge values included', async () => {
    const values = fill(30_000, anyFloat, 17);
    const image = await toDevice(engine(), imageOf(values));
    const { percentiles: found } = await measureDistribution(engine(), samplingOf(image, 'image'), wanted);
    expect(found).toEqual(
      percentiles(
        Float64Array.from(values, (x) => x + 0),
        wanted,
      ),
    );
  });

  it('keeps 1e-9 of mean and SD over ten million whole numbers', async () => {
    const [period, repeats] = [9973, 1003];
    const values = new Float32Array(period * repeats);
    for (let i = 0; i < values.length; i++) values[i] = (i % period) + 3e6;
    const image = await toDevice(engine(), imageOf(values));
    const found = await measureSampling(engine(), samplingOf(image, 'image'));
    engine().release(image.voxels);
    expectClose(found.mean, 3e6 + (period - 1) / 2, { rel: 1e-14, what: 'mean' });
    expectClose(found.populationSd, Math.sqrt((period ** 2 - 1) / 12), { rel: 1e-12, what: 'SD' });
  });
});

describe('mapping', () => {
  const engine = useEngine();
  const unclamped = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const cases: readonly (readonly [string, IntensityMap])[] = [
    ['affine', { kind: 'affine', origin: 100.3, scale: 1 / 37.7, shift: 0.25, ...unclamped }],
    ['affine, clamped', { kind: 'affine', origin: 1 / 3, scale: 7, shift: -1, low: -2.5, high: 1000 }],
    ['piecewise', { kind: 'piecewise', from: [-3.3, 0, 0.1, 500.7, 3000], to: [0, 10, 55, 60, 100] }],
    ['one segment', { kind: 'piecewise', from: [10, 20], to: [1, -1] }],
  ];

  it.each(cases)('%s equals the CPU twin on awkward lengths', async (_name, map) => {
    for (const length of lengths) {
      const values = fill(length, contents['signed integers'] as () => number, length);
      values[0] = Number.NaN;
      const image = await toDevice(engine(), imageOf(values));
      const rec = new Recording('test');
      const mapped = recordMap(rec, image, map);
      await engine().execute(rec);
      const { data } = await fromDevice(engine(), mapped);
      engine().release(image.voxels, mapped.voxels);
      expect(mapped.type).toBe('float32');
      expect(data[0]).toBeNaN();
      const twin = Array.from(values, (x) => (map.kind === 'affine' ? maps.affine(x, map) : maps.piecewise(x, map)));
      const range = Math.max(...twin.slice(1).map(Math.abs), 0);
      for (let i = 1; i < length; i++) expectClose(data[i]!, twin[i]!, { abs: FLOAT32 * range, what: `voxel ${i}` });
    }
  });

  it.each(cases.filter(([, map]) => map.kind === 'affine'))('exact %s equals the CPU twin', async (_name, map) => {
    for (const length of lengths) {
      for (const whole of [true, false]) {
        const values = Float64Array.from({ length }, (_, i) => (i * 37.1) % 3000);
        const data = whole ? values.map(Math.round) : values;
        data.set([Number.NaN, Number.POSITIVE_INFINITY].slice(0, length));
        const image = await toDevice(engine(), imageOf(data), { exact: true });
        const rec = new Recording('test');
        const mapped = recordExactMap(rec, image, map as Affine);
        await engine().execute(rec);
        const found = (await fromDevice(engine(), mapped)).data;
        engine().release(...buffersOf(image), ...buffersOf(mapped));
        expect(found[0]).toBeNaN();
        const twin = Array.from(data, (x) => maps.affine(x, map as Affine));
        if (length > 1) expect(found[1]).toBe(twin[1] === Number.POSITIVE_INFINITY ? twin[1] : Math.fround(twin[1]!));
        const range = twin.reduce((most, y) => (Number.isFinite(y) ? Math.max(most, Math.abs(y)) : most), 0);
        for (let i = 2; i < length; i++) expectClose(found[i]!, twin[i]!, { abs: TWOFOLD * range, what: `voxel ${i}` });
      }
    }
  });

  it('is exact near an origin far from zero', async () => {
    const origin = 1e6 + 1 / 3;
    const values = Float32Array.of(1e6, 1e6 + 1, 1e6 + 0.5);
    const image = await toDevice(engine(), imageOf(values));
    const rec = new Recording('test');
    const mapped = recordMap(rec, image, { kind: 'affine', origin, scale: 1, shift: 0, ...unclamped });
    await engine().execute(rec);
    const { data } = await fromDevice(engine(), mapped);
    values.forEach((x, i) => {
      expectClose(data[i]!, x - origin, { abs: FLOAT32, what: `voxel ${i}` });
    });
  });
});
