/** DICOM on the command line; whatever happens, nothing tells who the patient is. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { SeriesListing } from '../../../src/host/format/dicom/series.ts';
import { readImageFile } from '../../../src/host/node/read.ts';
import { type Run, useCommandLine } from '../../support/cli.ts';
import { segFile, structureFile } from '../../support/dicom-masks.ts';
import { identifying, imageFile, type Item, patient, type SliceFields } from '../../support/dicom-writer.ts';
import { random } from '../../support/random.ts';

const [nx, ny, nz] = [16, 14, 6];
const next = random(8);
const size: SliceFields = { columns: nx, rows: ny };
const pixels = Array.from({ length: nz }, () => Array.from({ length: nx * ny }, () => Math.floor(next() * 1000)));
const slice = (n: number, change: Item = [], z = 2 * n) =>
  imageFile({ ...size, instance: n + 1, position: [-10, 5, z], pixels: pixels[n % nz], change });

/** Slices whose names, and those of their folders, are the patient's, as archives name them. */
function writeSeries(path: string, slices: readonly Uint8Array[]): void {
  mkdirSync(path, { recursive: true });
  for (const [n, bytes] of slices.entries()) writeFileSync(`${path}/Jane_Doe_${n + 1}.dcm`, bytes);
}

const square = (z: number, from: number, to: number) =>
  [from, 5 + from, z, to, 5 + from, z, to, 5 + to, z, from, 5 + to, z].map((x, i) =>
    i % 3 === 0 ? x * 0.75 - 10 : i % 3 === 1 ? (x - 5) * 0.5 + 5 : x,
  );
const slices = Array.from({ length: nz }, (_, n) => n);
const contours = (from: number, to: number) => slices.map((n) => ['CLOSED_PLANAR', square(2 * n, from, to)] as const);
const ring = Array.from({ length: nx * ny }, (_, i) => {
  const [x, y] = [i % nx, Math.floor(i / nx)];
  return Number(x > 2 && x < 12 && y > 2 && y < 11);
});
const groups = (moved: number) => ({
  rows: ny,
  columns: nx,
  pixelSpacing: [0.5, 0.75],
  sliceSpacing: 2,
  frames: slices.map((n) => ({ segment: 1, position: [-10 + moved, 5, 2 * n], pixels: ring })),
  change: patient,
});

const commandLine = useCommandLine((file) => {
  writeSeries(
    file('DOE^JANE'),
    slices.map((n) => slice(n)),
  );
  const times = [0, 1].flatMap((t) => slices.map((n) => slice(n + t * nz, [['00200100', 'IS', String(t + 1)]], 2 * n)));
  writeSeries(file('times'), times);
  writeSeries(
    file('gap'),
    [0, 1, 3, 4].map((n) => slice(n)),
  );
  writeSeries(file('cut'), [slice(0), slice(1).subarray(0, 400)]);
  const entries = slices.map((n) => [`JANE DOE/${n}.dcm`, slice(n)] as const);
  writeFileSync(file('MRN4711.zip'), zipSync(Object.fromEntries(entries)));
  const mammogram: Item = [
    ['00080060', 'CS', 'MG'],
    ['00280004', 'CS', 'MONOCHROME1'],
  ];
  writeFileSync(file('mg Jane.dcm'), imageFile({ ...size, position: null, pixelSpacing: null, change: mammogram }));
  const names = ['GTV of Doe', 'Liver'];
  const structures = [contours(3, 8), contours(9, 12)].map((own, i) => ({
    number: i + 1,
    name: names[i]!,
    contours: own,
  }));
  writeFileSync(file('rs_Jane.dcm'), structureFile(structures, patient));
  // The last is smaller than a voxel.
  const overlapping = [contours(3, 8), contours(5, 12), contours(3.2, 3.8)].map((own, i) => ({
    number: i + 1,
    name: [...names, 'point'][i]!,
    contours: own,
  }));
  writeFileSync(file('overlap_Jane.dcm'), structureFile(overlapping, patient));
  const sparse = [{ number: 1, name: 'GTV of Doe', contours: [...contours(3, 8), ['POINT', [1, 2, 3]] as const] }];
  writeFileSync(file('notes_Jane.dcm'), structureFile(sparse, patient));
  writeFileSync(file('seg_Jane.dcm'), segFile({ ...groups(0), segments: [[1, 'Lesion of Jane']] }));
  writeFileSync(file('half_Jane.dcm'), segFile(groups(0.375)));
  writeFileSync(file('text_DOE.dcm'), 'no DICOM');
});
const { file } = commandLine;

