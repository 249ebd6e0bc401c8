/** Every image type of PyRadiomics by itself on a generated image: whole filters and GPU time of each kernel. */
import { type Engine, Recording } from '../../src/engine/index.ts';
import { wholeBox } from '../../src/pipeline/box.ts';
import { buffersOf, type DeviceVolume, toDevice } from '../../src/pipeline/device-volume.ts';
import { deriveImages, filterSource } from '../../src/pipeline/filter/index.ts';
import {
  derivedTypes,
  type ImageType,
  pyradiomicsTypeNames,
  wantedImageTypes,
} from '../../src/pipeline/image-types.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { costs, type Work } from '../costs.ts';
import type { Peaks } from '../peaks.ts';
import { minimum } from '../statistics.ts';

export interface FilterRow {
  readonly imageType: string;
  /** Type of the image's voxels. */
  readonly image: string;
  /** A kernel, or `filter` for the image on the GPU to all images of the type there. */
  readonly kernel: string;
  readonly voxels: number;
  readonly dispatches: number;
  /** Milliseconds: the first run in the process, then the shortest. Kernels: GPU time of all dispatches. */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Bytes that must move at least, and the shares of the measured peaks; NaN for whole filters. */
  readonly bytes: number;
  readonly copyShare: number;
  readonly arithmeticShare: number;
}

const SIZE: Vec3 = [90, 84, 36];

/** What `costs` counts: one standard deviation of LoG, defaults of all others. */
const types = derivedTypes(
  wantedImageTypes({ ...Object.fromEntries(pyradiomicsTypeNames.map((name) => [name, null])), LoG: { sigma: [3] } }),
);
/** The point filters look whole numbers up; fractions they compute. */
const computed = types.filter(({ name }) => name === 'Square' || name === 'Exponential');

/** Waves with noise on them, in whole numbers or thirds. */
function phantom(fractions: boolean): Volume {
  const length = SIZE[0] * SIZE[1] * SIZE[2];
  const data = fractions ? new Float64Array(length) : new Int16Array(length);
  let noise = 1;
  for (let i = 0; i < length; i++) {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    const value = Math.round(500 + 300 * Math.sin((i % SIZE[0]) / 9) + 100 * (noise / 2 ** 32));
    data[i] = fractions ? value / 3 : value;
  }
  return {
    data,
    size: SIZE,
    spacing: [1, 1, 1],
    dimension: 3,
    origin: [0, 0, 0],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
}

/** Times by kernel, the first run first. */
type Times = Map<string, { readonly ms: number[]; dispatches: number }>;

async function timeRuns(engine: Engine, image: DeviceVolume, type: ImageType, repeats: number): Promise<Times> {
  const times: Times = new Map();
  const add = (key: string, ms: number, dispatches: number) => {
    const entry = times.get(key) ?? { ms: [], dispatches };
    entry.ms.push(ms);
    times.set(key, entry);
  };
  const rec = new Recording('bench/filter');
  const inside = rec.keep(rec.upload('bench/filter.inside', new Uint32Array(image.voxels.bytes / 4).fill(1)));
  await engine.execute(rec);
  for (let k = 0; k <= repeats; k++) {
    engine.profile.clear();
    const source = filterSource(engine, image, wholeBox(image), { inside, size: image.size, first: [0, 0, 0] });
    const started = performance.now();
    const { images } = await deriveImages(type, source);
    add('filter', performance.now() - started, 1);
    await source.release();
    engine.release(...images.flatMap((made) => buffersOf(made.image)));
    for (const row of engine.profile.rows()) add(row.kernel, row.milliseconds, row.dispatches);
  }
  engine.release(inside);
  return times;
}

/** Measures every image type of PyRadiomics. The engine must have been made with `profile`. */
export async function benchFilter(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<FilterRow[]> {
  const rows: FilterRow[] = [];
  for (const fractions of [false, true]) {
    const volume = phantom(fractions);
    const voxels = volume.data.length;
    const work: Work = { voxels, cells: voxels, half: 13, all: 26, imageVoxels: voxels };
    const image = await toDevice(engine, volume, { exact: true });
    for (const type of fractions ? computed : types) {
      report(`${type.name} of ${image.type}`);
      for (const [kernel, { ms, dispatches }] of await timeRuns(engine, image, type, repeats)) {
        const [coldMs = Number.NaN, ...warm] = ms;
        const warmMs = minimum(warm);
        const cost = costs[kernel];
        const bytes = cost?.bytes(work) ?? Number.NaN;
        rows.push({
          imageType: type.name,
          image: image.type,
          kernel,
          voxels,
          dispatches,
          coldMs,
          warmMs,
          bytes,
          copyShare: bytes / warmMs / 1e6 / peaks.gigabytesPerSecond,
          arithmeticShare: (cost?.operations(work) ?? Number.NaN) / warmMs / 1e6 / peaks.gigaopsPerSecond,
        });
      }
    }
    engine.release(...buffersOf(image));
  }
  return rows;
}
