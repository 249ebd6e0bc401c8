/** The 3D ResNet18s: GPU time of each convolution beside the adapter's limits, whole networks beside their peers. */
import { join } from 'node:path';
import type { Engine } from '../../src/engine/index.ts';
import { type CpuBackend, openCpuBackend } from '../../src/host/cpu-backend.ts';
import { createEngine } from '../../src/host/node/adapters.ts';
import { openOnnxRuntime } from '../../src/host/node/onnx-runtime.ts';
import type { Storage } from '../../src/pipeline/nn/activation.ts';
import { chooseMethod } from '../../src/pipeline/nn/choose-method.ts';
import { hashVolume, hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import { type Architecture, type Variant, variants } from '../../src/pipeline/nn/manifest.ts';
import { type FeatureNetwork, openNetwork } from '../../src/pipeline/nn/network.ts';
import type { Weights } from '../../src/pipeline/nn/weights.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import type { Peaks } from '../peaks.ts';
import { minimum } from '../statistics.ts';
import type { StageOptions } from './index.ts';
import { layersOf, timeLayer, type Work } from './nn-layers.ts';
import { NetworkPeers, type PeerRun } from './nn-peers.ts';

export interface NetworkRow extends Work {
  readonly variant: Variant;
  /** Depth x height x width of the volume. */
  readonly size: string;
  /** A convolution by its geometry, `network` with its storage or its backend on the CPU from volume to features, or a peer. */
  readonly what: string;
  /** How often the network has the convolution. */
  readonly times: number;
  /**
   * Milliseconds: the first run, then the shortest. Convolutions: GPU time on an engine with timestamps. Networks: opening
   * and the first pass, then a pass, on an engine without.
   */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Inside the image per second, 1e9. Winograd's algorithm does them with 64 products for 216. */
  readonly gflopPerSecond: number;
  /** Share of the measured peak of float32 or float16 (in vectors: subgroup matrices may exceed it), of the measured rate of reading, and the larger one, which is what limits. */
  readonly arithmeticShare: number;
  readonly readShare: number;
  readonly limitShare: number;
  /** Time of a peer or of the CPU backend over that of our kernels in the same run; NaN for these. */
  readonly ratio: number;
  /** Time of `--backend auto` where there is no GPU over that of a peer in the same run; NaN for others. */
  readonly autoRatio: number;
  /** Largest difference of a feature to PyTorch's in float32, over the largest feature; NaN without peers. */
  readonly error: number;
  readonly note: string;
}

const seed = 'voxomics-ref-1';
const defaultSizes = ['64x64x64'];
/** Passes in a row end after this time, two at least. */
const budgetMs = 8000;
/** Passes after each peer, so that a slow spell of the machine meets both. */
const passesAfterPeer = 3;

const architectureOf = (variant: Variant): Architecture => {
  const video = variant === 'torchvision';
  return { variant, width: 64, channels: video ? 3 : 1, shortcut: video ? 'B' : 'A' };
};

/** Voxels along x, y and z of depth x height x width. @throws RangeError */
function sizeOf(text: string): Vec3 {
  const parts = text.split('x').map(Number);
  if (parts.length !== 3 || parts.some((n) => !Number.isInteger(n) || n < 1))
    throw new RangeError(`expected a size as in 48x96x96 (depth x height x width), found "${text}"`);
  return parts.reverse() as unknown as Vec3;
}

const shares = ({ gflopInside, megabytes }: Work, warmMs: number, peaks: Peaks, storage: Storage = 'f32') => {
  const gflopPerSecond = (gflopInside / warmMs) * 1000;
  // Drivers on the CPU are slower in 16 bits, in which nothing is computed there.
  const peak = Math.max(peaks.gigaflopsPerSecond, storage === 'f16' ? peaks.gigaflops16PerSecond || 0 : 0);
  const arithmeticShare = gflopPerSecond / peak;
  const readShare = megabytes / warmMs / peaks.readGigabytesPerSecond;
  return { gflopPerSecond, arithmeticShare, readShare, limitShare: Math.max(arithmeticShare, readShare) };
};

/** Wall times of what runs a network. */
class Passes {
  readonly times: number[] = [];
  features: Float32Array = new Float32Array();
  coldMs = Number.NaN;

  constructor(readonly pass: () => Promise<Float32Array>) {}

  async once(): Promise<void> {
    const start = performance.now();
    this.features = await this.pass();
    this.times.push(performance.now() - start);
  }

  /** The first pass, which is not among the others. @param openMs what opening took */
  async cold(openMs: number): Promise<void> {
    await this.once();
    this.coldMs = openMs + this.times.pop()!;
  }

  async warm(repeats: number): Promise<void> {
    const start = performance.now();
    for (let k = 0; k < repeats && (k < 2 || performance.now() - start < budgetMs); k++) await this.once();
  }
}

/** What runs the networks of a variant. */
interface Opened<T> {
  readonly runs: T;
  readonly openMs: number;
}

async function opened<T>(open: () => Promise<T>): Promise<Opened<T>> {
  const start = performance.now();
  const runs = await open();
  return { runs, openMs: performance.now() - start };
}

interface Subject {
  readonly variant: Variant;
  readonly architecture: Architecture;
  readonly weights: Weights;
  readonly networks: ReadonlyMap<Storage, Opened<FeatureNetwork>>;
  readonly cpu: Opened<CpuBackend>;
}

type Report = (line: string) => void;

const nothingBeside = { ratio: Number.NaN, autoRatio: Number.NaN, error: Number.NaN, note: '' } as const;

/** Rows of the convolutions, and their sum. */
async function benchLayers(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  { variant, architecture, weights }: Subject,
  text: string,
  storage: Storage,
): Promise<{ readonly rows: NetworkRow[]; readonly total: Work }> {
  const way = { method: await chooseMethod(engine, storage), storage };
  const rows: NetworkRow[] = [];
  const total = { gflop: 0, gflopInside: 0, megabytes: 0 };
  // Drivers on the CPU calculate with 16-bit values in float32.
  const timed = engine.caps.timestamps && (storage === 'f32' || !engine.caps.software);
  let first = true;
  for (const [what, { layer, times }] of layersOf(architecture, weights, sizeOf(text), way)) {
    const { gflop, gflopInside, megabytes } = layer;
    const work = { gflop, gflopInside, megabytes };
    for (const key of ['gflop', 'gflopInside', 'megabytes'] as const) total[key] += times * work[key];
    if (!timed) continue;
    const [coldMs = Number.NaN, ...warm] = await timeLayer(engine, layer, way, first, repeats);
    first = false;
    const warmMs = minimum(warm);
    const name = storage === 'f32' ? what : `${what}, ${storage}`;
    const measured = { coldMs, warmMs, ...shares(work, warmMs, peaks, storage) };
    rows.push({ variant, size: text, what: name, times, ...work, ...measured, ...nothingBeside });
  }
  return { rows, total };
}

/** Rows of whole networks of one size, ours and the peers' in turn. */
async function benchPasses(
  peaks: Peaks,
  repeats: number,
  { variant, networks, cpu }: Subject,
  text: string,
  totals: ReadonlyMap<Storage, Work>,
  peers: NetworkPeers,
  report: Report,
): Promise<NetworkRow[]> {
  const size = sizeOf(text);
  const volume = { size, data: hashVolume(seed, [1, 1, ...[...size].reverse()]) };
  const gpu = new Map<Storage, Passes>();
  for (const [storage, { runs, openMs }] of networks) {
    const passes = new Passes(async () => (await runs.features([volume]))[0]!);
    gpu.set(storage, passes);
    await passes.cold(openMs);
    await passes.warm(repeats);
    report(
      `nn: ${variant} ${text} in ${storage}: ${minimum(passes.times).toFixed(0)} ms, weights ` +
        `${(runs.weightBytes / 1e6).toFixed(0)} MB, activations ${(runs.plan(size).arenaBytes / 1e6).toFixed(1)} MB`,
    );
  }
  /** What `--backend auto` takes where there is no GPU: the same runtime as one of the peers, through our code. */
  const auto = new Passes(() => cpu.runs.features(volume.data, [1, 1, ...[...size].reverse()]));
  await auto.cold(cpu.openMs);
  await auto.warm(repeats);
  const ours = gpu.get('f32')!;
  const plain = totals.get('f32')!;
  const outputs: (PeerRun & { readonly onCpu: boolean })[] = [];
  for (const peer of peers.all) {
    const run = await peer.run(variant, text, plain.gflopInside);
    report(`nn: ${variant} ${text} by ${run.name}: ${run.warmMs.toFixed(0)} ms ${run.note}`);
    outputs.push({ ...run, onCpu: peer.onCpu });
    await ours.warm(passesAfterPeer);
    if (peer.onCpu) await auto.warm(passesAfterPeer);
  }
  const row = (
    what: string,
    times: Omit<PeerRun, 'name'>,
    ratio: number,
    autoRatio: number,
    storage: Storage = 'f32',
  ): NetworkRow => {
    const { coldMs, warmMs, error, note } = times;
    const total = totals.get(storage)!;
    const measured = { coldMs, warmMs, ...shares(total, warmMs, peaks, storage) };
    return { variant, size: text, what, times: 1, ...total, ...measured, ratio, autoRatio, error, note };
  };
  const rowOf = (what: string, { times, coldMs, features }: Passes, ratio: number, storage?: Storage) => {
    const error = peers.errorOf(variant, text, features);
    return row(what, { coldMs, warmMs: minimum(times), error, note: '' }, ratio, Number.NaN, storage);
  };
  const [oursMs, autoMs] = [minimum(ours.times), minimum(auto.times)];
  return [
    ...[...gpu].map(([storage, passes]) => rowOf(`network, ${storage}`, passes, Number.NaN, storage)),
    rowOf(`network, ${cpu.runs.description}`, auto, autoMs / oursMs),
    ...outputs.map((run) =>
      row(`peer ${run.name}`, run, run.warmMs / oursMs, run.onCpu ? autoMs / run.warmMs : Number.NaN),
    ),
  ];
}

/**
 * Measures convolutions, whole networks, and in turn with these their peers where they are installed.
 * @param engine with `profile`, for the convolutions; networks get one without
 * @param options its `peers` have ../shared/peers/resnet, copied there and set up
 */
export async function benchNetwork(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: Report,
  { adapter, sizes = defaultSizes, variants: wanted = variants, peers: peerFolder }: StageOptions,
): Promise<NetworkRow[]> {
  for (const size of sizes) sizeOf(size);
  const unknown = wanted.find((name) => !variants.includes(name));
  if (unknown) throw new RangeError(`no network "${unknown}"; there are ${variants.join(', ')}`);
  const folder = join(peerFolder, 'resnet');
  const peers = new NetworkPeers(folder);
  if (peers.all.length === 0) report(`nn: no peers in ${folder}; copy ../shared/peers/resnet there, run its setup.sh`);
  await peers.prepare(sizes);
  const plain = await createEngine({ adapter });
  const rows: NetworkRow[] = [];
  for (const variant of variants.filter((name) => wanted.includes(name))) {
    const architecture = architectureOf(variant);
    const weights = hashWeights(seed, architecture);
    const networks = new Map<Storage, Opened<FeatureNetwork>>();
    for (const precision of plain.caps.f16 ? (['f32', 'f16'] as const) : (['f32'] as const))
      networks.set(precision, await opened(() => openNetwork(plain, { architecture, weights, precision })));
    const cpu = await opened(async () => openCpuBackend(await openOnnxRuntime(), architecture, weights));
    const subject = { variant, architecture, weights, networks, cpu };
    for (const size of sizes) {
      const totals = new Map<Storage, Work>();
      for (const storage of networks.keys()) {
        const { rows: layers, total } = await benchLayers(engine, peaks, repeats, subject, size, storage);
        rows.push(...layers);
        totals.set(storage, total);
      }
      rows.push(...(await benchPasses(peaks, repeats, subject, size, totals, peers, report)));
    }
    for (const { runs } of networks.values()) runs.release();
    await cpu.runs.release();
  }
  plain.destroy();
  return rows;
}