const outputs: Run[] = [];
/** Runs a command; all that it prints is looked through at the end. */
async function voxomics(...args: string[]): Promise<Run> {
  const run = await commandLine.voxomics(...args);
  outputs.push(run);
  return run;
}
/** Without what drivers say, and the progress that a slow machine shows. */
const said = ({ stderr }: Run): string => stderr.replace(/^(Warning: max|voxomics: \d+ of \d+ ).*\n/gm, '');
type Rows = Record<string, unknown>[];
const rowsOf = ({ stdout }: Run) => JSON.parse(stdout) as Rows;

describe('voxomics dicom list', () => {
  it('shows series, phases, problems and masks', async () => {
    const { code, stdout } = await voxomics('dicom', 'list', 'DOE^JANE', 'rs_Jane.dcm', 'seg_Jane.dcm');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^no\. +modality +description +slices +phases +size +spacing \(mm\) +series UID$/m);
    expect(stdout).toMatch(/^3 +MR +T1 axial +6 +1 +16 x 14 x 6 +0.75 x 0.5 x 2 +2\.25\.55$/m);
    expect(stdout).toMatch(/^mask rs_\*\*\*\.dcm \(RTSTRUCT\):\n +1 {2}GTV of \*\*\*\n +2 {2}Liver$/m);
    expect(stdout).toMatch(/^mask seg_\*\*\*\.dcm \(SEG\):\n +1 {2}Lesion of \*\*\*$/m);
    expect((await voxomics('dicom', 'list', 'times')).stdout).toMatch(/phase 2: TemporalPosition 2/);
    expect((await voxomics('dicom', 'list', 'gap')).stdout).toMatch(/problem: BadSeries: .*missing slices/);
    expect((await voxomics('dicom', 'list', 'cut')).stdout).toMatch(
      /1 file that cannot be read:\n +\*\*\*_\*\*\*_2\.dcm/,
    );
    expect((await voxomics('dicom', 'list', 'mg Jane.dcm')).stdout).toMatch(/MONOCHROME1[\s\S]*MissingSpacing/);
  });

  it('as JSON', async () => {
    const { stdout } = await voxomics('dicom', 'list', 'times', '--json');
    const listing = JSON.parse(stdout) as SeriesListing;
    expect(listing.series).toMatchObject([
      { number: 3, phases: ['TemporalPosition 1', 'TemporalPosition 2'], slices: 12 },
    ]);
  });
});

describe('voxomics convert', () => {
  it.each([
    ['a folder', ['DOE^JANE']],
    ['a zip archive', ['MRN4711.zip']],
    ['files', slices.map((n) => `DOE^JANE/Jane_Doe_${n + 1}.dcm`)],
    ['a time point', ['times', '--phase', '1']],
  ])('%s', async (_, args) => {
    const before = readdirSync(file('.'));
    const { code, stderr } = await voxomics('convert', ...args, 'out.nii.gz');
    expect([code, stderr]).toEqual([0, '']);
    const image = await readImageFile(file('out.nii.gz'));
    expect(image).toMatchObject({
      size: [nx, ny, nz],
      spacing: [0.75, 0.5, 2],
      origin: [-10, 5, 0],
      pixelType: 'uint16',
    });
    expect([...image.data]).toEqual(pixels.flat());
    expect(gunzipSync(readFileSync(file('out.nii.gz'))).toString('latin1')).not.toMatch(identifying);
    // Written whole, and nothing beside it.
    expect(readdirSync(file('.')).sort()).toEqual([...new Set([...before, 'out.nii.gz'])].sort());
  });

  it('a mask onto the grid of its image', async () => {
    const run = await voxomics('convert', 'rs_Jane.dcm', 'rs.nii.gz', '--mask-of', 'DOE^JANE', '--region', 'liver');
    expect([run.code, said(run)]).toEqual([0, '']);
    const mask = await readImageFile(file('rs.nii.gz'));
    expect(mask).toMatchObject({ size: [nx, ny, nz], origin: [-10, 5, 0] });
    expect(new Set(mask.data)).toEqual(new Set([0, 1]));
  });

  it('a mammogram without spacing, inverted', async () => {
    const asked = ['--pixel-spacing', '0.07,0.08', '--invert-monochrome1'];
    expect((await voxomics('convert', 'mg Jane.dcm', 'mg.nii', ...asked)).code).toBe(0);
    const image = await readImageFile(file('mg.nii'));
    expect(image).toMatchObject({ dimension: 2, size: [nx, ny, 1] });
    expect(image.data[0]).toBe(65535 - 100);
  });

  it.each<[string[], number, RegExp]>([
    [['times', 'x.nii'], 1, /BadSeries: series "T1 axial": expected one image, found 2.*--phase/],
    [['times', 'x.nii', '--phase', '3'], 1, /BadSetting: phase: .* 1 to 2, found 3/],
    [['DOE^JANE', 'x.nii', '--series', 'T2'], 1, /BadSetting: series: /],
    [['gap', 'x.nii'], 1, /BadSeries: .*missing slices: 1 between \*\*\*_\*\*\*_2\.dcm at 2 mm/],
    [['cut', 'x.nii'], 1, /BadDicom: \*\*\*_\*\*\*_2\.dcm: /],
    [['mg Jane.dcm', 'x.nii'], 1, /MissingSpacing: mg \*\*\*\.dcm: .*--pixel-spacing/],
    [
      ['rs_Jane.dcm', 'x.nii'],
      1,
      /BadDicom: rs_\*\*\*\.dcm: expected DICOM images, found 1 other object \(RTSTRUCT\).*--mask-of/,
    ],
    [['rs_Jane.dcm', 'x.nii', '--region', 'Liver'], 1, /--mask-of/],
    [['half_Jane.dcm', 'x.nii', '--mask-of', 'DOE^JANE'], 1, /GeometryMismatch: .*--geometry ignore-tiny/],
    [['overlap_Jane.dcm', 'x.nii', '--mask-of', 'DOE^JANE'], 1, /voxels in common.*--region/],
    [['DOE^JANE', 'x.png'], 1, /BadFile: x\.png/],
    [['DOE^JANE', 'not Jane/x.nii'], 1, /BadFile: x\.nii: .*no such folder/],
    [['DOE^JANE'], 1, /BadSetting: expected an input and an output/],
    [[], 2, /missing required argument/],
  ])('%j ends with status %i', async (args, status, message) => {
    const { code, stdout, stderr } = await voxomics('convert', ...args);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).toMatch(message);
    expect(readdirSync(file('.'))).not.toContain('x.nii');
  });
});

