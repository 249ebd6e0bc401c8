/** Feature maps of the whole bounding box of a recorded case: warm runs, GPU time, and PyRadiomics' voxel mode beside them. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/index.ts';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import type { ClassSelection } from '../../src/pipeline/classes.ts';
import { featureMaps, mapClasses } from '../../src/pipeline/map/index.ts';
import type { Mask, Volume } from '../../src/pipeline/volume.ts';
import { shared } from '../cases.ts';
import { costs, type Work } from '../costs.ts';
import type { Peaks } from '../peaks.ts';
import { ensurePeer, hasPeers, runProgram } from '../peers.ts';
import { median, minimum } from '../statistics.ts';

export interface MapRow {
  readonly features: string;
  readonly case: string;
  readonly radius: number;
  readonly voxels: number;
  /** Milliseconds from image and mask in memory to the maps in memory: the first run, the median, the shortest. */
  readonly coldMs: number;
  readonly warmMs: number;
  readonly leastMs: number;
  /** GPU time of the kernels under shaders/map, and the share of the arithmetic peak that their operations make. */
  readonly kernelMs: number;
  readonly arithmeticShare: number;
  /** PyRadiomics' shortest time in the same run and its ratio to ours; NaN where it was not timed. */
  readonly pyradiomicsMs: number;
  readonly ratio: number;
}

const CASES = {
  breast1: ['data/pyradiomics/data/breast1_image.nrrd', 'data/pyradiomics/data/breast1_label.nrrd'],
  brain1: ['data/pyradiomics/data/brain1_image.nrrd', 'data/pyradiomics/data/brain1_label.nrrd'],
} as const;
type CaseName = keyof typeof CASES;

interface Task {
  readonly name: string;
  readonly case: CaseName;
  readonly features: ClassSelection;
  readonly radius: number;
  /** PyRadiomics takes minutes: it is not timed. */
  readonly alone?: boolean;
}

/** The task of the speed aim first; then every class alone. */
const tasks: readonly Task[] = [
  { name: 'glcm Contrast', case: 'breast1', features: { glcm: ['Contrast'] }, radius: 1 },
  { name: 'glcm Contrast', case: 'brain1', features: { glcm: ['Contrast'] }, radius: 1, alone: true },
  ...mapClasses.map(
    (name): Task => ({ name: `${name} (all)`, case: 'breast1', features: { [name]: null }, radius: 1 }),
  ),
  { name: 'glcm JointEntropy', case: 'breast1', features: { glcm: ['JointEntropy'] }, radius: 2 },
];

/** Rounds of ours and theirs in turn, so that a slow spell of the machine meets both. */
const ROUNDS = 3;
const BIN_WIDTH = 10;

/** Times PyRadiomics' voxel mode on images in memory; prints the shortest run in seconds. */
const PROGRAM = `
import sys, json, time, logging
import numpy, SimpleITK as sitk, radiomics
from radiomics import featureextractor
radiomics.setVerbosity(logging.CRITICAL)
image, mask, features, radius, repeats = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
image, mask = sitk.ReadImage(image), sitk.ReadImage(mask)
label = sitk.GetArrayFromImage(mask) == 1
box = tuple(slice(int(a.min()), int(a.max()) + 1) for a in numpy.where(label))
whole = numpy.zeros(label.shape, 'uint8')
whole[box] = 1
whole = sitk.GetImageFromArray(whole)
whole.CopyInformation(mask)
extractor = featureextractor.RadiomicsFeatureExtractor(binWidth=${BIN_WIDTH}, kernelRadius=radius, voxelBatch=400, additionalInfo=False)
extractor.disableAllFeatures()
for name, list_ in features.items():
    extractor.enableFeaturesByName(**{name: list_ or []})
times = []
for _ in range(repeats + 1):
    start = time.perf_counter()
    extractor.execute(image, whole, voxelBased=True)
    times.append(time.perf_counter() - start)
print(min(times[1:]))
`;

