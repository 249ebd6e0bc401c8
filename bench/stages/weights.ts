/** Weights of a 3D ResNet18 of full width from files of every kind to a network that is ready, in its steps. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Engine } from '../../src/engine/index.ts';
import { openCpuBackend } from '../../src/host/cpu-backend.ts';
import { isHashSource } from '../../src/host/format/weights/hash-source.ts';
import { loadWeights, readWeightsFile, selectWeights, sha256Hex } from '../../src/host/format/weights/index.ts';
import { readBytes } from '../../src/host/node/files.ts';
import { openOnnxRuntime } from '../../src/host/node/onnx-runtime.ts';
import { loadWeightsFrom } from '../../src/host/node/weights.ts';
import { hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import type { Architecture } from '../../src/pipeline/nn/manifest.ts';
import { openNetwork } from '../../src/pipeline/nn/network.ts';
import type { Peaks } from '../peaks.ts';
import { minimum } from '../statistics.ts';
import { weightFiles } from '../weight-files.ts';

export interface WeightsRow {
  readonly file: string;
  readonly megabytes: number;
  /** Milliseconds, the shortest of the runs: the bytes from the disk's cache. */
  readonly readMs: number;
  /** The container, its tensors, their names, shapes and values. */
  readonly checkMs: number;
  /** SHA-256 alone; it runs on another thread while the file is checked. */
  readonly hashMs: number;
  /** All of these together, as `loadWeightsFrom` does them. */
  readonly loadMs: number;
  /** From weights in memory to a network on the GPU: batch norms folded, filters packed and uploaded. */
  readonly gpuMs: number;
  /** To a network in ONNX Runtime: a model written of them and opened. */
  readonly cpuMs: number;
}

const architecture: Architecture = { variant: 'medicalnet', width: 64, channels: 1, shortcut: 'A' };

/**
 * Times a few runs of each step in turn, so that a busy moment harms no single one.
 * @param source path of a file, or `hash:SEED`, which has nothing to read
 */
async function benchFile(engine: Engine, source: string, kind: string, repeats: number): Promise<WeightsRow> {
  const times = { read: [], check: [], hash: [], load: [], gpu: [], cpu: [] } as Record<string, number[]>;
  const timed = async <T>(step: string, work: () => Promise<T> | T): Promise<T> => {
    const started = performance.now();
    const result = await work();
    times[step]!.push(performance.now() - started);
    return result;
  };
  const runtime = await openOnnxRuntime();
  let megabytes = 0;
  for (let k = 0; k < repeats; k++) {
    if (!isHashSource(source)) {
      const bytes = await timed('read', () => readBytes(source));
      megabytes = bytes.byteLength / 1e6;
      await timed('check', () => selectWeights(readWeightsFile(bytes, source), source, { variant: 'medicalnet' }));
      await timed('hash', () => sha256Hex(bytes));
    }
    const loaded = await timed('load', () => loadWeightsFrom(source, { variant: 'medicalnet' }));
    const network = await timed('gpu', () => openNetwork(engine, loaded));
    network.release();
    engine.trim();
    const cpu = await timed('cpu', () => openCpuBackend(runtime, loaded.architecture, loaded.weights));
    await cpu.release();
  }
  const least = (step: string) => (times[step]!.length > 0 ? minimum(times[step]!) : Number.NaN);
  return {
    file: kind,
    megabytes,
    readMs: least('read'),
    checkMs: least('check'),
    hashMs: least('hash'),
    loadMs: least('load'),
    gpuMs: least('gpu'),
    cpuMs: least('cpu'),
  };
}

/** Measures every kind of file, MedicalNet at full width. */
export async function benchWeights(
  engine: Engine,
  _peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<WeightsRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'voxomics-weights-'));
  const rows: WeightsRow[] = [];
  try {
    const weights = hashWeights('voxomics-bench', architecture);
    for (const [kind, [ending, write]] of Object.entries(weightFiles)) {
      report(`weights, ${kind}`);
      const path = join(folder, `weights${ending}`);
      const bytes = write(weights, architecture);
      await writeFile(path, bytes);
      // A file that gives other weights would measure nothing.
      await loadWeights(bytes, path, { variant: 'medicalnet' });
      rows.push(await benchFile(engine, path, kind, repeats));
    }
    report('weights, made up');
    rows.push(await benchFile(engine, 'hash:voxomics-bench', 'hash:SEED', repeats));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return rows;
}
