/** Networks on batches of four beside one image at a time: what it saves on the adapter, and in ONNX Runtime on the CPU. */
import { performance } from 'node:perf_hooks';
import type { Engine } from '../../src/engine/index.ts';
import { openCpuBackend } from '../../src/host/cpu-backend.ts';
import { openOnnxRuntime } from '../../src/host/node/onnx-runtime.ts';
import { hashVolume, hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import type { Architecture } from '../../src/pipeline/nn/manifest.ts';
import { openNetwork } from '../../src/pipeline/nn/network.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import type { Peaks } from '../peaks.ts';
import { minimum } from '../statistics.ts';

export interface BatchRow {
  readonly size: string;
  readonly backend: string;
  /** Milliseconds per image, the shortest of the runs: alone, and in batches of four. */
  readonly aloneMs: number;
  readonly batchMs: number;
  /** Alone over batch: above 1 where batches pay. */
  readonly ratio: number;
  /** The same in processor time, which other work on the machine changes less; of a GPU it says nothing. */
  readonly processorRatio: number;
}

const BATCH = 4;
const architecture: Architecture = { variant: 'medicalnet', width: 64, channels: 1, shortcut: 'A' };

/** Measures MedicalNet at full width, float32; both ways in turn. */
export async function benchBatches(
  engine: Engine,
  _peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<BatchRow[]> {
  const weights = hashWeights('voxomics-bench', architecture);
  const gpu = await openNetwork(engine, { architecture, weights, precision: 'f32' });
  const cpu = await openCpuBackend(await openOnnxRuntime(), architecture, weights);
  const rows: BatchRow[] = [];
  for (const edge of [32, 64]) {
    const size: Vec3 = [edge, edge, edge];
    const data = Array.from({ length: BATCH }, (_, k) => hashVolume(`batch${k}`, [1, 1, edge, edge, edge]));
    const images = data.map((values) => ({ size, data: values }));
    const joined = Float32Array.from(data.flatMap((values) => [...values]));
    const ways: readonly [backend: string, alone: () => Promise<unknown>, batch: () => Promise<unknown>][] = [
      ['gpu', () => gpu.features([images[0]!]), () => gpu.features(images)],
      [cpu.description, () => cpu.features(data[0]!, [1, 1, ...size]), () => cpu.features(joined, [BATCH, 1, ...size])],
    ];
    for (const [backend, alone, batch] of ways) {
      report(`batches, ${size.join(' x ')}, ${backend}`);
      const empty = () => ({ wall: [] as number[], processor: [] as number[] });
      const times = { alone: empty(), batch: empty() };
      const timed = async (into: (typeof times)['alone'], run: () => Promise<unknown>, count: number) => {
        const [started, before] = [performance.now(), process.cpuUsage()];
        for (let k = 0; k < count; k++) await run();
        const { user, system } = process.cpuUsage(before);
        into.wall.push((performance.now() - started) / BATCH);
        into.processor.push((user + system) / 1000 / BATCH);
      };
      await batch();
      for (let k = 0; k < repeats; k++) {
        await timed(times.alone, alone, BATCH);
        await timed(times.batch, batch, 1);
      }
      const [aloneMs, batchMs] = [minimum(times.alone.wall), minimum(times.batch.wall)];
      const processorRatio = minimum(times.alone.processor) / minimum(times.batch.processor);
      rows.push({ size: size.join(' x '), backend, aloneMs, batchMs, ratio: aloneMs / batchMs, processorRatio });
    }
  }
  gpu.release();
  await cpu.release();
  return rows;
}
