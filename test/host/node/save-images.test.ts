/** `voxomics extract --save-images`, and `onImage` of a cohort. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toMask, toVolume } from '../../../src/host/format/index.ts';
import { readCases } from '../../../src/host/node/cases.ts';
import { extractCases } from '../../../src/host/node/extract-cases.ts';
import { readImageFile } from '../../../src/host/node/read.ts';
import { PipelineError } from '../../../src/pipeline/errors.ts';
import { extract } from '../../../src/pipeline/extract.ts';
import type { UsedImage } from '../../../src/pipeline/used-images.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';
import { useCommandLine } from '../../support/cli.ts';
import { useEngine } from '../../support/engine.ts';
import { niftiGz } from '../../support/files.ts';
import { random } from '../../support/random.ts';
import { volumeOf } from '../../support/region.ts';

const size: Vec3 = [16, 14, 10];
const voxels = size[0] * size[1] * size[2];
const { file, voxomics } = useCommandLine((path) => {
  const next = random(5);
  const grid = { ...volumeOf(new Uint8Array(0), size), spacing: [1, 1, 2] as const, origin: [-3, 5, 7] as const };
  const image = Int16Array.from({ length: voxels }, () => next() * 500);
  const mask = Uint8Array.from(image, (_, i) => (i % 16 < 4 ? 1 : i % 16 > 9 ? 2 : 0));
  writeFileSync(path('image.nii.gz'), niftiGz({ ...grid, data: image }));
  writeFileSync(path('mask.nii.gz'), niftiGz({ ...grid, data: mask }));
  writeFileSync(path('cases.csv'), 'Image,Mask,Label\nimage.nii.gz,mask.nii.gz,1\nimage.nii.gz,mask.nii.gz,2\n');
  writeFileSync(path('types.yaml'), 'imageType: { Original: {}, LoG: { sigma: [2.0] }, Square: {}, LBP3D: {} }\n');
});
const read = async (name: string) => toVolume(await readImageFile(file(name)));
const inputs = () => Promise.all(['image.nii.gz', 'mask.nii.gz'].map((name) => readImageFile(file(name))));
const one = ['image.nii.gz', 'mask.nii.gz', '-c', 'firstorder', '-o', 'rows.csv'];

describe('voxomics extract --save-images', () => {
  it('writes whole images by PyRadiomics’ names, and the same features', async () => {
    expect(await voxomics('extract', ...one, '-p', 'types.yaml')).toMatchObject({ code: 0 });
    const without = readFileSync(file('rows.csv'), 'utf8');
    const args = ['-p', 'types.yaml', '--save-images', 'new/images', '--image-format', 'nrrd'];
    expect(await voxomics('extract', ...one, ...args)).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(file('rows.csv'), 'utf8')).toBe(without);
    const types = { original: Int16Array, 'log-sigma-2-0-mm-3D': Float32Array, square: Float64Array };
    const lbp3d = ['lbp-3D-m1', 'lbp-3D-m2', 'lbp-3D-k'];
    expect(readdirSync(file('new/images')).sort()).toEqual(
      [...Object.keys(types), ...lbp3d].map((name) => `${name}.nrrd`).sort(),
    );
    const image = await read('image.nii.gz');
    for (const [name, type] of Object.entries(types)) {
      const made = await read(`new/images/${name}.nrrd`);
      expect(made.data).toBeInstanceOf(type);
      expect([made.size, made.spacing, made.origin]).toEqual([image.size, image.spacing, image.origin]);
    }
    expect((await read('new/images/original.nrrd')).data).toEqual(image.data);
    const patterns = await read('new/images/lbp-3D-m2.nrrd');
    const { data: labels } = await read('mask.nii.gz');
    const marked = [...patterns.data.keys()].filter((i) => patterns.data[i] !== 0);
    expect(marked.length).toBeGreaterThan(0);
    expect(marked.filter((i) => labels[i] !== 1)).toEqual([]);
  });

  it('writes NIfTI and a file per region where each has a grid of its own', async () => {
    const args = ['-l', 'all', '-s', 'resampledPixelSpacing=2,2,2', '--save-images', 'resampled'];
    expect(await voxomics('extract', ...one, ...args)).toMatchObject({ code: 0 });
    expect(readdirSync(file('resampled')).sort()).toEqual(['label-1_original.nii.gz', 'label-2_original.nii.gz']);
    expect((await read('resampled/label-1_original.nii.gz')).spacing).toEqual([2, 2, 2]);
  });

  it('gives each case of a cohort a folder', async () => {
    const args = ['cases.csv', '-c', 'firstorder', '-o', 'rows.csv', '--save-images', 'cohort'];
    expect(await voxomics('extract', ...args)).toMatchObject({ code: 0 });
    expect(readdirSync(file('cohort')).sort()).toEqual(['case-1', 'case-2']);
    expect(readdirSync(file('cohort/case-2'))).toEqual(['original.nii.gz']);
  });

  it.each([
    [['--save-images', 'mask.nii.gz'], 1, /mask\.nii\.gz.*a file of this name/],
    [['--save-images', 'mask.nii.gz/below'], 1, /below.*a file in place of its folder/],
    [['--save-images', 'x', '--image-format', 'png'], 2, /nifti, nrrd/],
  ] as const)('%j is refused', async (args, code, message) => {
    const result = await voxomics('extract', ...one, ...args);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
  });
});

describe('onImage', () => {
  const engine = useEngine();

  it('gets each image once, also where regions fail or overlap', async () => {
    const [image, mask] = await inputs();
    const names: string[] = [];
    const onImage = ({ name, region }: UsedImage) => void names.push(`${region} ${name}`);
    const labels = [[1], [9], [1, 2]] as const;
    const options = { labels, classes: ['firstorder'] as const, imageTypes: ['Original', 'Square'] as const, onImage };
    const rows = await extract(engine(), toVolume(image!), toMask(mask!), options);
    expect(rows.map((row) => 'voxomics_error' in row)).toEqual([false, true, false]);
    expect(names).toEqual(['null original', 'null square']);
    names.length = 0;
    await extract(engine(), toVolume(image!), toMask(mask!), { ...options, settings: { preCrop: true } });
    expect(names.sort()).toEqual(['1 original', '1 square', '1+2 original', '1+2 square'].map((n) => `label-${n}`));
  });

  it('leaves nothing on the GPU, and its failure ends a cohort whose finished cases are kept', async () => {
    const cases = await readCases(file('cases.csv'));
    const { resident } = engine().stats();
    const full = new PipelineError('BadFile', 'a full disk');
    const onImage = (_: UsedImage, index: number) => {
      if (index === 1) throw full;
    };
    const kept: number[] = [];
    const journal = {
      finished: new Map(),
      add: async (index: number) => void kept.push(index),
      remove: async () => undefined,
    };
    const run = extractCases(engine(), cases, { classes: ['firstorder'], onImage, journal, inFlight: 1 });
    await expect(run).rejects.toBe(full);
    expect(kept).toEqual([0]);
    expect(engine().stats().resident).toEqual(resident);
  });
});
