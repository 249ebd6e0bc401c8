import { beforeAll, describe, expect, it } from 'vitest';
import { type DeviceMask, maskToDevice } from '../../src/pipeline/device-mask.ts';
import { type DeviceVolume, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import {
  normalise,
  type NormaliseMethod,
  normaliseKernels,
  normaliseVolume,
  parseNormalise,
  percentiles,
  statistics,
} from '../../src/pipeline/normalise/index.ts';
import * as order from '../reference/normalise/order.ts';
import { type Chosen, sample } from '../reference/normalise/sample.ts';
import * as reference from '../reference/normalise/statistics.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { random } from '../support/random.ts';

/** Origin, scale and result are rounded to float32, relative to the range of the result. */
const FLOAT32 = 3e-7;

const length = 20_011;
const next = random(5);
const values = Float32Array.from({ length }, (_, i) =>
  i % 7 === 0 ? 0 : Math.floor(200 * (next() + next() + next())),
);
const inside = Uint8Array.from({ length }, (_, i) => Number(i % 3 === 0 && next() < 0.5) * 4);
const all = Float64Array.from(values);
const mean = all.reduce((a, b) => a + b) / length;

const of = (chosen: Chosen, clip?: readonly [number, number]) => sample(values, chosen, clip ? { clip } : {});
const zscore = (chosen: Chosen, sd: 'populationSd' | 'sampleSd' = 'populationSd') => {
  const s = reference.statistics(of(chosen));
  return (x: number) => (x - s.mean) / s[sd];
};
const limits = (chosen: Chosen, low: number, high: number) =>
  order.percentiles(of(chosen), [low, high]) as [number, number];
const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

/** Each method by its definition, in float64. */
const definitions: Readonly<Record<string, () => (x: number) => number>> = {
  zscore: () => zscore('image'),
  'zscore:sample': () => zscore('image', 'sampleSd'),
  'zscore:mask': () => zscore(inside),
  'zscore:nonzero,sample': () => zscore('nonzero', 'sampleSd'),
  'zscore:positive': () => zscore({ above: 0 }),
  'zscore:above-mean': () => zscore({ above: mean }),
  pyradiomics: () => zscore('image', 'sampleSd'),
  'pyradiomics:scale=100,outliers=1.5': () => {
    const z = zscore('image', 'sampleSd');
    return (x) => clamp(z(x), -1.5, 1.5) * 100;
  },
  'minmax:mask,low=-1,high=3': () => {
    const { minimum, maximum } = reference.statistics(of(inside));
    return (x) => -1 + (4 * (x - minimum)) / (maximum - minimum);
  },
  'clip:2.5,97.5,nonzero': () => {
    const [low, high] = limits('nonzero', 2.5, 97.5);
    return (x) => clamp(x, low, high);
  },
  'percentile:1,99': () => {
    const [low, high] = limits('image', 1, 99);
    return (x) => (clamp(x, low, high) - low) / (high - low);
  },
  'clip:5,95,mask+zscore:nonzero,sample': () => {
    const [low, high] = limits(inside, 5, 95);
    const s = reference.statistics(of('nonzero', [low, high]));
    return (x) => (clamp(x, low, high) - s.mean) / s.sampleSd;
  },
  'clip:5,95,mask+minmax:nonzero,high=255': () => {
    const [low, high] = limits(inside, 5, 95);
    const s = reference.statistics(of('nonzero', [low, high]));
    return (x) => (255 * (clamp(x, low, high) - s.minimum)) / (s.maximum - s.minimum);
  },
  'robust:nonzero': () => {
    const [median] = order.percentiles(of('nonzero'), [50]) as [number];
    const [mad] = order.percentiles(sample(values, 'nonzero', { deviationFrom: median }), [50]) as [number];
    return (x) => (x - median) / (1.4826 * mad);
  },
};

describe('methods', () => {
  const engine = useEngine();
  let image: DeviceVolume;
  let mask: DeviceMask;
  beforeAll(async () => {
    image = await toDevice(engine(), imageOf(Int16Array.from(values)));
    mask = await maskToDevice(engine(), imageOf(inside));
  });

  it.each(Object.keys(definitions))('%s follows its definition', async (text) => {
    const method = parseNormalise(text) as NormaliseMethod;
    await engine().prepare(normaliseKernels(method));
    const before = engine().stats();
    const result = await normalise(engine(), image, method, mask);
    expect(result.type).toBe('float32');
    expect(engine().stats().resident.buffers).toBe(before.resident.buffers + 1);
    expect(engine().stats().pipelines).toBe(before.pipelines);
    const { data } = await fromDevice(engine(), result);
    engine().release(result.voxels);
    const map = (definitions[text] as () => (x: number) => number)();
    const twin = Float64Array.from(values, map);
    const { minimum, maximum } = reference.statistics(twin);
    twin.forEach((y, i) => {
      expectClose(data[i]!, y, { abs: FLOAT32 * (maximum - minimum), what: `voxel ${i}` });
    });
    const again = await normaliseVolume(engine(), imageOf(values), method, imageOf(inside));
    expect(again.data).toEqual(data);
    expect(engine().stats().resident).toEqual(before.resident);
  });

  it('measures what it is told to', async () => {
    expect((await statistics(engine(), image, mask)).count).toBe(of(inside).length);
    expect((await statistics(engine(), image, 'above-mean')).count).toBe(of({ above: mean }).length);
    expect(await percentiles(engine(), image, 'nonzero', [10, 90])).toEqual(order.percentiles(of('nonzero'), [10, 90]));
  });
});

describe('what cannot be normalised', () => {
  const engine = useEngine();
  const attempt = (data: Float32Array, text: string, mask: Uint8Array | null = null) =>
    normaliseVolume(engine(), imageOf(data), parseNormalise(text) as NormaliseMethod, mask && imageOf(mask));
  const flat = new Float32Array(100).fill(7);
  const spiked = Float32Array.from({ length: 100 }, (_, i) => (i < 10 ? i : 5));
  const firstHalf = Uint8Array.from({ length: 100 }, (_, i) => Number(i < 50));
  const broken = (value: number) => Float32Array.from({ length: 100 }, (_, i) => (i === 50 ? value : i));

  it.each([
    ['zscore', flat, null, 'ConstantImage', /standard deviation of 0/],
    ['zscore:sample', Float32Array.of(3), null, 'ConstantImage', /standard deviation of NaN/],
    ['minmax', flat, null, 'ConstantImage', /range of 0/],
    ['clip:1,99+zscore', flat, null, 'ConstantImage', /standard deviation/],
    ['percentile:20,80', spiked, null, 'ConstantImage', /range of 0/],
    ['robust', spiked, null, 'ConstantImage', /median absolute deviation of 0/],
    ['zscore', broken(Number.NaN), null, 'NonFiniteImage', /in the image/],
    ['minmax', broken(Number.NEGATIVE_INFINITY), null, 'NonFiniteImage', /in the image/],
    ['clip:1,99', broken(Number.POSITIVE_INFINITY), null, 'NonFiniteImage', /in the image/],
    ['clip:1,99,mask+zscore', broken(Number.NaN), firstHalf, 'NonFiniteImage', /in the image/],
    ['zscore:nonzero', broken(Number.NaN), null, 'NonFiniteImage', /nonzero/],
    ['zscore:above-mean', broken(Number.NaN), null, 'NonFiniteImage', /in the image/],
    ['robust:mask', broken(Number.NaN), new Uint8Array(100).fill(1), 'NonFiniteImage', /in the mask/],
    ['zscore:mask', spiked, new Uint8Array(100), 'EmptyMask', /the mask/],
    ['zscore:nonzero', new Float32Array(100), null, 'EmptyMask', /nonzero/],
    ['zscore:above-mean', flat, null, 'ConstantImage', /found 7 everywhere/],
    ['zscore:mask', spiked, null, 'BadSetting', /mask .* none is given/],
    ['zscore:mask', spiked, new Uint8Array(99), 'GeometryMismatch', /99 x 1 x 1 .* 100 x 1 x 1/],
  ] as const)('%s: a typed error', async (text, data, mask, code, message) => {
    const { resident } = engine().stats();
    await expect(attempt(data, text, mask)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(engine().stats().resident).toEqual(resident);
  });

  it('leaves NaN outside the measured voxels as it is and clips infinity', async () => {
    const data = broken(Number.NaN);
    data[51] = Number.POSITIVE_INFINITY;
    const result = await attempt(data, 'clip:0,100,mask', firstHalf);
    expect(Array.from(result.data.subarray(48, 54))).toEqual([48, 49, Number.NaN, 49, 49, 49]);
  });

  it('refuses percentiles outside 0 to 100', async () => {
    const image = await toDevice(engine(), imageOf(spiked));
    await expect(percentiles(engine(), image, 'image', [101])).rejects.toMatchObject({ code: 'BadSetting' });
  });
});
