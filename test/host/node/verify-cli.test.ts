/** `voxomics verify`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/host/format/certificate.ts';
import { useCommandLine } from '../../support/cli.ts';
import { niftiGz } from '../../support/files.ts';
import { random } from '../../support/random.ts';
import { volumeOf } from '../../support/region.ts';

/** Not IBSI's phantom, but of its size and in its place: noise with a small ball. */
const { file, voxomics } = useCommandLine((path) => {
  const next = random(5);
  const size = [204, 201, 60] as const;
  const grid = { ...volumeOf(new Uint8Array(0), size), spacing: [0.977, 0.977, 3] as const };
  const image = Int16Array.from({ length: size[0] * size[1] * size[2] }, () => next() * 1300 - 950);
  const inside = (i: number) => {
    const [x, y, z] = [i % 204, Math.floor(i / 204) % 201, Math.floor(i / (204 * 201))];
    return (x - 100) ** 2 + (y - 90) ** 2 + 9 * (z - 30) ** 2 < 150;
  };
  const mask = Uint8Array.from(image, (_, i) => Number(inside(i)));
  const folder = 'data/ibsi_1_ct_radiomics_phantom/nifti';
  for (const [kind, name, data] of [
    ['image', 'phantom', image],
    ['mask', 'mask', mask],
  ] as const) {
    mkdirSync(path(`${folder}/${kind}`), { recursive: true });
    writeFileSync(path(`${folder}/${kind}/${name}.nii.gz`), niftiGz({ ...grid, data }));
  }
});

describe('voxomics verify', () => {
  it('checks the digital phantom and writes the certificate', async () => {
    const { code, stdout, stderr } = await voxomics('verify', '-o', 'certificate.html');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^ {2}GLCM +\d+ +\d+ +\d+ /m);
    expect(stdout).toMatch(/^VERIFIED: (\d+) of \1 values/m);
    expect(stdout).toMatch(/^not run: IBSI 1 CT phantom, A: /m);
    const found = JSON.parse(readFileSync(file('certificate.json'), 'utf8')) as Certificate & { verified: boolean };
    expect(found.verified).toBe(true);
    expect(found.caps.adapter).not.toBe('');
    expect(found.host).toContain('Node v');
    // The digital phantom and the generated case.
    expect(found.report.values.length).toBe(482 + 272);
    const html = readFileSync(file('certificate.html'), 'utf8');
    for (const { tag } of found.report.values) expect(html).toContain(`>${tag}<`);
  });

  it('ends with status 1 where values differ, and certifies that', async () => {
    const { code, stdout } = await voxomics('verify', '--data', 'data', '-o', 'differs.json');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^differs: IBSI 1 CT phantom, E, stat_mean = /m);
    expect(stdout).not.toMatch(/^differs: IBSI 1 digital/m);
    expect(stdout).toMatch(/^NOT VERIFIED: /m);
    expect(readFileSync(file('differs.html'), 'utf8')).toContain('Not verified');
    expect((JSON.parse(readFileSync(file('differs.json'), 'utf8')) as { verified: boolean }).verified).toBe(false);
  }, 120_000);

  it('refuses folders without the data and other endings before anything runs', async () => {
    mkdirSync(file('empty'));
    const empty = await voxomics('verify', '--data', 'empty');
    expect(empty.code).toBe(1);
    expect(empty.stderr).toMatch(/BadFile: .*expected a folder with ibsi_1_ct_radiomics_phantom/);
    const ending = await voxomics('verify', '-o', 'certificate.pdf');
    expect(ending.code).toBe(1);
    expect(ending.stderr).toMatch(/BadSetting: --output: expected a name that ends with .html, found .pdf/);
  });
});