/** The whole bounding box of label 1. */
function wholeBox(mask: Mask): Mask {
  const [nx, ny] = mask.size;
  const low = [Infinity, Infinity, Infinity];
  const high = [-1, -1, -1];
  const position = (i: number) => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / nx / ny)];
  for (const [i, label] of mask.data.entries()) {
    if (label !== 1) continue;
    for (const [axis, p] of position(i).entries()) {
      low[axis] = Math.min(low[axis]!, p);
      high[axis] = Math.max(high[axis]!, p);
    }
  }
  const inside = (i: number) => position(i).every((p, axis) => low[axis]! <= p && p <= high[axis]!);
  return { ...mask, data: Uint8Array.from(mask.data, (_, i) => Number(inside(i))) };
}

async function timePyradiomics(environment: string, task: Task): Promise<number> {
  const [image, mask] = CASES[task.case].map((path) => shared(path)) as [string, string];
  const args = [image, mask, JSON.stringify(task.features), String(task.radius), '2'];
  const output = await runProgram(join(environment, 'bin', 'python'), ['-c', PROGRAM, ...args]);
  return Number(output.trim().split('\n').at(-1)) * 1000;
}

/** Work of one invocation per voxel over its whole neighbourhood. */
const workOf = (voxels: number): Work => ({ voxels, cells: 0, half: 13, all: 26 });

async function measure(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  task: Task,
  image: Volume,
  mask: Mask,
  environment: string | null,
): Promise<MapRow> {
  const ours: number[] = [];
  const kernels: number[] = [];
  const theirs: number[] = [];
  let operations = 0;
  const voxels = (mask.data as Uint8Array).reduce((n, label) => n + label, 0);
  const once = async () => {
    engine.profile.clear();
    const start = performance.now();
    await featureMaps(engine, image, mask, {
      features: task.features,
      settings: { binWidth: BIN_WIDTH },
      voxelSettings: { kernelRadius: task.radius },
    });
    ours.push(performance.now() - start);
    const rows = engine.profile.rows().filter(({ kernel }) => kernel.startsWith('map/'));
    kernels.push(rows.reduce((sum, row) => sum + row.milliseconds, 0));
    operations = rows.reduce((sum, row) => sum + (costs[row.kernel]?.operations(workOf(voxels)) ?? 0), 0);
  };
  await once();
  for (let round = 0; round < ROUNDS; round++) {
    for (let k = 0; k < repeats; k++) await once();
    if (environment) theirs.push(await timePyradiomics(environment, task));
  }
  const [coldMs = Number.NaN, ...warm] = ours;
  const leastMs = minimum(warm);
  const kernelMs = minimum(kernels.slice(1));
  const pyradiomicsMs = theirs.length > 0 ? minimum(theirs) : Number.NaN;
  return {
    features: task.name,
    case: task.case,
    radius: task.radius,
    voxels,
    coldMs,
    warmMs: median(warm),
    leastMs,
    kernelMs,
    arithmeticShare: task.radius === 1 ? operations / kernelMs / 1e6 / peaks.gigaopsPerSecond : Number.NaN,
    pyradiomicsMs,
    ratio: pyradiomicsMs / leastMs,
  };
}

/**
 * Measures the maps, PyRadiomics in turn with them where its environment can be had. Nothing without the shared cases.
 * @param environment folder of PyRadiomics' environment; null leaves it out
 */
export async function benchMap(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
  environment: string | null = join(tmpdir(), 'voxomics-peers', 'pyradiomics'),
): Promise<MapRow[]> {
  const rows: MapRow[] = [];
  const peer = environment && hasPeers() ? environment : null;
  if (peer) await ensurePeer('pyradiomics', peer);
  for (const task of tasks) {
    const [image, mask] = CASES[task.case].map((path) => shared(path)) as [string, string];
    if (!existsSync(image)) {
      report(`map: skipped, no ${task.case} in ../shared`);
      continue;
    }
    report(`map: ${task.name}, radius ${task.radius}, ${task.case}`);
    const volume = toVolume(await readImageFile(image));
    const box = wholeBox(toMask(await readImageFile(mask)));
    const row = await measure(engine, peaks, repeats, task, volume, box, task.alone ? null : peer);
    report(`map: ${row.leastMs.toFixed(1)} ms, PyRadiomics ${row.pyradiomicsMs.toFixed(0)} ms`);
    rows.push(row);
  }
  return rows;
}
