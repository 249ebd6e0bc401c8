/** The command line beside what `pyradiomics` wrote for the same calls: rows, columns and their order, exit status. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { type Run, useCommandLine } from '../support/cli.ts';
import { expectClose } from '../support/close.ts';
import { describeShared, sharedPath } from '../support/shared.ts';
import { differences } from './compare.ts';
import { expectDiagnostics } from './diagnostics.ts';

/** The original image: as in features.test.ts, where MCC has its reason too. */
const ORIGINAL = 1e-9;
const MCC = 1e-6;
/** Normalised and resampled images: as in features.test.ts. */
const COMPUTED = 1e-6;
/** Feature maps are float32: as in maps.test.ts. */
const FLOAT32 = 2e-6;
const EPSILON = 4e-16;
const MILLIMETRES = 1e-9;

const folder = 'reference/pyradiomics/cli';
const data = 'data/pyradiomics/data';
const image = sharedPath(data, 'breast1_image.nrrd');
const mask = sharedPath(data, 'breast1_label.nrrd');
const batch = sharedPath(folder, 'batch.csv');
const params = (name: string) => sharedPath('reference/pyradiomics/params', `${name}.yaml`);
const preset = ['-p', params('original_default')];

/** Recorded files that a test has read. */
const used = new Set<string>();
function recorded(file: string): string {
  used.add(file);
  return readFileSync(sharedPath(folder, 'out', file), 'utf8');
}

/** Recorded files that no test reads, and why. */
const unread: readonly (readonly [RegExp, string])[] = [
  [/^batch_\w+\.log$/, 'progress and tracebacks; the rows are compared'],
  [/^(batch|resume|single)\w*\.stderr$/, 'the same, and a warning about SumAverage'],
  [/^(batch_\w+|bad_\w+|missing_params|no_mask|validate_\w+)\.stdout$/, 'empty'],
  [/^voxel\.stderr$/, 'empty'],
];

type Cells = Readonly<Record<string, unknown>>;

/** A cell of text: JSON of ours, Python's tuples, or a word. */
function cellOf(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text.replace(/^\((.*)\)$/, '[$1]')) as unknown;
  } catch {
    return text;
  }
}

/** A row without its empty cells. */
const filled = (row: Cells): Cells =>
  Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== null && cell !== ''));

const parsers: Readonly<Record<string, (text: string) => Cells[]>> = {
  json: (text) => JSON.parse(text) as Cells[],
  csv: (text) =>
    (parse(text, { columns: true, bom: true, relax_quotes: true }) as Record<string, string>[]).map((row) =>
      Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, cellOf(cell)])),
    ),
  txt: (text) => {
    const rows: Record<string, unknown>[] = [];
    for (const [, number, column, cell] of text.matchAll(/^Case-(\d+)_([^:]+): (.*)$/gm)) {
      const at = Number(number) - 1;
      rows[at] = { ...rows[at], [column!]: cellOf(cell!) };
    }
    return rows;
  },
};

/** The rows of a file of a format. */
const rowsOf = (format: string, text: string): Cells[] => parsers[format]!(text).map(filled);

/** Columns that both programs have: theirs but for versions of Python packages, ours but for those of this program. */
const shared = (row: Cells) =>
  Object.keys(row).filter((column) => !/^(diagnostics_(Versions_.*|Adapter|Driver)$|voxomics_)/.test(column));
const isFeature = (column: string) => column.startsWith('original_');

/** Expects a row to have PyRadiomics' values. */
function expectRow(row: Cells, theirs: Cells, tolerance: number): void {
  const features = Object.fromEntries(Object.entries(theirs).filter(([column]) => isFeature(column)));
  const found = differences(row, features, tolerance);
  expect(found.filter(({ column, relative }) => relative > (column.endsWith('_MCC') ? MCC : tolerance))).toEqual([]);
  const diagnostics = Object.entries(theirs).flatMap(([column, value]) =>
    column.startsWith('diagnostics_') ? [[column.replace('diagnostics_', ''), value] as const] : [],
  );
  expectDiagnostics(row, Object.fromEntries(diagnostics));
}