describe('voxomics extract', () => {
  const few = ['--classes', 'firstorder,ngtdm'];
  const features = (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).filter(([c]) => c.startsWith('original_')));

  it('a folder and a structure set: a row for each structure, as from NIfTI', async () => {
    const run = await voxomics('extract', 'DOE^JANE', 'rs_Jane.dcm', ...few);
    expect([run.code, rowsOf(run).map((row) => row['voxomics_region'])]).toEqual([0, ['GTV of ***', 'Liver']]);
    await voxomics('convert', 'DOE^JANE', 'image.nii.gz');
    await voxomics('convert', 'rs_Jane.dcm', 'mask.nii.gz', '--mask-of', 'DOE^JANE');
    const rows = rowsOf(await voxomics('extract', 'image.nii.gz', 'mask.nii.gz', '--label', 'all', ...few));
    expect(rowsOf(run).map(features)).toEqual(rows.map(features));
    const [liver] = rowsOf(
      await voxomics('extract', 'times', 'rs_Jane.dcm', '--phase', '2', '--region', 'Liver', ...few),
    );
    expect(features(liver!)).toEqual(features(rows[1]!));
  });

  it('structures with common voxels: each as if it were alone, and one that fails beside those that do not', async () => {
    const rows = rowsOf(await voxomics('extract', 'DOE^JANE', 'overlap_Jane.dcm', ...few));
    expect(rows.map((row) => row['voxomics_region'])).toEqual(['GTV of ***', 'Liver', 'point']);
    expect(rows[2]!['voxomics_error']).toMatchObject({ code: 'EmptyMask' });
    for (const [i, region] of ['GTV of Doe', 'Liver'].entries()) {
      const alone = rowsOf(await voxomics('extract', 'DOE^JANE', 'overlap_Jane.dcm', '--region', region, ...few));
      expect(rows[i]).toEqual(alone[0]);
    }
  });

  it('a zip archive and a segmentation; notes are told and kept', async () => {
    const [row] = rowsOf(await voxomics('extract', 'MRN4711.zip', 'seg_Jane.dcm', ...few));
    expect(row!['voxomics_region']).toBe('Lesion of ***');
    const { stderr, stdout } = await voxomics('extract', 'DOE^JANE', 'notes_Jane.dcm', ...few);
    expect(stderr).toMatch(/^voxomics: note: structure 1 "GTV of \*\*\*": contours left out .* 1 POINT$/m);
    expect((JSON.parse(stdout) as Rows)[0]!['voxomics_notes']).toEqual([expect.stringMatching(/1 POINT/)]);
  });

  it('a segmentation half a voxel off: refused, with the flag that helps', async () => {
    const refused = await voxomics('extract', 'DOE^JANE', 'half_Jane.dcm', ...few);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/GeometryMismatch: .*--geometry resample-mask.*--geometry ignore-tiny/);
    const ignored = await voxomics('extract', 'DOE^JANE', 'half_Jane.dcm', '--geometry', 'ignore-tiny', ...few);
    expect(ignored.stderr).toMatch(/voxomics: note: the grids .* 0\.500 voxels/);
    const [row] = rowsOf(await voxomics('extract', 'DOE^JANE', 'seg_Jane.dcm', ...few));
    expect(features(rowsOf(ignored)[0]!)).toEqual(features(row!));
    const resampled = await voxomics('extract', 'DOE^JANE', 'half_Jane.dcm', '--geometry', 'resample-mask', ...few);
    expect(resampled.code).toBe(0);
  });

  it.each<[string[], number, RegExp]>([
    [
      ['DOE^JANE', 'rs_Jane.dcm', '--region', 'PTV of Doe'],
      1,
      /LabelNotFound: .*"PTV of \*\*\*".*1 "GTV of \*\*\*", 2 "Liver"/,
    ],
    [['DOE^JANE', 'overlap_Jane.dcm', '--label', '1'], 1, /OverlappingRegions: .*voxels in common.*--region/],
    [['DOE^JANE', 'seg_Jane.dcm', '--threshold', '2'], 1, /threshold/],
    [['DOE^JANE', 'rs_Jane.dcm', '--phase', 'x'], 1, /--phase: expected one number; found "x"/],
    [['DOE^JANE', 'rs_Jane.dcm', '--geometry', 'loose'], 2, /Allowed choices are strict, resample-mask, ignore-tiny/],
    [['DOE^JANE', 'text_DOE.dcm'], 1, /BadFile/],
    [['times', 'rs_Jane.dcm'], 1, /--phase/],
  ])('%j ends with status %i', async (args, status, message) => {
    const { code, stdout, stderr } = await voxomics('extract', ...args);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).toMatch(message);
  });
});

