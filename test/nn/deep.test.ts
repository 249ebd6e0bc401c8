/** Deep features of regions, with a network that is easy to see through: what goes in, what comes out where, and what cannot. */
import { describe, expect, it } from 'vitest';
import { extract, type ExtractOptions } from '../../src/pipeline/extract.ts';
import { deepFeatures, type DeepFeaturesOptions } from '../../src/pipeline/nn/deep-features.ts';
import { preprocess, type PreprocessSteps } from '../../src/pipeline/preprocess.ts';
import { resampleMask } from '../../src/pipeline/resample/index.ts';
import type { Row } from '../../src/pipeline/row.ts';
import type { Vec3, Volume, VoxelArray } from '../../src/pipeline/volume.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { seeThrough } from '../support/networks.ts';
import { random, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';

/** Resampling in float32 before a crop, in pairs of float32 in `extract`; values of a few SD. */
const FLOAT32 = 2e-5;

const size: Vec3 = [24, 20, 16];
const next = random(77);
const values = Float32Array.from({ length: voxelCount(size) }, (_, i) => {
  const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
  return 200 + 60 * Math.sin(x / 3) + 40 * Math.cos(y / 4 + z / 3) + 10 * next();
});
const grid = { ...volumeOf(new Uint8Array(0), size), spacing: [0.9, 0.9, 1.5] as Vec3 };
const image: Volume = { ...grid, data: values };
const ball = (x: number, y: number, z: number, r: number, i: number) =>
  ((i % size[0]) - x) ** 2 +
    ((Math.floor(i / size[0]) % size[1]) - y) ** 2 +
    (Math.floor(i / (size[0] * size[1])) - z) ** 2 <
  r * r;
const labels = Uint8Array.from(values, (_, i) =>
  ball(7, 8, 7, 4, i) ? 1 : ball(17, 12, 9, 3, i) ? 2 : ball(20, 4, 3, 2.5, i) ? 5 : 0,
);
const mask = { ...grid, data: labels };
const names = ['000', '001', '002', '003'].map((k) => `deep_medicalnet_${k}`);
const deepOf = (row: Row) => names.map((name) => row[name] as number);
function close(found: Row, expected: Row): void {
  for (const what of names) expectClose(found[what] as number, expected[what] as number, { abs: FLOAT32, what });
}

describe('deep features', () => {
  const engine = useEngine();
  const run = (options: Partial<DeepFeaturesOptions> = {}, of: Volume = image) =>
    deepFeatures(engine(), of, mask, { network: seeThrough(), size: [6, 8, 10], ...options });

  it('come in a row for each region, with what they depend on', async () => {
    const network = seeThrough();
    const rows = await run({ network, labels: 'all', margin: { value: 2, unit: 'voxels' }, zscore: 'mask' });
    expect(rows).toHaveLength(3);
    expect(network.batches).toEqual([3]);
    expect(rows[0]).toMatchObject({
      diagnostics_Deep_Architecture: 'medicalnet',
      diagnostics_Deep_Weights: 'hash:none',
      diagnostics_Deep_Weights_Sha256: 'ab'.repeat(32),
      diagnostics_Deep_Layer: 'pool',
      diagnostics_Deep_Size: [6, 8, 10],
      diagnostics_Deep_Input: { margin: '2 voxels', zscore: 'mask', masked: false, noise: null },
      diagnostics_Deep_Precision: 'f32',
      diagnostics_Deep_Backend: 'test',
      'diagnostics_Mask-original_VoxelNum': labels.filter((l) => l === 1).length,
    });
    const features = Object.keys(rows[0]!).filter((name) => !/^(diagnostics|voxomics)_/.test(name));
    expect(features).toEqual(names);
    for (const [k, label] of [1, 2, 5].entries())
      expect(
        deepOf((await run({ labels: [label], margin: { value: 2, unit: 'voxels' }, zscore: 'mask' }))[0]!),
      ).toEqual(deepOf(rows[k]!));
  });

  it('leave the other features of a row alone, and are the same beside them', async () => {
    const network = seeThrough();
    const options: ExtractOptions = {
      labels: [1, 2],
      classes: ['firstorder', 'glcm'],
      imageTypes: ['Original', 'Square'],
    };
    const alone = await extract(engine(), image, mask, options);
    const both = await extract(engine(), image, mask, { ...options, deep: { network, size: [6, 8, 10] } });
    const deep = await run({ labels: [1, 2] });
    both.forEach((row, k) => {
      expect(row).toMatchObject(alone[k]!);
      expect(deepOf(row)).toEqual(deepOf(deep[k]!));
      expect(Object.keys(row).slice(-5)).toEqual([...names, 'voxomics_reasons']);
    });
  });

  const round = (by: number) => values.map((v) => Math.round(by * v));
  it.each<[string, VoxelArray]>([
    ['int16', Int16Array.from(round(1))],
    ['int32 within 24 bits', Int32Array.from(round(1e4))],
    ['int32 beyond 24 bits', Int32Array.from(round(1e6), (v) => v | 1)],
    ['uint32', Uint32Array.from(round(1))],
    ['float32', values],
    ['float32 of whole numbers', round(1)],
    ['float64 of 48 bits', Float64Array.from(values, (v, i) => v + (i % 7) * 2 ** -30)],
    ['float64 of whole numbers of 30 bits', Float64Array.from(values, (v) => Math.round(v * 2 ** 22) | 1)],
    ['float64', Float64Array.from(values, (v) => v / 3)],
  ])('share the upload of %s with radiomics, which does not change', async (_, data) => {
    const of = { ...image, data };
    const options: ExtractOptions = {
      labels: [1, 5],
      settings: { binCount: 16 },
      classes: ['firstorder', 'loc', 'glcm'],
      imageTypes: { Original: {}, LoG: { sigma: [1] } },
    };
    const deep = { network: seeThrough(), size: [6, 8, 10], margin: { value: 1, unit: 'voxels' } } as const;
    const alone = await extract(engine(), of, mask, options);
    const both = await extract(engine(), of, mask, { ...options, deep });
    both.forEach((row, k) => {
      expect(row).toMatchObject(alone[k]!);
      expect(row['original_glcm_Contrast']).toBeGreaterThan(0);
      expect(deepOf(row).every(Number.isFinite)).toBe(true);
    });
  });

  it('bring a voxel to the GPU once, however many crops hold it and whatever else is computed of it', async () => {
    const bytesOf = async (options: ExtractOptions) => {
      const before = engine().stats().uploaded;
      await extract(engine(), image, mask, { labels: 'all', ...options });
      return engine().stats().uploaded - before;
    };
    const deep = { network: seeThrough(), margin: { value: 99, unit: 'mm' }, size: [4, 4, 4] } as const;
    const classes = ['firstorder', 'glcm'] as const;
    const [image32, labels8] = [4 * values.length, values.length];
    const types = ['Original', 'Square'] as const;
    for (const options of [{ classes }, { classes: [] }, { classes, imageTypes: types }])
      for (const masked of [false, true]) {
        const bytes = await bytesOf({ ...options, deep: { ...deep, masked } });
        expect(bytes).toBeGreaterThan(image32);
        // The mask's bytes and tables of positions; for each masked crop a bit per voxel.
        expect(bytes).toBeLessThan(image32 + labels8 + (masked ? (3 * labels8) / 8 : 0));
      }
  });

  it('see the image after the steps before them, as far as the margin reaches', async () => {
    const steps: PreprocessSteps = { normalise: { name: 'zscore' }, resample: { spacing: [1, 1, 1] } };
    const margin = { value: 7, unit: 'mm' } as const;
    const ready = await preprocess(engine(), image, steps);
    const moved = await resampleMask(engine(), mask, ready.image);
    const network = seeThrough();
    const expected = await deepFeatures(engine(), ready.image, moved, { network, labels: [1, 5], margin });
    const together = seeThrough();
    const found = await run({ network: together, size: undefined, labels: [1, 5], margin, preprocess: steps });
    // Each region has a grid of its own.
    expect(together.batches).toEqual([2]);
    found.forEach((row, k) => {
      close(row, expected[k]!);
      expect(row).toMatchObject({
        diagnostics_Preprocessing_Normalise: { name: 'zscore' },
        diagnostics_Preprocessing_Resample: { spacing: [1, 1, 1], grid: 'pyradiomics' },
      });
    });
  });

  it('of an image without a mask are those of a mask that covers it', async () => {
    const network = seeThrough();
    const whole = { ...grid, data: new Uint8Array(values.length).fill(1) };
    const [found] = await deepFeatures(engine(), image, null, { network });
    const [expected] = await deepFeatures(engine(), image, whole, { network });
    expect(deepOf(found!)).toEqual(deepOf(expected!));
    const steps: PreprocessSteps = { normalise: { name: 'minmax' }, resample: { spacing: [2, 2, 2] } };
    const [stepped] = await deepFeatures(engine(), image, null, { network, zscore: null, preprocess: steps });
    const ready = (await preprocess(engine(), image, steps)).image;
    expect(deepOf(stepped!)).toEqual(
      deepOf((await deepFeatures(engine(), ready, null, { network, zscore: null }))[0]!),
    );
    expect(stepped).toMatchObject({
      diagnostics_Preprocessing_Normalise: { name: 'minmax' },
      diagnostics_Preprocessing_Resample: { spacing: [2, 2, 2], interpolator: 'sitkBSpline', grid: 'pyradiomics' },
    });
    expect(Object.keys(found!).filter((name) => name.includes('Preprocessing'))).toEqual([]);
    const [raw] = await deepFeatures(engine(), image, null, { network, raw: true });
    expect(deepOf(raw!)[1]).toBe(values[0]);
    expect(deepOf(raw!)[2]).toBe(values.at(-1));
    expect(raw).toMatchObject({ diagnostics_Deep_Size: [16, 20, 24], diagnostics_Deep_Input: 'raw' });
  });

  it('of 2D images have one slice', async () => {
    const plane = { ...grid, dimension: 2 as const, size: [24, 20, 1] as Vec3 };
    const flat = { ...plane, data: values.slice(7 * 480, 8 * 480) };
    const within = { ...plane, data: labels.slice(7 * 480, 8 * 480) };
    const network = seeThrough();
    const [row] = await deepFeatures(engine(), flat, within, { network, size: [64, 8, 8], labels: [1] });
    expect(row).toMatchObject({ diagnostics_Deep_Size: [1, 8, 8] });
    const volume = { dimension: 3 as const };
    const [same] = await deepFeatures(
      engine(),
      { ...flat, ...volume },
      { ...within, ...volume },
      { network, size: [2, 8, 8], labels: [1] },
    );
    expect(deepOf(row!)).toEqual(deepOf(same!));
  });

  it('are missing with the reason where a crop has none', async () => {
    const flat = Float32Array.from(values, (v, i) => (labels[i] === 2 ? 9 : v));
    const options = { zscore: 'mask', labels: [1, 2] } as const;
    const [good, bad] = await run(options, { ...image, data: flat });
    expect(deepOf(good!).every(Number.isFinite)).toBe(true);
    expect(bad).toMatchObject({ voxomics_error: { code: 'ConstantImage' } });
    await expect(run({ zscore: 'mask', labels: [2] }, { ...image, data: flat })).rejects.toMatchObject({
      code: 'ConstantImage',
    });
    const deep = { network: seeThrough(), zscore: 'mask' } as const;
    const beside = { classes: ['shape'], labels: [2], deep } as const;
    const [row] = await extract(engine(), { ...image, data: flat }, mask, beside);
    expect(row!['original_shape_Sphericity']).toBeGreaterThan(0);
    expect(deepOf(row!)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    expect(row!['voxomics_reasons']).toMatchObject({ deep_medicalnet_003: expect.stringMatching(/^ConstantImage: /) });
  });

  it.each([
    ['raw with a mask', mask, { raw: true }, /leave out mask/],
    ['raw with a step before', null, { raw: true, preprocess: { n4: {} } }, /leave out preprocess/],
    ['raw with a size', null, { raw: true, size: [8, 8, 8] }, /leave out size/],
    ['a masked crop without a mask', null, { masked: true }, /pass the mask/],
    ['labels without a mask', null, { labels: [1] }, /pass the mask/],
  ] as const)('refuse %s', async (_, given, options, message) => {
    const asked = deepFeatures(engine(), image, given, { network: seeThrough(), ...options });
    await expect(asked).rejects.toMatchObject({ code: 'BadSetting', message: expect.stringMatching(message) });
  });
});