const baseName = (path: unknown) => String(path).split('/').at(-1);

describeShared('the command line of PyRadiomics', () => {
  const { file, voxomics } = useCommandLine(() => undefined);
  const statuses = new Map<string, number>();
  const note = (name: string, { code }: Run) => void statuses.set(name, code);

  /** Expects the rows of the batch: values where PyRadiomics has them, else its input columns and our reason. */
  function expectBatch(rows: readonly Cells[], theirs: readonly Cells[]): void {
    expect(rows).toHaveLength(theirs.length);
    rows.forEach((row, i) => {
      const other = theirs[i]!;
      expect(shared(row)).toEqual(shared(other));
      for (const column of ['PatientID', 'Label', 'Center', 'Note']) expect(row[column], column).toEqual(other[column]);
      for (const column of ['Image', 'Mask']) expect(baseName(row[column])).toBe(baseName(other[column]));
      expect('voxomics_error' in row).toBe(!('original_firstorder_Mean' in other));
      expectRow(row, other, ORIGINAL);
    });
  }

  it.each(['csv', 'json', 'txt'])('a batch as %s', async (format) => {
    const run = await voxomics('extract', batch, '-o', `batch.${format}`, ...preset);
    note(`batch_${format}`, run);
    expect(run.stderr).toContain('3 of 6 rows have no features');
    const rows = rowsOf(format, readFileSync(file(`batch.${format}`), 'utf8'));
    expectBatch(rows, rowsOf(format, recorded(`batch.${format}`)));
  });

  it('the other runs of the batch have the same rows', async () => {
    expect(recorded('batch_j2.csv')).toBe(recorded('batch.csv'));
    // No value is NaN, so that --skip-nans changes nothing.
    expect(recorded('batch_skip_nans.csv')).toBe(recorded('batch.csv'));
    // --out-dir: a file per case.
    const rows = rowsOf('csv', readFileSync(file('batch.csv'), 'utf8'));
    const cases = Array.from({ length: 6 }, (_, i) => rowsOf('csv', recorded(`resume/features_${i + 1}.csv`))[0]!);
    expectBatch(rows, cases);
  });

  it.each(['csv', 'json', 'txt'])('a case as %s', async (format) => {
    const run = await voxomics('extract', image, mask, '-f', format, ...preset);
    note(`single_${format}`, run);
    const [row] = rowsOf(format, run.stdout);
    const [theirs] = rowsOf(format, recorded(`single_${format}.stdout`));
    // Names of files may tell who the patient is; what was typed is known to who typed it.
    expect(shared(row!)).toEqual(shared(theirs!).filter((column) => column !== 'Image' && column !== 'Mask'));
    expectRow(row!, theirs!, ORIGINAL);
  });

  it('a case with settings', async () => {
    const settings = ['binWidth:10', 'resampledPixelSpacing:2,2,2', 'normalize:true', 'normalizeScale:100'];
    const args = settings.flatMap((setting) => ['-s', setting]);
    const run = await voxomics('extract', image, mask, '-f', 'csv', ...args);
    note('single_settings', run);
    const [row] = rowsOf('csv', run.stdout);
    const [theirs] = rowsOf('csv', recorded('single_settings.csv'));
    expect(shared(row!)).toEqual(shared(theirs!).filter((column) => column !== 'Image' && column !== 'Mask'));
    expectRow(row!, theirs!, COMPUTED);
  });

  it('feature maps', async () => {
    const run = await voxomics('map', image, mask, '-p', params('voxel_r1_masked'), '-f', 'nrrd', '-o', 'maps');
    note('voxel', run);
    const [row] = rowsOf('csv', recorded('voxel.stdout'));
    const names = Object.keys(row!).filter(isFeature);
    expect(readdirSync(file('maps')).sort()).toEqual(names.map((name) => `${name}.nrrd`).sort());
    for (const name of names) {
      used.add(`voxel/Case-1_${name}.nrrd`);
      const ours = toVolume(await readImageFile(file(`maps/${name}.nrrd`)));
      const theirs = toVolume(await readImageFile(sharedPath(folder, 'out/voxel', `Case-1_${name}.nrrd`)));
      expect([ours.size, ours.spacing, ours.direction]).toEqual([theirs.size, theirs.spacing, theirs.direction]);
      for (const [axis, x] of ours.origin.entries())
        expectClose(x, theirs.origin[axis]!, { abs: MILLIMETRES, what: name });
      for (const [i, value] of theirs.data.entries())
        expectClose(ours.data[i]!, value, { rel: FLOAT32, abs: EPSILON, what: `${name}, voxel ${i}` });
    }
  });

  const missing = 'missing.yaml';
  const bad = sharedPath(folder, 'out/bad_params.yaml');
  it.each([
    ['no_mask', ['extract', image], /no mask specified/, /expected an image and a mask/],
    [
      'mismatch',
      ['extract', image, sharedPath(data, 'brain1_label.nrrd'), '-f', 'csv'],
      /geometry mismatch|does not match|larger than image space/i,
      /GeometryMismatch: .*sizes differ by .*--geometry resample-mask/,
    ],
    [
      'missing_params',
      ['extract', batch, '-p', missing, '-o', 'x.csv'],
      /Error extracting features/,
      /missing\.yaml: .*nothing at this path/,
    ],
    [
      'bad_params',
      ['extract', batch, '-p', bad, '-o', 'x.csv'],
      /Error extracting features/,
      /bad_params\.yaml:2: .*binWidth.*\n.*bad_params\.yaml:4: .*Originale.*Did you mean Original\?/,
    ],
    [
      'validate_mr_norm',
      ['extract', batch, '-p', params('mr_norm'), '--validate'],
      /Image path for case \(5\/6\) does not exist/,
      /case 5 of 6: missing_image\.nrrd: .*nothing at this path/,
    ],
    [
      'validate_bad_params',
      ['extract', batch, '-p', bad, '--validate'],
      /validation failed/,
      /:2: .*binWidth.*\n.*:4: /,
    ],
    [
      'validate_missing',
      ['extract', batch, '-p', missing, '--validate'],
      /parameter file does not exist/,
      /missing\.yaml: .*nothing at this path/,
    ],
    [
      'bad_batch',
      ['extract', sharedPath(folder, 'out/bad_batch.csv'), '-f', 'csv', '-o', 'x.csv'],
      /Required column "Mask" not present/,
      /bad_batch\.csv: expected a column Mask, found ID, Image/,
    ],
  ] as const)('%s is refused in words', async (name, args, theirs, ours) => {
    const run = await voxomics(...args);
    note(name, run);
    expect(recorded(`${name}.stderr`)).toMatch(theirs);
    expect(run.stderr).toMatch(ours);
    expect(run.stderr).not.toMatch(/\n\s+at /);
    expect(run.stdout).toBe('');
  });

  it('a case that cannot be processed has no row, where PyRadiomics has one without features', async () => {
    const { code, stdout } = await voxomics('extract', image, sharedPath(data, 'brain1_label.nrrd'), '-f', 'csv');
    expect([code, stdout]).toEqual([1, '']);
    expect(recorded('mismatch.stdout').trim().split(/\r?\n/)).toHaveLength(2);
    expect(recorded('mismatch.stdout')).toMatch(/^Image,Mask\r?\n/);
  });

  it('what is correct is validated without computing', async () => {
    const { code, stdout } = await voxomics('extract', image, mask, '-p', params('mr_norm'), '--validate');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^correct: 1 case\. Image types: Original, Wavelet, LoG\./),
    ]);
  });

  it('has an exit status that tells failure, where PyRadiomics has 0', () => {
    const theirs = Object.fromEntries(
      [...recorded('exit_status.txt').matchAll(/^(\d+) (\w+)$/gm)].map(([, code, name]) => [name, Number(code)]),
    );
    // 5: all rows are written, some have an error in place of features; 1: bad input; 2: bad command line.
    const expected: Readonly<Record<string, readonly [theirs: number, ours: number]>> = {
      batch_csv: [0, 5],
      batch_json: [0, 5],
      batch_txt: [0, 5],
      single_csv: [0, 0],
      single_json: [0, 0],
      single_txt: [0, 0],
      single_settings: [0, 0],
      no_mask: [1, 2],
      mismatch: [0, 1],
      missing_params: [3, 1],
      bad_params: [3, 1],
      validate_mr_norm: [0, 1],
      validate_bad_params: [0, 1],
      validate_missing: [0, 1],
      bad_batch: [1, 1],
      voxel: [0, 0],
    };
    // Options that we do not have, and the batch with them.
    const without = ['batch_skip_nans', 'batch_j2', 'resume'];
    expect([...Object.keys(expected), ...without].sort()).toEqual(Object.keys(theirs).sort());
    for (const [name, codes] of Object.entries(expected))
      expect([theirs[name], statuses.get(name)], name).toEqual(codes);
  });

  it('every flag and every setting is in the migration page', () => {
    const page = readFileSync(new URL('../../docs/migration.md', import.meta.url), 'utf8');
    const flags = [...new Set(recorded('help.txt').match(/(?<=^|[\s,[])--?[a-z][a-z-]*/gm))];
    expect(flags.length).toBeGreaterThan(20);
    expect(flags.filter((flag) => !new RegExp(`\`[^\`]*(?<![\\w-])${flag}(?![\\w-])[^\`]*\``).test(page))).toEqual([]);
    expect(settingsOfPyradiomics.filter((name) => !new RegExp(`^\\|[^|]*\\b${name}\\b`, 'm').test(page))).toEqual([]);
    expect(recorded('version.txt')).toContain('v3.1.0');
  });

  it('every recorded file is compared, or has a reason', () => {
    const all = (
      readdirSync(sharedPath(folder, 'out'), { recursive: true, withFileTypes: true }) as import('node:fs').Dirent[]
    )
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(sharedPath(folder, 'out').length + 1));
    used.add('bad_params.yaml').add('bad_batch.csv');
    expect(all.filter((name) => !used.has(name) && !unread.some(([pattern]) => pattern.test(name)))).toEqual([]);
    for (const [pattern, reason] of unread) {
      const files = all.filter((name) => pattern.test(name));
      expect(files.length).toBeGreaterThan(0);
      if (/empty/.test(reason)) for (const name of files) expect(recorded(name)).toBe('');
    }
  });
});

/** PyRadiomics 3.1.0's settings: its schema of parameter files, and those that only a program passes. */
const settingsOfPyradiomics = [
  ...[
    'minimumROIDimensions',
    'minimumROISize',
    'geometryTolerance',
    'correctMask',
    'additionalInfo',
    'label',
    'label_channel',
  ],
  ...['binWidth', 'binCount', 'normalize', 'normalizeScale', 'removeOutliers', 'resampledPixelSpacing', 'interpolator'],
  ...[
    'padDistance',
    'distances',
    'force2D',
    'force2Ddimension',
    'resegmentRange',
    'resegmentMode',
    'resegmentShape',
    'preCrop',
  ],
  ...['sigma', 'start_level', 'level', 'wavelet', 'gradientUseSpacing', 'lbp2DRadius', 'lbp2DSamples', 'lbp2DMethod'],
  ...['lbp3DLevels', 'lbp3DIcosphereRadius', 'lbp3DIcosphereSubdivision', 'voxelArrayShift', 'symmetricalGLCM'],
  ...['weightingNorm', 'gldm_a', 'kernelRadius', 'maskedKernel', 'initValue', 'voxelBatch', 'enableCExtensions'],
];
