/** What a first user does wrong, and what the program says; a cohort that is interrupted and goes on. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useCommandLine } from '../../support/cli.ts';
import { niftiGz } from '../../support/files.ts';
import { random } from '../../support/random.ts';
import { volumeOf } from '../../support/region.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';

const size: Vec3 = [20, 18, 10];
const CASES = 12;

const { file, voxomics, interrupted } = useCommandLine((path) => {
  const next = random(8);
  const voxels = size[0] * size[1] * size[2];
  const image = Int16Array.from({ length: voxels }, () => 2 + next() * 500);
  writeFileSync(path('image.nii.gz'), niftiGz(volumeOf(image, size)));
  const mask = Uint8Array.from(image, (_, i) => Number(i % 20 < 10));
  writeFileSync(path('mask.nii.gz'), niftiGz(volumeOf(mask, size)));
  const other = { ...volumeOf(mask, size), spacing: [1, 1, 3] as const };
  writeFileSync(path('other.nii.gz'), niftiGz(other));
  writeFileSync(path('cases.csv'), `Image,Mask\n${'image.nii.gz,mask.nii.gz\n'.repeat(CASES)}`);
  mkdirSync(path('empty'));
});
const good = ['image.nii.gz', 'mask.nii.gz'];

describe('wrong use', () => {
  it.each([
    [['extract', 'imgae.nii.gz', 'mask.nii.gz'], 1, /imgae\.nii\.gz: .*nothing at this path/],
    [['extract', 'mask.nii.gz', 'image.nii.gz'], 1, /label 1 is not in the mask.*in each other’s place\?/],
    [['extract', 'image.nii.gz', 'other.nii.gz'], 1, /GeometryMismatch.*spacings differ.*--geometry/],
    [['extract', 'empty', 'mask.nii.gz'], 1, /empty: expected DICOM images, found no files/],
    [['extract', ...good, '-c', 'firstoder'], 1, /Did you mean firstorder\?/],
    [['extract', ...good, '-p', 'guo2024-c'], 1, /Did you mean guo2024-[ab]\?/],
    [['extract', ...good, '-p', 'params.yaml'], 1, /params\.yaml: expected a file.*nothing at this path/],
    [['extract', ...good, '--lable', '1'], 2, /Did you mean --label\?/],
    [['extract', ...good, '-o', 'none/rows.csv'], 1, /rows\.csv: .*no such folder; make it first/],
    [['extract', ...good, '-o', 'empty', '-f', 'csv'], 1, /empty: .*a folder of this name/],
    [['extract', 'cases.csv', '-o', 'none/rows.csv'], 1, /rows\.csv: .*no such folder/],
    [['extract', 'cases.csv', '-o', './cases.csv'], 1, /this file is the input/],
    [['map', ...good, '-o', 'mask.nii.gz'], 1, /a file of this name/],
    [['map', ...good, '--features', 'glcm:Contrst'], 1, /Did you mean Contrast\?/],
    [['preprocess', 'image.nii.gz', 'none/out.nii.gz', '--normalise', 'zscore'], 1, /out\.nii\.gz: .*no such folder/],
    [['n4', 'image.nii.gz', 'out.png'], 1, /end the name in \.nii, \.nii\.gz or \.nrrd/],
    [['nyul', 'none/scale.json', 'image.nii.gz'], 1, /scale\.json: .*no such folder/],
    [['verify', '-o', 'none/certificate.html'], 1, /certificate\.html: .*no such folder/],
    [['extract', ...good, '--profile', 'none/profile.json'], 1, /profile\.json: .*no such folder/],
    [['normalise', 'image.nii.gz', 'out.nrrd', '--preview', 'none/look.png'], 1, /look\.png: .*no such folder/],
    [['filter', 'image.nii.gz', 'none/out.nrrd', '--type', 'mean', '--support', '3'], 1, /no such folder/],
  ] as const)('%j is refused before any work', async (args, status, message) => {
    const { code, stdout, stderr } = await voxomics(...args);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(readFileSync(file('cases.csv'), 'utf8')).toMatch(/^Image,Mask/);
  });
});

describe('a cohort that is interrupted', () => {
  it('says what is kept, and goes on to the same rows', async () => {
    const args = ['extract', 'cases.csv', '-p', 'guo2024-a', '--save-images', 'images', '-o'];
    const journal = file('rows.csv.journal');
    const finished = () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length - 2 : 0);
    const stopped = await interrupted(() => finished() > 0, ...args, 'rows.csv');
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toMatch(/Cancelled: interrupted; finished cases are kept: the same command goes on/);
    expect(existsSync(file('rows.csv'))).toBe(false);
    const kept = finished();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(CASES);
    const resumed = await voxomics(...args, 'rows.csv');
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`${kept} of ${CASES} cases were finished before`);
    expect(existsSync(journal)).toBe(false);
    expect((await voxomics(...args, 'whole.csv')).code).toBe(0);
    expect(readFileSync(file('rows.csv'), 'utf8')).toBe(readFileSync(file('whole.csv'), 'utf8'));
    expect(existsSync(file('images/case-12/wavelet-HHH.nii.gz'))).toBe(true);
  });

  it('of deep features goes on to the same rows, whichever cases share a batch then', async () => {
    const choice = ['--arch', 'monai', '--weights', 'hash:cohort', '--backend', 'gpu', '--size', '32,32,32'];
    const args = ['deep', 'cases.csv', ...choice, '-o'];
    const journal = file('deep.csv.journal');
    const finished = () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length - 2 : 0);
    const stopped = await interrupted(() => finished() > 0, ...args, 'deep.csv');
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toMatch(/Cancelled: interrupted; finished cases are kept: the same command goes on/);
    const kept = finished();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(CASES);
    const resumed = await voxomics(...args, 'deep.csv');
    expect([resumed.code, existsSync(journal)]).toEqual([0, false]);
    expect(resumed.stderr).toContain(`${kept} of ${CASES} cases were finished before`);
    expect((await voxomics(...args, 'deep-whole.csv')).code).toBe(0);
    expect(readFileSync(file('deep.csv'), 'utf8')).toBe(readFileSync(file('deep-whole.csv'), 'utf8'));
  });
});
