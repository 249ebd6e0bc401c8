/** The preprocessing commands: what they write, what they refuse, that they leave nothing behind. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toVolume } from '../../../src/host/format/index.ts';
import { readImageFile } from '../../../src/host/node/read.ts';
import { imageStatistics } from '../../../src/pipeline/image-statistics.ts';
import { useCommandLine } from '../../support/cli.ts';
import { niftiGz } from '../../support/files.ts';
import { decodePng } from '../../support/png.ts';
import { random } from '../../support/random.ts';
import { volumeOf } from '../../support/region.ts';

const size = [24, 20, 12] as const;
const voxels = size[0] * size[1] * size[2];
const { file, voxomics } = useCommandLine((path) => {
  const next = random(8);
  const grid = { ...volumeOf(new Uint8Array(0), size), spacing: [1, 1, 2] as const };
  const write = (name: string, data: Int16Array | Uint8Array) => writeFileSync(path(name), niftiGz({ ...grid, data }));
  const field = (i: number) => Math.exp(0.02 * (i % size[0]));
  const image = Int16Array.from({ length: voxels }, (_, i) => field(i) * (i % 7 < 3 ? 300 : 100) + 20 * next());
  write('image.nii.gz', image);
  write(
    'other.nii.gz',
    image.map((v) => v * 2 + 5),
  );
  write(
    'mask.nii.gz',
    Uint8Array.from({ length: voxels }, (_, i) => Number(i % 24 > 5 && i % 24 < 16)),
  );
  write(
    'labels.nii.gz',
    Uint8Array.from({ length: voxels }, (_, i) => (i % 24 < 12 ? 1 : 7)),
  );
  write('flat.nii.gz', new Int16Array(voxels).fill(9));
});
const read = async (name: string) => toVolume(await readImageFile(file(name)));
const isPng = (name: string) => decodePng(readFileSync(file(name))).width > 100;

describe('preprocessing commands', () => {
  it('n4 writes the corrected image, the field and a preview', async () => {
    const { code, stdout, stderr } = await voxomics(
      ...['n4', 'image.nii.gz', 'n4.nii.gz', '--shrink', '2', '--iterations', '5x5'],
      ...['--field', 'field.nii.gz', '--preview', 'n4.png', '--profile'],
    );
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/n4\/sharpen\s+\d/);
    const [before, after, field] = [await read('image.nii.gz'), await read('n4.nii.gz'), await read('field.nii.gz')];
    expect(after.spacing).toEqual(before.spacing);
    for (let i = 0; i < voxels; i += 97) expect(after.data[i]! * field.data[i]!).toBeCloseTo(before.data[i]!, 2);
    expect(isPng('n4.png')).toBe(true);
  });

  it('normalise measures where it is told to', async () => {
    const args = ['normalise', 'image.nii.gz', 'z.nii.gz', '--method', 'zscore:mask', '--mask', 'mask.nii.gz'];
    expect(await voxomics(...args)).toMatchObject({ code: 0, stdout: '' });
    const [image, mask] = [await read('z.nii.gz'), await read('mask.nii.gz')];
    const inside = Float32Array.from(image.data as Float32Array).filter((_, i) => mask.data[i] === 1);
    expect(imageStatistics(inside).mean).toBeCloseTo(0, 6);
  });

  it('filter writes the responses', async () => {
    const args = ['filter', 'image.nii.gz', 'mean.nii.gz', '--type', 'mean', '--support', '3', '--boundary', 'zero'];
    expect(await voxomics(...args)).toMatchObject({ code: 0, stdout: '' });
    const [image, mean] = [await read('image.nii.gz'), await read('mean.nii.gz')];
    const at = (x: number, y: number, z: number) => image.data[x + size[0] * (y + size[1] * z)]!;
    let sum = 0;
    for (const z of [0, 1]) for (const y of [3, 4, 5]) for (const x of [22, 23]) sum += at(x, y, z);
    expect(mean.data[23 + size[0] * 4]).toBeCloseTo(sum / 27, 3);
    const gabor = ['--sigma', '2', '--lambda', '3', '--theta-step', '90'];
    expect(await voxomics('filter', 'image.nii.gz', 'gabor.nii.gz', '-t', 'gabor', ...gabor)).toMatchObject({
      code: 0,
    });
    expect(imageStatistics((await read('gabor.nii.gz')).data as Float32Array).mean).toBeGreaterThan(0);
  });

  it.each([
    [['--type', 'median'], /--type: expected one of mean, laws, log, gabor, wavelet, simoncelli; found "median"/],
    [['--type', 'mean'], /--type mean needs --support/],
    [
      ['--type', 'mean', '--support', '3', '--theta-step', '5'],
      /--theta-step is for gabor; leave it out for --type mean/,
    ],
    [['--type', 'mean', '--support', 'x'], /--support: expected one number; found "x"/],
    [
      ['--type', 'mean', '--support', '3', '--boundary', 'wrap'],
      /boundary: expected one of zero, nearest, periodic, mirror/,
    ],
    [['--type', 'log', '--sigma', '3'], /voxels of equal sides, found 1 x 1 x 2 mm/],
  ])('filter refuses %s', async (flags, message) => {
    const { code, stderr } = await voxomics('filter', 'image.nii.gz', 'refused.nii.gz', ...flags);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(readdirSync(file('.'))).not.toContain('refused.nii.gz');
  });

  it('nyul learns a scale that normalise applies', async () => {
    expect(await voxomics('nyul', 'scale.json', 'image.nii.gz', 'other.nii.gz')).toMatchObject({ code: 0 });
    expect(await voxomics('normalise', 'image.nii.gz', 'a.nii.gz', '-m', 'nyul:scale.json')).toMatchObject({ code: 0 });
    expect(await voxomics('normalise', 'other.nii.gz', 'b.nii.gz', '-m', 'nyul:scale.json')).toMatchObject({ code: 0 });
    const [a, b] = [await read('a.nii.gz'), await read('b.nii.gz')];
    for (let i = 0; i < voxels; i += 97) expect(a.data[i]!).toBeCloseTo(b.data[i]!, 1);
  });

  it('resample takes a spacing or the grid of an image, and keeps labels', async () => {
    const fine = ['resample', 'image.nii.gz', 'fine.nii.gz', '--spacing', '1,1,1', '--grid', 'ibsi'];
    expect(await voxomics(...fine)).toMatchObject({ code: 0 });
    expect((await read('fine.nii.gz')).size).toEqual([24, 20, 24]);
    const like = ['resample', 'labels.nii.gz', 'moved.nii.gz', '--labels', '--like', 'fine.nii.gz'];
    expect(await voxomics(...like)).toMatchObject({ code: 0 });
    const moved = await read('moved.nii.gz');
    expect([moved.size, [...new Set(moved.data)].sort()]).toEqual([
      [24, 20, 24],
      [1, 7],
    ]);
  });

  it('preprocess takes all steps, and extract the same steps before the features', async () => {
    const steps = ['--n4', 'shrink=2,iterations=4x4', '--normalise', 'zscore', '--spacing', '1,1,1'];
    const { code, stderr } = await voxomics(
      ...['preprocess', 'image.nii.gz', 'ready.nii.gz', ...steps, '--preview', 'ready.png', '--field', 'f.nii.gz'],
    );
    expect([code, stderr.includes('Error')]).toEqual([0, false]);
    expect((await read('ready.nii.gz')).spacing).toEqual([1, 1, 1]);
    expect(isPng('ready.png')).toBe(true);
    const { stdout } = await voxomics(
      ...['extract', 'image.nii.gz', 'mask.nii.gz', ...steps, '--setting', 'binWidth=0.1', '--classes', 'firstorder'],
    );
    const [row] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(row!['diagnostics_Image-interpolated_Spacing']).toEqual([1, 1, 1]);
    expect(row!['original_firstorder_Mean']).toBeTypeOf('number');
  });

  it.each([
    [['n4', 'image.nii.gz', 'out.png'], 1, /BadFile: out.png: .*\.nii/],
    [['n4', 'image.nii.gz', 'out.nii.gz', '--preview', 'out.jpg'], 1, /\.png/],
    [['n4', 'image.nii.gz', 'out.nii.gz', '--iterations', '50x'], 1, /--iterations: expected numbers/],
    [['n4', 'flat.nii.gz', 'out.nii.gz'], 1, /ConstantImage|TooThin/],
    [['normalise', 'flat.nii.gz', 'out.nii.gz'], 1, /ConstantImage/],
    [['normalise', 'image.nii.gz', 'out.nii.gz', '-m', 'zscor'], 1, /Did you mean zscore/],
    [['normalise', 'image.nii.gz', 'out.nii.gz', '-m', 'zscore:mask'], 1, /mask/],
    [['resample', 'image.nii.gz', 'out.nii.gz'], 1, /either --spacing or --like/],
    [['resample', 'image.nii.gz', 'out.nii.gz', '--spacing', '1,1,1', '--interpolator', 'cubic'], 1, /bspline/],
    [['resample', 'image.nii.gz', 'out.nii.gz', '--interpolator', 'linear'], 1, /needs --spacing/],
    [['preprocess', 'image.nii.gz', 'out.nii.gz'], 1, /no step to take/],
    [['preprocess', 'image.nii.gz', 'out.nii.gz', '--n4', 'shrnk=2'], 1, /Did you mean shrink/],
    [['preprocess', 'image.nii.gz', 'out.nii.gz', '--normalise', 'zscore', '--field', 'f.nii'], 1, /--n4/],
  ] as const)('%j ends with status %i and writes nothing', async (args, status, message) => {
    const before = readdirSync(file('.'));
    const { code, stdout, stderr } = await voxomics(...args);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).toMatch(message);
    expect(readdirSync(file('.'))).toEqual(before);
  });
});
