/** Whole cases from file to row: cold, warm, with and without reading, with memory. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Engine } from '../src/engine/index.ts';
import { toMask, toVolume } from '../src/host/format/index.ts';
import { encodeNifti } from '../src/host/format/nifti-write.ts';
import { createEngine } from '../src/host/node/adapters.ts';
import { extractFiles } from '../src/host/node/extract-files.ts';
import { readImageFile } from '../src/host/node/read.ts';
import { parseParams } from '../src/pipeline/params.ts';
import { presets } from '../src/pipeline/presets.ts';
import { extract } from '../src/pipeline/extract.ts';
import { ball, type GeneratedCase, lesions, smallInLarge } from './generated.ts';
import { median, minimum } from './statistics.ts';

export interface CaseFiles {
  readonly name: string;
  readonly image: string;
  readonly mask: string;
  readonly labels: readonly number[] | 'all';
  /** Made by the benchmark. Peers take minutes for the large ones, so they run on these only when named. */
  readonly generated: boolean;
}

export interface CaseRow {
  readonly case: string;
  readonly preset: BenchPreset;
  readonly rows: number;
  readonly voxels: number;
  /** Milliseconds: a new engine and its first case; then file to row, and volume to row. */
  readonly coldMs: number;
  readonly warmMs: number;
  readonly medianMs: number;
  readonly withoutReadingMs: number;
  readonly nanosecondsPerVoxel: number;
  readonly imageBytes: number;
  /** Highest memory of a process that extracts this case once, and of its GPU buffers, bytes. */
  readonly peakProcessBytes: number;
  readonly peakGpuBytes: number;
}

/** Absolute path of a file of the shared folder. */
export const shared = (...parts: string[]) =>
  resolve(process.env['VOXOMICS_SHARED'] ?? resolve(import.meta.dirname, '../../../shared'), ...parts);

/** The recorded cases that are at hand, by the names of the peers' scripts. */
export function recordedCases(): CaseFiles[] {
  const pyradiomics = 'data/pyradiomics/data';
  const files: [string, string, string][] = [
    ['breast1', `${pyradiomics}/breast1_image.nrrd`, `${pyradiomics}/breast1_label.nrrd`],
    ['brain1', `${pyradiomics}/brain1_image.nrrd`, `${pyradiomics}/brain1_label.nrrd`],
    ['STS_003_CT_1mm', 'reference/cases/STS_003_CT_1mm_image.nii.gz', 'reference/cases/STS_003_CT_1mm_mask.nii.gz'],
    ['BR-06_fgt', 'reference/cases/BR-06_t0.nii.gz', 'data/breast_mri/UCSF-BR-06_breast_fgt_mask.nii.gz'],
  ];
  return files
    .map(([name, image, mask]) => ({ name, image: shared(image), mask: shared(mask), labels: [1], generated: false }))
    .filter(({ image, mask }) => existsSync(image) && existsSync(mask));
}

/** Writes generated cases into a temporary folder, runs `work`, and removes them. */
export async function withGeneratedCases<T>(work: (cases: CaseFiles[]) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'voxomics-bench-'));
  const write = ({ name, image, mask }: GeneratedCase, labels: CaseFiles['labels']): CaseFiles => {
    const files = { image: join(folder, `${name}-image.nii.gz`), mask: join(folder, `${name}-mask.nii.gz`) };
    writeFileSync(files.image, gzipSync(encodeNifti(image), { level: 1 }));
    writeFileSync(files.mask, gzipSync(encodeNifti(mask), { level: 1 }));
    return { name, ...files, labels, generated: true };
  };
  try {
    return await work([
      write(ball(81_000), [1]),
      write(ball(1_000_000), [1]),
      write(smallInLarge(), [1]),
      write(lesions(1, true), [1]),
      write(lesions(100, false), [1]),
      write(lesions(100, true), 'all'),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Presets that cases are measured with, and their names in the peers' scripts. */
export const benchPresets = { pyradiomics: 'original_default', 'guo2024-a': 'paper1037a' } as const;
export type BenchPreset = keyof typeof benchPresets;

/** What to compute of a case. */
const optionsOf = ({ labels }: CaseFiles, preset: BenchPreset) => ({ ...parseParams(presets[preset].params), labels });

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};

/** One warm run of a case, milliseconds. */
export const runCase = (engine: Engine, files: CaseFiles, preset: BenchPreset): Promise<number> =>
  timed(() => extractFiles(engine, files.image, files.mask, optionsOf(files, preset)));

/** Measures one case with a new engine. @param adapter as `createEngine` takes it */
export async function benchCase(
  files: CaseFiles,
  preset: BenchPreset,
  repeats: number,
  adapter: string | undefined,
): Promise<CaseRow> {
  const options = optionsOf(files, preset);
  let engine: Engine | undefined;
  const coldMs = await timed(async () => {
    engine = await createEngine({ adapter });
    await extractFiles(engine, files.image, files.mask, options);
  });
  const ready = engine as Engine;
  const [image, mask] = await Promise.all([readImageFile(files.image), readImageFile(files.mask)]);
  const [volume, labels] = [toVolume(image), toMask(mask)];
  const warm: number[] = [];
  const inMemory: number[] = [];
  for (let k = 0; k < repeats; k++) {
    warm.push(await runCase(ready, files, preset));
    inMemory.push(await timed(() => extract(ready, volume, labels, options)));
  }
  const rows = await extract(ready, volume, labels, options);
  const voxels = rows.reduce(
    (n, row) => n + ((row['diagnostics_Mask-original_VoxelNum'] as number | undefined) ?? 0),
    0,
  );
  const peakGpuBytes = ready.stats().pool.peak;
  ready.destroy();
  return {
    case: files.name,
    preset,
    rows: rows.length,
    voxels,
    coldMs,
    warmMs: minimum(warm),
    medianMs: median(warm),
    withoutReadingMs: minimum(inMemory),
    nanosecondsPerVoxel: (minimum(inMemory) * 1e6) / voxels,
    imageBytes: volume.data.byteLength,
    peakProcessBytes: await peakMemory(files, preset, adapter),
    peakGpuBytes,
  };
}

/** Runs one case in a process of its own and returns the most memory it held, bytes. */
function peakMemory(files: CaseFiles, preset: BenchPreset, adapter: string | undefined): Promise<number> {
  const labels = files.labels === 'all' ? 'all' : files.labels.join();
  const args = [
    ...process.execArgv,
    process.argv[1] as string,
    'memory',
    files.image,
    files.mask,
    labels,
    preset,
    ...(adapter ? [adapter] : []),
  ];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, (error, output) => (error ? fail(error) : done(Number(output))));
  });
}

/** What `peakMemory` runs: one extraction, then the highest resident size on standard output. */
export async function printPeakMemory(
  image: string,
  mask: string,
  labels: string,
  preset: BenchPreset,
  adapter: string | undefined,
): Promise<void> {
  const engine = await createEngine({ adapter });
  const chosen = labels === 'all' ? 'all' : labels.split(',').map(Number);
  await extractFiles(engine, image, mask, { ...parseParams(presets[preset].params), labels: chosen });
  process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
}
