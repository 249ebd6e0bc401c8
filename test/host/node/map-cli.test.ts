/** `voxomics map`: what it writes and what it refuses. */
import { readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toVolume } from '../../../src/host/format/index.ts';
import { readImageFile } from '../../../src/host/node/read.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';
import { useCommandLine } from '../../support/cli.ts';
import { niftiGz } from '../../support/files.ts';
import { volumeOf } from '../../support/region.ts';

const size: Vec3 = [8, 7, 6];
const voxels = size[0] * size[1] * size[2];
const { file, voxomics } = useCommandLine((path) => {
  const grid = { ...volumeOf(new Uint8Array(0), size), spacing: [1, 1, 2] as const };
  const write = (name: string, data: Int16Array | Uint8Array) => writeFileSync(path(name), niftiGz({ ...grid, data }));
  write(
    'image.nii.gz',
    Int16Array.from({ length: voxels }, (_, i) => 50 * (i % 3)),
  );
  write(
    'mask.nii.gz',
    Uint8Array.from({ length: voxels }, (_, i) => (i % 8 < 4 ? 1 : 2)),
  );
});
const read = async (name: string) => toVolume(await readImageFile(file(name)));

describe('voxomics map', () => {
  it('writes one volume per feature', async () => {
    const result = await voxomics(
      ...['map', 'image.nii.gz', 'mask.nii.gz', '--features', 'firstorder:Mean,glcm:Contrast+JointEntropy'],
      ...['--unmasked', '--init', '-9', '-o', 'maps/new', '-s', 'binWidth=50'],
    );
    expect(result).toMatchObject({ code: 0, stdout: '' });
    const contrast = await read('maps/new/original_glcm_Contrast.nii.gz');
    expect(contrast.size).toEqual([5, 7, 6]);
    expect(contrast.spacing).toEqual([1, 1, 2]);
    // The last column is the margin around label 1.
    for (const [i, value] of contrast.data.entries()) expect(value === -9).toBe(i % 5 === 4);
    const mean = await read('maps/new/original_firstorder_Mean.nii.gz');
    expect(mean.data[1 + 5 * (1 + 7)]).toBeCloseTo(50, 4);
    expect(readdirSync(file('maps/new'))).toHaveLength(3);
  });

  it('writes NRRD and names labels', async () => {
    const args = ['map', 'image.nii.gz', 'mask.nii.gz', '--features', 'ngtdm:Busyness', '-l', 'all', '-f', 'nrrd'];
    expect(await voxomics(...args, '--radius', '2', '--init', 'nan')).toMatchObject({ code: 0 });
    const map = await read('label-2_original_ngtdm_Busyness.nrrd');
    expect(map.size).toEqual([6, 7, 6]);
    expect(map.origin).toEqual([2, 0, 0]);
    expect(map.data[0]).toBeNaN();
    expect(readdirSync(file('.'))).toContain('label-1_original_ngtdm_Busyness.nrrd');
  });

  it('reads PyRadiomics’ parameter file', async () => {
    const text = `
setting: { binWidth: 50 }
voxelSetting: { kernelRadius: 2, maskedKernel: false, initValue: nan, voxelBatch: 1000 }
imageType: { Original: {} }
featureClass: { shape: , firstorder: [Mean, Range] }
`;
    writeFileSync(file('voxel.yaml'), text);
    const args = ['map', 'image.nii.gz', 'mask.nii.gz', '--params', 'voxel.yaml', '-f', 'nrrd', '-o', 'yaml'];
    expect(await voxomics(...args)).toMatchObject({ code: 0 });
    expect(readdirSync(file('yaml')).sort()).toEqual([
      'original_firstorder_Mean.nrrd',
      'original_firstorder_Range.nrrd',
    ]);
    const range = await read('yaml/original_firstorder_Range.nrrd');
    expect(range.size).toEqual([6, 7, 6]);
    // Unmasked: all three intensities are in every neighbourhood.
    for (const [i, value] of range.data.entries()) expect(value).toBe(i % 6 < 4 ? 100 : Number.NaN);
    writeFileSync(file('square.yaml'), 'imageType: { Square: {} }\n');
    expect(await voxomics('map', 'image.nii.gz', 'mask.nii.gz', '-p', 'square.yaml')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/original image.*Square/),
    });
  });

  it.each([
    [['--features', 'glcm:Contrst'], 1, /unknown feature glcm_Contrst. Did you mean Contrast/],
    [['--features', 'shape'], 1, /shape describes a whole region/],
    [['--radius', '9'], 1, /kernelRadius/],
    [['--init', 'x'], 1, /--init/],
    [['--format', 'png'], 2, /nifti, nrrd/],
  ] as const)('%j is refused', async (args, code, message) => {
    const result = await voxomics('map', 'image.nii.gz', 'mask.nii.gz', ...args);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
  });
});