describe('the other commands', () => {
  it.each([
    ['normalise', '--method', 'zscore', '--mask', 'rs_Jane.dcm', '--region', 'Liver'],
    ['resample', '--spacing', '1,1,2', '--interpolator', 'linear', '--mask', 'seg_Jane.dcm'],
    ['preprocess', '--normalise', 'zscore', '--spacing', '1,1,2', '--mask', 'seg_Jane.dcm'],
    ['n4', '--iterations', '2', '--shrink', '1', '--mask', 'seg_Jane.dcm'],
  ])('%s takes a time point of a folder, and a DICOM mask', async (command, ...flags) => {
    const output = `${command}.nii.gz`;
    const run = await voxomics(command, 'times', output, '--phase', '1', ...flags);
    expect([run.code, said(run)]).toEqual([0, '']);
    const bytes = readFileSync(file(output));
    // The same as from the converted image and mask.
    await voxomics('convert', 'times', 'one.nii.gz', '--phase', '1');
    const mask = flags[flags.indexOf('--mask') + 1]!;
    const region = flags.includes('--region') ? ['--region', 'Liver'] : [];
    await voxomics('convert', mask, 'its-mask.nii.gz', '--mask-of', 'one.nii.gz', ...region);
    const plain = flags
      .filter((flag) => !region.includes(flag))
      .map((flag) => (flag === mask ? 'its-mask.nii.gz' : flag));
    expect((await voxomics(command, 'one.nii.gz', output, ...plain)).code).toBe(0);
    expect(readFileSync(file(output)).equals(bytes)).toBe(true);
  });
});

it.each([
  ['normalise', '--method', 'zscore:mask'],
  ['resample', '--spacing', '1,1,2'],
  ['preprocess', '--normalise', 'zscore:mask'],
  ['n4', '--iterations', '1', '--shrink', '1'],
  ['preprocess', '--n4', 'iterations=1,shrink=1,mask=half_Jane.dcm'],
])('%s refuses a mask on another grid, and takes it with --geometry', async (command, ...flags) => {
  const mask = flags.some((flag) => flag.includes('half')) ? [] : ['--mask', 'half_Jane.dcm'];
  const args = [command, 'DOE^JANE', 'moved.nii', ...mask, ...flags];
  const refused = await voxomics(...args);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toMatch(/GeometryMismatch: .*--geometry resample-mask.*--geometry ignore-tiny/);
  expect(readdirSync(file('.'))).not.toContain('moved.nii');
  expect((await voxomics(...args, '--geometry', 'ignore-tiny')).code).toBe(0);
  rmSync(file('moved.nii'));
});

it('nothing that was printed tells who the patient is', () => {
  expect(outputs.length).toBeGreaterThan(40);
  for (const { stdout, stderr } of outputs) {
    expect(stdout).not.toMatch(identifying);
    // What a user typed is not looked up in files that are no DICOM.
    expect(stderr.replaceAll('text_DOE.dcm', '')).not.toMatch(identifying);
  }
});
