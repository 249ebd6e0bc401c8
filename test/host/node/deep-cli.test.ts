/** `voxomics deep` and `extract --deep`: rows, options, errors, and the recorded features of whole volumes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { hashVolume } from '../../../src/pipeline/nn/hash-weights.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';
import { useCommandLine } from '../../support/cli.ts';
import { niftiGz } from '../../support/files.ts';
import { readNpy } from '../../support/npy.ts';
import { random } from '../../support/random.ts';
import { volumeOf } from '../../support/region.ts';
import { describeShared, hasShared, sharedPath } from '../../support/shared.ts';

type Row = Record<string, unknown>;

/** Relative L2 of features in float32 (reference/resnet/README.md). */
const FLOAT32 = 5e-6;

const { file, voxomics } = useCommandLine((path) => {
  const next = random(21);
  const size = [20, 18, 12] as const;
  const grid = { ...volumeOf(new Uint8Array(0), size), spacing: [1, 1, 2] as const };
  const voxels = size[0] * size[1] * size[2];
  const image = Int16Array.from({ length: voxels }, (_, i) => 200 + 80 * Math.sin(i / 9) + 50 * next());
  const mask = Uint8Array.from({ length: voxels }, (_, i) => (i % 20 < 8 ? 1 : i % 20 > 12 ? 2 : 0));
  const write = (name: string, data: Int16Array | Uint8Array) => writeFileSync(path(name), niftiGz({ ...grid, data }));
  write('image.nii.gz', image);
  write('mask.nii.gz', mask);
  write('flat.nii.gz', new Int16Array(voxels).fill(3));
  writeFileSync(path('cases.csv'), 'ID,Image,Mask\na,image.nii.gz,mask.nii.gz\nb,flat.nii.gz,mask.nii.gz\n');
  writeFileSync(path('not.pth'), 'no weights');
});

const weights = ['--weights', 'hash:voxomics-ref-1'];
const medicalnet = ['--arch', 'medicalnet', ...weights];
const small = ['--size', '12,16,20'];
const rowsOf = (stdout: string) => JSON.parse(stdout) as Row[];
const features = (row: Row, arch = 'medicalnet') =>
  Object.keys(row)
    .filter((name) => name.startsWith(`deep_${arch}_`))
    .map((name) => Number(row[name]));

