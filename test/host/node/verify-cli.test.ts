/** `voxomics verify`. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/host/format/certificate.ts';
import { useCommandLine } from '../../support/cli.ts';

const { file, voxomics } = useCommandLine(() => undefined);

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

  it('refuses folders without the data and other endings before anything runs', async () => {
    const empty = await voxomics('verify', '--data', '.');
    expect(empty.code).toBe(1);
    expect(empty.stderr).toMatch(/BadFile: .*expected a folder with ibsi_1_ct_radiomics_phantom/);
    const ending = await voxomics('verify', '-o', 'certificate.pdf');
    expect(ending.code).toBe(1);
    expect(ending.stderr).toMatch(/BadSetting: --output: expected a name that ends with .html, found .pdf/);
  });
});
