/** Normalisation of a 256 x 256 x 176 image, beside a plain copy of it. */
import type { Engine } from '../../src/engine/index.ts';
import { toDevice } from '../../src/pipeline/device-volume.ts';
import { normalise, type NormaliseMethod, parseNormalise } from '../../src/pipeline/normalise/index.ts';
import type { Volume } from '../../src/pipeline/volume.ts';
import { costs } from '../costs.ts';
import type { Peaks } from '../peaks.ts';
import { minimum } from '../statistics.ts';

export interface NormaliseRow {
  readonly method: string;
  readonly voxels: number;
  /** Milliseconds from the image on the GPU to the result on the GPU: the first run of the method, then the shortest. */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Of these on the GPU. */
  readonly kernelMs: number;
  /** Bytes that must move, and their rate relative to the measured copy. */
  readonly bytes: number;
  readonly copyShare: number;
}

const methods = [
  'zscore',
  'zscore:nonzero',
  'minmax',
  'pyradiomics:scale=100,outliers=3',
  'clip:1,99+zscore',
  'robust',
];

/** A bright noisy ellipsoid on dark noise, no two voxels alike: the histogram's worst case. */
function phantom(): Volume {
  const size = [256, 256, 176] as const;
  const data = new Float32Array(size[0] * size[1] * size[2]);
  let noise = 1;
  for (let i = 0; i < data.length; i++) {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    const inside = ((x - 128) / 100) ** 2 + ((y - 128) / 110) ** 2 + ((z - 88) / 80) ** 2 < 1;
    data[i] = (inside ? 600 + 200 * Math.sin(x / 20) : 10) + (inside ? 100 : 10) * (noise / 2 ** 32);
  }
  return {
    data,
    size,
    dimension: 3,
    spacing: [1, 1, 1],
    origin: [0, 0, 0],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
}

/** Measures the methods. The engine must have been made with `profile`. */
export async function benchNormalise(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<NormaliseRow[]> {
  const volume = phantom();
  const image = await toDevice(engine, volume);
  const work = { imageVoxels: volume.data.length, voxels: 0, cells: 0, half: 0, all: 0 };
  const rows: NormaliseRow[] = [];
  for (const text of methods) {
    report(`normalise ${text}`);
    const times: number[] = [];
    const kernelTimes: number[] = [];
    let bytes = 0;
    for (let k = 0; k <= repeats; k++) {
      engine.profile.clear();
      const started = performance.now();
      const result = await normalise(engine, image, parseNormalise(text) as NormaliseMethod);
      times.push(performance.now() - started);
      engine.release(result.voxels);
      const kernels = engine.profile.rows();
      kernelTimes.push(kernels.reduce((sum, r) => sum + r.milliseconds, 0));
      bytes = kernels.reduce((sum, r) => sum + r.dispatches * (costs[r.kernel]?.bytes(work) ?? 0), 0);
    }
    const [coldMs = Number.NaN, ...warm] = times;
    const warmMs = minimum(warm);
    rows.push({
      method: text,
      voxels: work.imageVoxels,
      coldMs,
      warmMs,
      kernelMs: minimum(kernelTimes.slice(1)),
      bytes,
      copyShare: bytes / warmMs / 1e6 / peaks.gigabytesPerSecond,
    });
  }
  engine.release(image.voxels);
  return rows;
}