describe('voxomics deep', () => {
  it('prints a row with 512 features and what they depend on', async () => {
    const { code, stdout } = await voxomics('deep', 'image.nii.gz', 'mask.nii.gz', ...medicalnet, ...small);
    expect(code).toBe(0);
    const [row, ...others] = rowsOf(stdout);
    expect(others).toEqual([]);
    expect(
      Object.keys(row!)
        .filter((name) => name.startsWith('deep_'))
        .at(0),
    ).toBe('deep_medicalnet_000');
    expect(features(row!)).toHaveLength(512);
    expect(features(row!).every((value) => value >= 0)).toBe(true);
    expect(row).toMatchObject({
      diagnostics_Deep_Architecture: 'medicalnet',
      diagnostics_Deep_Weights: 'hash:voxomics-ref-1',
      diagnostics_Deep_Weights_Sha256: null,
      diagnostics_Deep_Layer: 'pool',
      diagnostics_Deep_Size: [12, 16, 20],
      diagnostics_Deep_Input: { margin: '5 mm', zscore: 'crop', masked: false, noise: null },
      voxomics_reasons: {},
    });
    expect(Object.keys(row!).filter((name) => name.startsWith('original_'))).toEqual([]);
  });

  it('writes a row for each label, in CSV and Parquet, the same as beside radiomics', async () => {
    const options = ['--margin', '3voxels', '--zscore', 'mask', '--masked', '--layer', 'layer1'];
    const labels = ['--label', 'all'];
    const given = ['deep', 'image.nii.gz', 'mask.nii.gz', ...medicalnet, ...small, ...options, ...labels];
    expect(await voxomics(...given, '-o', 'deep.parquet')).toMatchObject({ code: 0, stdout: '' });
    const rows = (await parquetReadObjects({ file: await asyncBufferFromFile(file('deep.parquet')) })) as Row[];
    expect(rows).toHaveLength(2);
    expect(Object.keys(rows[1]!)).toContain('deep_medicalnet_layer1_063');
    const words = 'medicalnet,size=12x16x20,margin=3voxels,zscore=mask,masked,layer=layer1';
    const beside = ['--deep', words, ...weights, '--classes', 'firstorder'];
    const { code, stdout } = await voxomics('extract', 'image.nii.gz', 'mask.nii.gz', ...beside, ...labels);
    expect(code).toBe(0);
    rowsOf(stdout).forEach((row, k) => {
      expect(row).toHaveProperty('original_firstorder_Mean');
      expect(features(row)).toHaveLength(64);
      expect(features(row)).toEqual(features(rows[k]!));
    });
  });

  it('goes through a cohort, a bad case being a row', async () => {
    const run = await voxomics('deep', 'cases.csv', ...medicalnet, ...small, '-o', 'cohort.csv');
    expect(run.code).toBe(5);
    const [head, good, bad] = readFileSync(file('cohort.csv'), 'utf8').split('\r\n');
    expect(head).toMatch(/^ID,Image,Mask,.*deep_medicalnet_511/);
    expect(good).toMatch(/^a,image.nii.gz,mask.nii.gz,.*hash:voxomics-ref-1/);
    expect(bad).toMatch(/^b,.*ConstantImage/);
    expect(existsSync(file('cohort.csv.journal'))).toBe(false);
  });

  it('says what the network will keep, and takes MONAI’s other first layers', async () => {
    const given = ['image.nii.gz', 'mask.nii.gz', '--arch', 'monai', ...weights, '--stem-stride', '1', '--no-max-pool'];
    const deep = await voxomics('deep', ...given, '--size', '6,8,8', '--backend', 'gpu');
    expect(deep.code).toBe(0);
    expect(deep.stderr).toMatch(
      /monai, pool, f\d+, on .+: weights \d+ MB; up to 4 inputs of 8 x 8 x 6 voxels at a time: .+ kB, activations .+ MB/,
    );
    const [row] = rowsOf(deep.stdout);
    expect(row).toMatchObject({ diagnostics_Deep_Stem: { stride: 1, maxPool: false } });
    const words = 'monai,stem-stride=1,no-max-pool,size=6x8x8,backend=gpu';
    const beside = await voxomics('extract', ...given.slice(0, 2), '--deep', words, ...weights, '-c', 'firstorder');
    expect(features(rowsOf(beside.stdout)[0]!, 'monai')).toEqual(features(row!, 'monai'));
    const cpu = await voxomics('deep', 'image.nii.gz', ...medicalnet, ...small, '--backend', 'wasm');
    expect(cpu.stderr).toMatch(
      /by onnxruntime-.+: weights 132 MB; one input of 20 x 16 x 12 voxels at a time: 15.4 kB/,
    );
    expect(rowsOf(cpu.stdout)[0]).toMatchObject({ diagnostics_Deep_Stem: { stride: 2, maxPool: true } });
  });

  it('takes an image without a mask', async () => {
    const { code, stdout } = await voxomics('deep', 'image.nii.gz', ...medicalnet, ...small, '--noise', '4');
    expect(code).toBe(0);
    const [row] = rowsOf(stdout);
    expect(features(row!)).toHaveLength(512);
    expect(row).toMatchObject({ diagnostics_Deep_Input: { noise: 4 } });
    const raw = ['deep', 'image.nii.gz', ...medicalnet, '--raw', '--backend'];
    const [here, there] = [
      rowsOf((await voxomics(...raw, 'wasm')).stdout)[0]!,
      rowsOf((await voxomics(...raw, 'gpu')).stdout)[0]!,
    ];
    const error = Math.hypot(...features(here).map((value, k) => value - features(there)[k]!));
    expect(error / Math.hypot(...features(here))).toBeLessThan(2 * FLOAT32);
  });

  const pair = ['image.nii.gz', 'mask.nii.gz'];
  it.each([
    [2, ['deep', ...pair, ...weights], /required option '--arch <name>'/],
    [2, ['deep', ...pair, '--arch', 'medicalnet'], /required option '--weights <file>'/],
    [2, ['deep', ...pair, '--arch', 'resnet', ...weights], /Allowed choices are medicalnet, monai, torchvision/],
    [2, ['deep', 'cases.csv', ...medicalnet], /pass --output/],
    [1, ['deep', ...pair, ...medicalnet, '--size', '0,4,4'], /BadSetting: size: expected three whole numbers above 0/],
    [1, ['deep', ...pair, ...medicalnet, '--margin', '5'], /margin: expected a length such as 5mm or 3voxels/],
    [1, ['deep', ...pair, ...medicalnet, '--zscore', 'lesion'], /zscore: expected one of crop, mask, positive, none/],
    [1, ['deep', ...pair, ...medicalnet, '--layer', 'fc'], /layer: expected one of pool, layer1/],
    [1, ['deep', ...pair, ...medicalnet, '--raw'], /--raw .* without a mask/],
    [1, ['deep', 'image.nii.gz', ...medicalnet, '--raw', ...small], /raw: .* leave out size/],
    [1, ['deep', 'image.nii.gz', ...medicalnet, '--label', '1'], /--label needs a mask/],
    [1, ['deep', 'image.nii.gz', ...medicalnet, '--masked'], /pass the mask/],
    [1, ['deep', 'flat.nii.gz', 'mask.nii.gz', ...medicalnet], /ConstantImage/],
    [1, ['deep', ...pair, ...medicalnet, '--label', '9'], /LabelNotFound: label 9/],
    [1, ['deep', ...pair, '--arch', 'monai', '--weights', 'hash:'], /hash:SEED with a seed/],
    [1, ['deep', ...pair, '--arch', 'monai', '--weights', 'gone.pth'], /BadFile: gone.pth/],
    [1, ['deep', ...pair, '--arch', 'monai', '--weights', 'not.pth'], /BadFile: not.pth/],
    [1, ['deep', ...pair, ...medicalnet, '--precision', 'f16', '--backend', 'wasm'], /the CPU computes in f32/],
    [1, ['extract', ...pair, '--deep', 'medicalnet'], /--deep needs --weights/],
    [1, ['extract', ...pair, ...weights], /--weights needs --deep/],
    [1, ['deep', ...pair, ...medicalnet, '--stem-stride', '4'], /stem stride: expected 1 or 2, found 4/],
    [1, ['deep', ...pair, ...medicalnet, '--size', '4000,4000,4000'], /TooLarge: .* take a smaller size/],
    [1, ['extract', ...pair, '--deep', 'medicalnet,size=4x4x4,size=8x8x8', ...weights], /found size twice/],
    [1, ['extract', ...pair, '--n4', 'otsu,shrink=2,shrink=3'], /--n4: found shrink twice/],
    [1, ['extract', ...pair, '--deep', 'medicalnet,sizes=4', ...weights], /found "sizes=4".*did you mean size/i],
  ])('ends with %i: %j', async (code, args, message) => {
    const run = await voxomics(...(args as string[]));
    expect([run.code, run.stdout]).toEqual([code, '']);
    expect(run.stderr).toMatch(message);
  });
});

