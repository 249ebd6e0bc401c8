/**
 * `npm run demo`: makes a synthetic case, extracts every lesion and prints the features.
 * Usage: demo.js [FOLDER]; FOLDER (default out/demo) takes the image, the mask and the rows.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeNifti } from '../format/nifti-write.ts';
import { createEngine, extractFiles } from './index.ts';
import { makePhantom } from './phantom.ts';

type Row = Awaited<ReturnType<typeof extractFiles>>[number];

/** Column of the row that names its label, as PyRadiomics names its settings. */
const labelColumn = 'diagnostics_Configuration_Settings_label';
const featureColumn = /^original_(firstorder|shape|shape2D|glcm|glrlm|glszm|gldm|ngtdm)_(.+)$/;

function writeWhole(path: string, bytes: Uint8Array | string): void {
  writeFileSync(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
}

/** Six significant digits; scientific only where a fixed point would be longer than the column. */
function shown(value: unknown): string {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'n/a';
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(4);
  const decimals = size >= 1e5 ? 0 : 5 - Math.max(0, Math.floor(Math.log10(size || 1)));
  return value.toFixed(decimals);
}

function csvCell(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvOf(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => columns.map((column) => csvCell((row as Record<string, unknown>)[column])).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

/** The features as text: one line per feature, one column per label, classes under their own headings. */
function featureTable(rows: readonly Row[]): string {
  const heads = rows.map((row, i) => `label ${(row as Record<string, unknown>)[labelColumn] ?? i + 1}`);
  const lines = [`${''.padEnd(40)}${heads.map((head) => head.padStart(16)).join('')}`];
  let group = '';
  for (const column of Object.keys(rows[0] ?? {})) {
    const [, featureClass, name] = featureColumn.exec(column) ?? [];
    if (!featureClass || !name) continue;
    if (featureClass !== group) lines.push('', featureClass);
    group = featureClass;
    const values = rows.map((row) => shown((row as Record<string, unknown>)[column]).padStart(16));
    lines.push(`  ${name.padEnd(38)}${values.join('')}`);
  }
  return lines.join('\n');
}

async function main(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const paths = Object.fromEntries(
    ['image.nii.gz', 'mask.nii.gz', 'rows.csv', 'rows.json'].map((name) => [name, join(folder, name)]),
  ) as Record<'image.nii.gz' | 'mask.nii.gz' | 'rows.csv' | 'rows.json', string>;
  const { image, mask } = makePhantom();
  writeWhole(paths['image.nii.gz'], gzipSync(encodeNifti(image)));
  writeWhole(paths['mask.nii.gz'], gzipSync(encodeNifti(mask)));

  const engine = await createEngine();
  const started = performance.now();
  const rows = await extractFiles(engine, paths['image.nii.gz'], paths['mask.nii.gz'], { labels: 'all' });
  const milliseconds = performance.now() - started;
  engine.destroy();
  writeWhole(paths['rows.csv'], csvOf(rows));
  writeWhole(paths['rows.json'], `${JSON.stringify(rows, null, 2)}\n`);

  console.log('A synthetic breast-like case: two enhancing lesions in glandular tissue.');
  console.log(
    `${image.size.join(' x ')} voxels of ${image.spacing.join(' x ')} mm, extracted in ${milliseconds.toFixed(0)} ms\n`,
  );
  console.log(featureTable(rows));
  console.log(`\nimage  ${paths['image.nii.gz']}\nmask   ${paths['mask.nii.gz']}`);
  console.log(`rows   ${paths['rows.csv']}\n       ${paths['rows.json']}`);
}

await main(resolve(process.argv[2] ?? join('out', 'demo')));
