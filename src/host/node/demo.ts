/**
 * `npm run demo`: makes a patient with six images of one breast, takes them through the protocol of Guo et al. 2024, and tells
 * what came out and how long it took.
 * Usage: demo.js [FOLDER]; FOLDER (default out/demo) takes the images, the tables and the picture.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Mask, Volume } from '../../pipeline/volume.ts';
import { renderSheet, type SheetRow } from '../format/sheet.ts';
import { makePatient, type Sequence } from '../patient.ts';
import { openDeepNetwork } from './deep-network.ts';
import { featuresOf, runSequence, type SequenceResult, stages } from './demo-sequence.ts';
import { createEngine, formatRows, type Row, writeAtomically, writeImageFile } from './index.ts';

const WEIGHTS = 'hash:voxomics-demo';
const columns = ['measured', 'after N4', 'field found', 'field known', 'at 1 mm'] as const;

/** One row for the patient: every feature of every image. */
function wideRow(results: readonly SequenceResult[]): Row {
  const entries = results.flatMap(({ sequence, radiomics, deep }) =>
    [...featuresOf(radiomics), ...featuresOf(deep)].map(
      ([name, value]) => [`${sequence.name}_${name}`, value] as const,
    ),
  );
  return { Patient: 'demo-1', ...Object.fromEntries(entries) };
}

/** One row per image, with its diagnostics. */
const longRows = (results: readonly SequenceResult[]): Row[] =>
  results.map(({ sequence, preset, radiomics, deep }) => ({
    Patient: 'demo-1',
    Image: sequence.name,
    Preset: preset,
    ...radiomics,
    ...deep,
    voxomics_reasons: { ...(radiomics['voxomics_reasons'] as object), ...(deep['voxomics_reasons'] as object) },
  }));

/** A field inside the tissue, divided by its mean there. */
function inTissue(field: Volume, { data }: Mask): Volume {
  const values = Float32Array.from(field.data, (v, i) => (data[i] === 0 ? Number.NaN : v));
  const known = values.filter((v) => !Number.isNaN(v));
  const mean = known.reduce((sum, v) => sum + v, 0) / known.length;
  return { ...field, data: values.map((v) => v / mean) };
}

function sheetRow({ sequence, corrected, found, image, mask }: SequenceResult): SheetRow {
  const { field, tissue } = sequence;
  return {
    title: sequence.name,
    region: sequence.mask,
    cells: [
      { volume: sequence.image, look: 'shared', outline: sequence.mask },
      // N4 leaves the scale of an image open.
      corrected && { volume: corrected, look: 'own' },
      found && { volume: inTissue(found, tissue), look: 'ratio' },
      field && { volume: inTissue(field, tissue), look: 'ratio' },
      { volume: image, look: 'own', outline: mask },
    ],
  };
}

/** Lines of cells, each column as wide as its widest cell. The first column is flush left. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, c) => Math.max(...lines.map((line) => line[c]!.length)));
  return lines
    .map((line) => line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('   '))
    .join('\n');
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
/** Five significant digits. */
const shown = (value: unknown) => (typeof value === 'number' ? String(Number(value.toPrecision(5))) : 'n/a');
const times = (milliseconds: number) => (milliseconds === 0 ? '-' : (milliseconds / 1000).toFixed(2));

function summary(results: readonly SequenceResult[]): string {
  const head = ['image', 'voxels', 'mm', 'lesion', 'field', 'left', 'at 1 mm', 'lesion', 'radiomics', 'deep'];
  const lines = results.map(({ sequence, error, image, mask, radiomics, deep }) => [
    sequence.name,
    sequence.image.size.join('x'),
    sequence.image.spacing.join('x'),
    String(count(sequence.mask)),
    error ? percent(error.known) : '-',
    error ? percent(error.left) : '-',
    image.size.join('x'),
    String(count(mask)),
    String(featuresOf(radiomics).length),
    String(featuresOf(deep).length),
  ]);
  return table([head, ...lines]);
}