interface Recorded {
  readonly name: string;
  readonly variant: string;
  readonly case: string;
  readonly input_shape: readonly number[];
  readonly features_f64: readonly number[];
}

describeShared('voxomics deep --raw gives the recorded features', () => {
  const recorded = (name: string): readonly Recorded[] =>
    hasShared ? JSON.parse(readFileSync(sharedPath('reference', 'resnet', name), 'utf8')).cases : [];

  async function expectRecorded(
    { variant, input_shape, features_f64 }: Recorded,
    data: Float32Array,
    ...flags: readonly string[]
  ): Promise<void> {
    const [, , depth, height, width] = input_shape as [number, number, number, number, number];
    const size: Vec3 = [width, height, depth];
    writeFileSync(file('raw.nii.gz'), niftiGz(volumeOf(data, size)));
    const args = ['--arch', variant, ...weights, '--backend', ...flags];
    const { code, stdout, stderr } = await voxomics('deep', 'raw.nii.gz', '--raw', ...args);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/note: The weights are made from a hash/)]);
    const [row] = rowsOf(stdout);
    expect(row).toMatchObject({ diagnostics_Deep_Size: [depth, height, width], diagnostics_Deep_Input: 'raw' });
    if (flags[0] === 'gpu') expect(row!['diagnostics_Deep_Backend']).toBe('gpu');
    const found = features(row!, variant);
    expect(found).toHaveLength(512);
    const error = Math.hypot(...found.map((value, k) => value - features_f64[k]!));
    expect(error / Math.hypot(...features_f64)).toBeLessThan(FLOAT32);
  }

  const brain = recorded('features_main.json').filter((one) => one.case === 'brain1');
  it.each(brain.map((one) => [one.variant, one] as const))('of brain1 by %s, on the CPU', async (_, one) => {
    const { data } = readNpy(sharedPath('reference', 'resnet', 'inputs', 'brain1_48x96x96.npy.gz'));
    await expectRecorded(one, Float32Array.from(data), 'wasm');
  });

  const unpooled = recorded('features_small.json').filter(({ name }) => name === 'monai_no_max_pool');
  it.each(unpooled.map((one) => [one.name, one] as const))('of %s, on the CPU', async (_, one) => {
    await expectRecorded(one, hashVolume('voxomics-ref-1', one.input_shape), 'wasm', '--no-max-pool');
  });

  const tiny = recorded('features_small.json').filter(({ name }) => /_(tiny|1voxel)$/.test(name));
  it.each(tiny.map((one) => [one.name, one] as const))('of %s, on the adapter', async (_, one) => {
    await expectRecorded(one, hashVolume('voxomics-ref-1', one.input_shape), 'gpu');
  });
});
