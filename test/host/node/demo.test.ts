/** `npm run demo`: what it writes and what it says. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePng } from '../../support/png.ts';

const images = ['MG-CC', 'MG-MLO', 'T2WI', 'DWI-b800', 'ADC', 'DCE-phase2'];
/** Radiomics and deep features of an image. */
const FEATURES = 1037 + 512;

describe('the demo', () => {
  let folder = '';
  let said = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'voxomics-demo-'));
    const launcher = resolve(import.meta.dirname, '../../../scripts/run.mjs');
    said = (await promisify(execFile)(process.execPath, [launcher, 'demo', folder])).stdout;
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const table = (name: string): Record<string, string>[] =>
    parse(readFileSync(join(folder, name)), { columns: true, bom: true });

  it('writes one row with all features of six images, each of them defined', () => {
    const [row, ...others] = table('features.csv');
    expect(others).toEqual([]);
    const names = Object.keys(row!).filter((name) => name !== 'Patient');
    for (const image of images) {
      const own = names.filter((name) => name.startsWith(`${image}_`));
      expect(own).toHaveLength(FEATURES);
      expect(own.filter((name) => name.includes('_deep_medicalnet_'))).toHaveLength(512);
    }
    expect(names).toHaveLength(images.length * FEATURES);
    expect(names.filter((name) => !Number.isFinite(Number.parseFloat(row![name]!)))).toEqual([]);
  });

  it('writes a row for each image with what it depends on', () => {
    const rows = table('rows.csv');
    expect(rows.map((row) => row['Image'])).toEqual(images);
    expect(rows.map((row) => row['Preset'])).toEqual([...Array(2).fill('guo2024-b'), ...Array(4).fill('guo2024-a')]);
    for (const row of rows) {
      expect(row['diagnostics_Deep_Weights']).toBe('hash:voxomics-demo');
      expect(JSON.parse(row['diagnostics_Deep_Size']!)).toEqual([row['Image']!.startsWith('MG') ? 1 : 64, 64, 64]);
      expect(JSON.parse(row['diagnostics_Image-original_Spacing']!).slice(0, 2)).toEqual([1, 1]);
    }
  });

  it('writes the images and a picture of them', () => {
    const files = readdirSync(folder).sort();
    const written = images.flatMap((image) => [`${image}.nii.gz`, `${image}-lesion.nii.gz`]);
    expect(files).toEqual([...written, 'features.csv', 'look.png', 'rows.csv'].sort());
    const { width, height } = decodePng(readFileSync(join(folder, 'look.png')));
    expect(width).toBeGreaterThan(1000);
    expect(height).toBeGreaterThan(1000);
  });

  it('says how much of the known field N4 has found, on which adapter and in what time', () => {
    expect(said).toMatch(/^adapter +\S/m);
    for (const image of ['T2WI', 'DWI-b800', 'DCE-phase2']) {
      const [, known, left] = new RegExp(`^${image}.* ([\\d.]+) % +([\\d.]+) % `, 'm').exec(said) ?? [];
      expect(Number(known)).toBeGreaterThan(10);
      expect(Number(left)).toBeLessThan(Number(known) / 2);
    }
    expect(said).toMatch(/^ADC.* 0\.0 % +[\d.]+ % /m);
    expect(said).toMatch(/^seconds +N4 +normalise +resample +radiomics +deep$/m);
    expect(said).toMatch(/^9294 features of the patient, 0 undefined$/m);
  });
});
