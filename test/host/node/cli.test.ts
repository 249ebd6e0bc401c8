/** `voxomics extract`, `info` and the help. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { useCommandLine } from '../../support/cli.ts';
import { niftiGz } from '../../support/files.ts';
import { random } from '../../support/random.ts';
import { volumeOf } from '../../support/region.ts';

const { file, voxomics } = useCommandLine((path) => {
  const next = random(3);
  const size = [20, 18, 10] as const;
  const grid = { ...volumeOf(new Uint8Array(0), size), spacing: [1, 1, 2] as const };
  const image = Int16Array.from({ length: 3600 }, () => next() * 500);
  const mask = Uint8Array.from({ length: 3600 }, (_, i) => (i % 20 < 8 ? 1 : i % 20 > 12 ? 2 : 0));
  writeFileSync(path('image.nii.gz'), niftiGz({ ...grid, data: image }));
  writeFileSync(path('mask.nii.gz'), niftiGz({ ...grid, data: mask }));
});
const folder = () => file('.');

describe('voxomics extract', () => {
  it('prints one row as JSON', async () => {
    const { code, stdout } = await voxomics('extract', 'image.nii.gz', 'mask.nii.gz');
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    expect(rows).toHaveLength(1);
    expect(Object.keys(rows[0]!).filter((c) => c.startsWith('original_'))).toHaveLength(107);
    expect(rows[0]!['voxomics_reasons']).toEqual({});
  });

  it.each(['csv', 'txt', 'parquet', 'json'])(
    'writes %s by the ending of the output, and nothing else',
    async (ending) => {
      const before = readdirSync(folder());
      const output = `rows.${ending}`;
      const { code, stdout } = await voxomics(
        'extract',
        'image.nii.gz',
        'mask.nii.gz',
        '--label',
        'all',
        '-o',
        output,
        '--classes',
        'firstorder,ngtdm',
      );
      expect([code, stdout]).toEqual([0, '']);
      expect(readdirSync(folder()).sort()).toEqual([...new Set([...before, output])].sort());
      if (ending === 'csv') expect(readFileSync(file(output), 'utf8').trim().split('\r\n')).toHaveLength(3);
      if (ending === 'txt')
        expect(readFileSync(file(output), 'utf8')).toMatch(/^Case-2_original_ngtdm_Strength: [\d.]+$/m);
      if (ending === 'json') expect(JSON.parse(readFileSync(file(output), 'utf8'))).toHaveLength(2);
      if (ending === 'parquet') {
        const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file(output)) });
        expect(rows[1]).toHaveProperty('original_firstorder_Mean');
      }
    },
  );

  it('takes unions, settings and classes', async () => {
    const { stdout } = await voxomics(
      'extract',
      'image.nii.gz',
      'mask.nii.gz',
      '--label',
      '1+2',
      '--setting',
      'binWidth=5',
      '--setting',
      'distances=1,2',
      '--classes',
      'glcm',
    );
    const [row] = JSON.parse(stdout) as Record<string, Record<string, unknown>>[];
    expect(row!['diagnostics_Configuration_Settings']).toMatchObject({ label: '1+2', binWidth: 5, distances: [1, 2] });
    expect(
      Object.keys(row!)
        .filter((c) => c.startsWith('original_'))
        .every((c) => c.includes('_glcm_')),
    ).toBe(true);
  });

  it('profiles', async () => {
    const { code, stderr } = await voxomics(
      'extract',
      'image.nii.gz',
      'mask.nii.gz',
      '-o',
      'p.csv',
      '--profile',
      'profile.json',
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/texture\/glcm\s+\d/);
    const profile = JSON.parse(readFileSync(file('profile.json'), 'utf8')) as { kernels: { kernel: string }[] };
    expect(profile.kernels.map((k) => k.kernel)).toContain('shape/mesh');
  });

  it.each([
    [['image.nii.gz', 'mask.nii.gz', '--label', '7'], 1, /LabelNotFound.*1, 2/],
    [['image.nii.gz', 'nothing.nii.gz'], 1, /BadFile: nothing.nii.gz/],
    [['image.nii.gz', 'mask.nii.gz', '--setting', 'binwidht=3'], 1, /Did you mean binWidth/],
    [['image.nii.gz', 'mask.nii.gz', '-o', 'rows.xlsx'], 1, /--format json\|csv\|txt\|parquet/],
    [['image.nii.gz', 'mask.nii.gz', '-f', 'parquet'], 1, /--output/],
    [['image.nii.gz', 'mask.nii.gz', '--format', 'yaml'], 2, /Allowed choices/],
    [['image.nii.gz'], 2, /expected an image and a mask/],
    [['cases.csv'], 2, /pass --output/],
    [['cases.csv', 'mask.nii.gz', '-o', 'rows.csv'], 2, /names the masks itself/],
    [['image.nii.gz', 'mask.nii.gz', '-p', 'guo'], 1, /Did you mean mr\?|expected a preset/],
    [['image.nii.gz', 'mask.nii.gz', '-p', 'none.yaml'], 1, /BadFile: none.yaml/],
    [['image.nii.gz', 'mask.nii.gz', '--adapter', 'voodoo'], 3, /no adapter for "voodoo"/],
  ] as const)('%j ends with status %i and a message', async (args, status, message) => {
    const { code, stdout, stderr } = await voxomics('extract', ...args);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).toMatch(message);
  });
});

describe('voxomics params', () => {
  it('lists, shows and checks', async () => {
    const { stdout: list } = await voxomics('params', 'list');
    expect(list).toMatch(/^guo2024-a +1037 features/m);
    const { stdout: shown } = await voxomics('params', 'show', 'guo2024-b');
    writeFileSync(file('mine.yaml'), shown);
    expect(await voxomics('params', 'check', 'mine.yaml')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/LBP2D/),
    });
    writeFileSync(file('mine.yaml'), shown.replace('force2D:', 'force2d:'));
    const { code, stderr } = await voxomics('params', 'check', 'mine.yaml');
    expect(code).toBe(1);
    expect(stderr).toMatch(/mine\.yaml:4: unknown key force2d\. Did you mean force2D\?/);
  });

  it('give 1037 features', async () => {
    for (const preset of ['guo2024-a', 'guo2024-b']) {
      const { stdout } = await voxomics('extract', 'image.nii.gz', 'mask.nii.gz', '-p', preset);
      const [row] = JSON.parse(stdout) as Record<string, unknown>[];
      expect(Object.keys(row!).filter((c) => !/^(diagnostics|voxomics)_/.test(c))).toHaveLength(1037);
    }
  });
});

describe('voxomics', () => {
  it('lists the adapters', async () => {
    const { code, stdout } = await voxomics('info', '--json');
    expect(code).toBe(0);
    const { adapters } = JSON.parse(stdout) as { adapters: { kind: string; caps: object | null }[] };
    expect(adapters.map((a) => a.kind)).toEqual(['gpu', 'lavapipe', 'swiftshader']);
    expect(adapters.some((a) => a.caps)).toBe(true);
  });
  it('shows help with examples', async () => {
    const { code, stdout } = await voxomics('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('voxomics extract image.nii.gz mask.nii.gz');
  });
});
