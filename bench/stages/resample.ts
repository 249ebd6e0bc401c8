/** Resampling to 1 mm of two generated images: whole runs and GPU time of each kernel, beside a plain copy. */
import type { Engine } from '../../src/engine/index.ts';
import { type DeviceVolume, toDevice, voxelCount } from '../../src/pipeline/device-volume.ts';
import { gridOfStep, resampleImage, type ResampleStep } from '../../src/pipeline/preprocess.ts';
import { type Interpolator, resample } from '../../src/pipeline/resample/index.ts';
import type { Geometry, Vec3, Volume } from '../../src/pipeline/volume.ts';
import { costs, type Work } from '../costs.ts';
import type { Peaks } from '../peaks.ts';
import { minimum } from '../statistics.ts';

export interface ResampleRow {
  readonly interpolator: Interpolator;
  readonly case: string;
  /** A kernel, `resample` for the image on the GPU to the result on the GPU, `memory` with upload and download. */
  readonly kernel: string;
  /** Voxels of the new grid. */
  readonly voxels: number;
  readonly dispatches: number;
  /** Milliseconds: the first run in the process, then the shortest. Kernels: GPU time of all dispatches. */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Bytes that must move at least, and the shares of the measured peaks; NaN operations for whole runs. */
  readonly bytes: number;
  readonly copyShare: number;
  readonly arithmeticShare: number;
}

interface Case {
  readonly name: string;
  readonly size: Vec3;
  readonly spacing: Vec3;
}

/** A breast MRI's grid, and a brain's whose slices alone are not 1 mm apart. */
const cases: readonly Case[] = [
  { name: '256 x 256 x 60 at 0.703 x 0.703 x 2 mm', size: [256, 256, 60], spacing: [0.703125, 0.703125, 2] },
  { name: '256 x 256 x 176 at 1 x 1 x 1.1 mm', size: [256, 256, 176], spacing: [1, 1, 1.1] },
];
/** Already at 1 mm: must cost nothing. */
const identity: Case = { name: '256 x 256 x 176 at 1 mm', size: [256, 256, 176], spacing: [1, 1, 1] };

/** Samples along an axis that each interpolator takes, of the spline without its prefilter. */
const taps: Partial<Record<Interpolator, number>> = { sitkLinear: 2, sitkBSpline: 4, sitkNearestNeighbor: 1 };

/** Waves with noise on them. */
function phantom({ size, spacing }: Case): Volume {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  let noise = 1;
  for (let i = 0; i < data.length; i++) {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    data[i] = 500 + 300 * Math.sin((i % size[0]) / 9) + 100 * (noise / 2 ** 32);
  }
  return { data, size, spacing, dimension: 3, origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
}

/** Times by kernel, the first run first. */
type Times = Map<string, { readonly ms: number[]; dispatches: number }>;

async function timeRuns(
  engine: Engine,
  volume: Volume,
  image: DeviceVolume,
  grid: Geometry,
  step: ResampleStep,
  repeats: number,
): Promise<Times> {
  const times: Times = new Map();
  const add = (key: string, ms: number, dispatches: number) => {
    const entry = times.get(key) ?? { ms: [], dispatches };
    entry.ms.push(ms);
    times.set(key, entry);
  };
  for (let k = 0; k <= repeats; k++) {
    engine.profile.clear();
    let started = performance.now();
    const result = await resampleImage(engine, image, grid, step);
    add('resample', performance.now() - started, 1);
    if (result.voxels !== image.voxels) engine.release(result.voxels);
    for (const row of engine.profile.rows()) add(row.kernel, row.milliseconds, row.dispatches);
    started = performance.now();
    await resample(engine, volume, grid, step);
    add('memory', performance.now() - started, 1);
  }
  return times;
}

async function measure(
  engine: Engine,
  where: Case,
  interpolator: Interpolator,
  repeats: number,
  peaks: Peaks,
): Promise<ResampleRow[]> {
  const volume = phantom(where);
  const image = await toDevice(engine, volume);
  const step: ResampleStep = { spacing: [1, 1, 1], interpolator, grid: 'itk' };
  const grid = gridOfStep(volume, step, null);
  const times = await timeRuns(engine, volume, image, grid, step, repeats);
  engine.release(image.voxels);
  const work: Work = {
    voxels: 0,
    cells: 0,
    half: 0,
    all: 0,
    imageVoxels: volume.data.length,
    gridVoxels: voxelCount(grid),
    taps: taps[interpolator] ?? 0,
  };
  return [...times].map(([kernel, { ms, dispatches }]): ResampleRow => {
    const [coldMs = Number.NaN, ...warm] = ms;
    const warmMs = minimum(warm);
    const cost = costs[kernel];
    // Whole runs move what their only necessary pass does.
    const bytes = cost ? cost.bytes(work) : where === identity ? 0 : 4 * (volume.data.length + voxelCount(grid));
    return {
      interpolator,
      case: where.name,
      kernel,
      voxels: voxelCount(grid),
      dispatches,
      coldMs,
      warmMs,
      bytes,
      copyShare: bytes / warmMs / 1e6 / peaks.gigabytesPerSecond,
      arithmeticShare: (cost ? cost.operations(work) : Number.NaN) / warmMs / 1e6 / peaks.gigaopsPerSecond,
    };
  });
}

/** Measures resampling to 1 mm. The engine must have been made with `profile`. */
export async function benchResample(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<ResampleRow[]> {
  const rows: ResampleRow[] = [];
  for (const interpolator of ['sitkLinear', 'sitkBSpline', 'sitkNearestNeighbor'] as const) {
    for (const where of [...cases, ...(interpolator === 'sitkBSpline' ? [identity] : [])]) {
      report(`resample ${interpolator} on ${where.name}`);
      rows.push(...(await measure(engine, where, interpolator, repeats, peaks)));
    }
  }
  return rows;
}
