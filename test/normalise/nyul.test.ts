import { describe, expect, it } from 'vitest';
import { fitNyul, normaliseVolume, type NyulScale, parseNyul } from '../../src/pipeline/normalise/index.ts';
import { piecewise } from '../reference/normalise/maps.ts';
import { percentiles } from '../reference/normalise/order.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { random } from '../support/random.ts';

/** Landmark, slope and result are rounded to float32. */
const FLOAT32 = 3e-7;
const deciles = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99];

const scan = (seed: number, gain: number, bend: number): Float32Array => {
  const next = random(seed);
  return Float32Array.from({ length: 9000 }, () => Math.round(gain * (next() + next()) ** bend));
};
const above = (values: Float32Array) => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Float64Array.from(values).filter((x) => x > mean);
};

describe('Nyul', () => {
  const engine = useEngine();
  const cohort = [scan(1, 300, 1), scan(2, 900, 1.3), scan(3, 50, 0.8)];

  it('learns the mean of the landmarks, from any iterable, and survives JSON', async () => {
    const learned = cohort.map((values) => {
      const x = percentiles(above(values), deciles);
      return x.map((v) => (100 * (v - x[0]!)) / (x.at(-1)! - x[0]!));
    });
    async function* reading() {
      for (const values of cohort) yield { image: imageOf(values) };
    }
    const { resident } = engine().stats();
    const scale = await fitNyul(engine(), reading());
    expect(engine().stats().resident).toEqual(resident);
    expect(scale).toMatchObject({ version: 1, within: 'above-mean', percentiles: deciles, images: 3 });
    scale.landmarks.forEach((y, k) => {
      expectClose(y, learned.reduce((sum, x) => sum + x[k]!, 0) / 3, { rel: 1e-12, what: `landmark ${k}` });
    });
    expect(parseNyul(JSON.parse(JSON.stringify(scale)))).toEqual(scale);
    const range = await fitNyul(engine(), [{ image: imageOf(cohort[0]!) }], { range: [-5, 5], percentiles: [5, 95] });
    expect(range.landmarks).toEqual([-5, 5]);
  });

  it('moves the landmarks of an image to the scale', async () => {
    const standard = await fitNyul(
      engine(),
      cohort.map((values) => ({ image: imageOf(values) })),
    );
    const values = scan(9, 700, 1.1);
    const { data } = await normaliseVolume(engine(), imageOf(values), { name: 'nyul', standard });
    const map = { kind: 'piecewise', from: percentiles(above(values), deciles), to: standard.landmarks } as const;
    const range = piecewise(Math.max(...values), map) - piecewise(Math.min(...values), map);
    values.forEach((x, i) => {
      expectClose(data[i]!, piecewise(x, map), { abs: FLOAT32 * range, what: `voxel ${i}` });
    });
  });

  it('keeps the first of equal landmarks', async () => {
    const standard: NyulScale = {
      format: 'voxomics-nyul',
      version: 1,
      within: 'image',
      percentiles: [0, 25, 50, 75, 100],
      landmarks: [0, 10, 20, 30, 100],
      images: 1,
    };
    const values = Float32Array.of(1, 2, 2, 2, 8);
    const { data } = await normaliseVolume(engine(), imageOf(values), { name: 'nyul', standard });
    expect(Array.from(data)).toEqual([0, 10, 10, 10, 100]);
    await expect(
      normaliseVolume(engine(), imageOf(new Float32Array(5)), { name: 'nyul', standard }),
    ).rejects.toMatchObject({ code: 'ConstantImage' });
  });

  it('takes landmarks inside masks', async () => {
    const image = imageOf(Float32Array.of(0, 1, 2, 3, 1000, 1000));
    const mask = imageOf(Uint8Array.of(0, 1, 1, 1, 0, 0));
    const options = { within: 'mask', percentiles: [0, 50, 100], range: [0, 1] } as const;
    expect((await fitNyul(engine(), [{ image, mask }], options)).landmarks).toEqual([0, 0.5, 1]);
    await expect(fitNyul(engine(), [{ image }], options)).rejects.toMatchObject({ code: 'BadSetting' });
  });

  it.each([
    [[], {}, 'BadSetting', /found none/],
    [[{ image: imageOf(new Float32Array(9).fill(2)) }], { within: 'image' }, 'ConstantImage', /image 1/],
    [[], { percentiles: [1] }, 'BadSetting', /two or more ascending percentiles/],
    [[], { percentiles: [50, 50] }, 'BadSetting', /ascending/],
    [[], { range: [1, 0] }, 'BadSetting', /ascending range/],
  ] as const)('cohort %# is refused', async (images, options, code, message) => {
    await expect(fitNyul(engine(), images, options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it.each([null, {}, { format: 'voxomics-nyul', version: 2 }])('%j is no scale', (json) => {
    expect(() => parseNyul(json)).toThrow(/expected a Nyul scale of version 1/);
  });
  it('a scale needs a landmark for each percentile', () => {
    const scale = { format: 'voxomics-nyul', version: 1, within: 'image', images: 1, percentiles: [1, 2] };
    expect(() => parseNyul({ ...scale, landmarks: [0, 1, 2] })).toThrow(/as many landmarks/);
    expect(() => parseNyul({ ...scale, percentiles: [2, 1], landmarks: [0, 1] })).toThrow(/ascending/);
  });
});
