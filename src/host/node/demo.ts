/**
 * `npm run demo`: makes a synthetic case, extracts every lesion and prints the features.
 * Usage: demo.js [FOLDER]; FOLDER (default out/demo) takes the image, the mask and the rows.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeNifti } from '../format/nifti-write.ts';
import { createEngine, extractFiles, formatRows, type Row, writeAtomically } from './index.ts';
import { makePhantom } from '../phantom.ts';

const featureColumn = /^original_(firstorder|shape|shape2D|glcm|glrlm|glszm|gldm|ngtdm)_(.+)$/;

/** Six significant digits; scientific only where a fixed point would be longer than the column. */
function shown(value: unknown): string {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'n/a';
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(4);
  const decimals = size >= 1e5 ? 0 : 5 - Math.max(0, Math.floor(Math.log10(size || 1)));
  return value.toFixed(decimals);
}

/** The features as text: one line per feature, one column per label, classes under their own headings. */
function featureTable(rows: readonly Row[]): string {
  // The phantom's labels are 1, 2, …, and the rows of `labels: 'all'` ascend.
  const heads = rows.map((_, i) => `label ${i + 1}`);
  const lines = [`${''.padEnd(40)}${heads.map((head) => head.padStart(16)).join('')}`];
  let group = '';
  for (const column of Object.keys(rows[0] ?? {})) {
    const [, featureClass, name] = featureColumn.exec(column) ?? [];
    if (!featureClass || !name) continue;
    if (featureClass !== group) lines.push('', featureClass);
    group = featureClass;
    const values = rows.map((row) => shown(row[column]).padStart(16));
    lines.push(`  ${name.padEnd(38)}${values.join('')}`);
  }
  return lines.join('\n');
}

async function main(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { image, mask } = makePhantom();
  const imagePath = join(folder, 'image.nii.gz');
  const maskPath = join(folder, 'mask.nii.gz');
  await writeAtomically(imagePath, gzipSync(encodeNifti(image)));
  await writeAtomically(maskPath, gzipSync(encodeNifti(mask)));

  const engine = await createEngine();
  const started = performance.now();
  const rows = await extractFiles(engine, imagePath, maskPath, { labels: 'all' });
  const milliseconds = performance.now() - started;
  const { adapter } = engine.caps;
  engine.destroy();

  const csvPath = join(folder, 'rows.csv');
  const jsonPath = join(folder, 'rows.json');
  await writeAtomically(csvPath, formatRows(rows, 'csv'));
  await writeAtomically(jsonPath, formatRows(rows, 'json'));

  console.log('A synthetic breast-like case: two enhancing lesions in glandular tissue.');
  console.log(`${image.size.join(' x ')} voxels of ${image.spacing.join(' x ')} mm`);
  console.log(`extracted in ${milliseconds.toFixed(0)} ms on ${adapter}, pipelines compiled on the way\n`);
  console.log(featureTable(rows));
  console.log(`\nimage  ${imagePath}\nmask   ${maskPath}\nrows   ${csvPath}\n       ${jsonPath}`);
}

await main(resolve(process.argv[2] ?? join('out', 'demo')));
// Dawn keeps the event loop alive as long as an instance is reachable.
process.stdout.write('', () => process.exit());