/** Voxels of a region. */
function count({ data }: Mask): number {
  let voxels = 0;
  for (let i = 0; i < data.length; i++) voxels += Number(data[i] !== 0);
  return voxels;
}

/** Some features side by side. */
function someFeatures(results: readonly SequenceResult[]): string {
  const names = [
    'original_shape_Sphericity',
    'original_firstorder_Mean',
    'original_glcm_Contrast',
    'original_ngtdm_Busyness',
    'deep_medicalnet_000',
    'deep_medicalnet_511',
  ];
  const lines = names.map((name) => [
    name,
    ...results.map(({ radiomics, deep }) => shown(radiomics[name] ?? deep[name])),
  ]);
  return table([['feature', ...results.map(({ sequence }) => sequence.name)], ...lines]);
}

function timeTable(results: readonly SequenceResult[]): string {
  const lines = results.map(({ sequence, milliseconds }) => [
    sequence.name,
    ...stages.map((s) => times(milliseconds[s])),
  ]);
  const sums = stages.map((s) => times(results.reduce((sum, { milliseconds }) => sum + milliseconds[s], 0)));
  return table([['seconds', ...stages], ...lines, ['all', ...sums]]);
}

async function main(folder: string): Promise<void> {
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  mkdirSync(folder, { recursive: true });
  const engine = await createEngine();
  const network = await openDeepNetwork(engine, { arch: 'medicalnet', weights: WEIGHTS });
  console.log('A synthetic patient: six images of one breast with its lesion, after Guo et al. 2024.');
  console.log(`adapter        ${engine.caps.adapter}`);
  console.log(
    `deep features  ${network.arch}, ${WEIGHTS} (made-up weights), ${network.backend}, ${network.precision}\n`,
  );
  const results: SequenceResult[] = [];
  for (const sequence of makePatient()) {
    results.push(await runSequence(engine, network, sequence));
    await writeImages(folder, sequence);
    console.log(`${seconds().padStart(6)} s  ${sequence.name}`);
  }
  engine.destroy();

  const wide = wideRow(results);
  await writeAtomically(join(folder, 'features.csv'), formatRows([wide], 'csv'));
  await writeAtomically(join(folder, 'rows.csv'), formatRows(longRows(results), 'csv'));
  await writeAtomically(join(folder, 'look.png'), renderSheet(columns, results.map(sheetRow)));

  console.log(`\n${summary(results)}`);
  console.log(
    'field: coil sensitivity that the image was made with, left: after N4 (SD of the logarithm in the tissue).',
  );
  console.log(
    'ADC is a ratio without a coil’s field: what N4 takes for one there is an error of the paper’s protocol.',
  );
  console.log(`\n${someFeatures(results)}`);
  console.log(`\n${timeTable(results)}`);
  const found = featuresOf(wide).filter(([name]) => name !== 'Patient');
  console.log(
    `\n${found.length} features of the patient, ${found.filter(([, v]) => Number.isNaN(v)).length} undefined`,
  );
  console.log(
    `features ${join(folder, 'features.csv')}\nrows     ${join(folder, 'rows.csv')}\npicture  ${join(folder, 'look.png')}`,
  );
  const inStages = results.flatMap(({ milliseconds }) => stages.map((stage) => milliseconds[stage]));
  const sum = inStages.reduce((a, b) => a + b, 0);
  console.log(
    `${seconds()} s in all, ${times(sum)} s of them in the stages above; the rest made the patient, opened the network and wrote files`,
  );
}

/** The image and the lesion, to be looked at with other programs. */
async function writeImages(folder: string, { name, image, mask }: Sequence): Promise<void> {
  await writeImageFile(join(folder, `${name}.nii.gz`), image);
  await writeImageFile(join(folder, `${name}-lesion.nii.gz`), mask);
}

await main(resolve(process.argv[2] ?? join('out', 'demo')));
// Dawn keeps the event loop alive as long as an instance is reachable.
process.stdout.write('', () => process.exit());
