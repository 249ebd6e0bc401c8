/** The 3D ResNet18s: GPU time of each convolution beside the adapter's arithmetic, whole networks beside their peers. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, Recording } from '../../src/engine/index.ts';
import { openCpuBackend } from '../../src/host/cpu-backend.ts';
import { openOnnxRuntime } from '../../src/host/node/onnx-runtime.ts';
import { type Activation, activationBytes, octetsOf, type Storage } from '../../src/pipeline/nn/activation.ts';
import { methodFor, recordConvolution, type Window } from '../../src/pipeline/nn/conv.ts';
import { hashVolume, hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import { type Architecture, type Variant, variants } from '../../src/pipeline/nn/manifest.ts';
import { openNetwork } from '../../src/pipeline/nn/network.ts';
import { recordWinograd, workspaceBytes } from '../../src/pipeline/nn/winograd.ts';
import { gigaflops, type NetworkPlan, planNetwork } from '../../src/pipeline/nn/plan.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import type { Peaks } from '../peaks.ts';
import { runProgram } from '../peers.ts';
import { minimum } from '../statistics.ts';

export interface NetworkRow {
  readonly variant: Variant;
  /** A convolution by its geometry, `network` with its storage or its backend on the CPU from volume to features, or a peer. */
  readonly what: string;
  /** How often the network has the convolution. */
  readonly times: number;
  /** Multiply-adds times two, 1e9: all taps, and those inside the image. */
  readonly gflop: number;
  readonly gflopInside: number;
  /** Milliseconds: the first run in the process, then the shortest. Convolutions: GPU time. Networks: weights, then a pass. */
  readonly coldMs: number;
  readonly warmMs: number;
  /**
   * Inside the image per second, 1e9, and the share of the measured float32 peak. Winograd's algorithm does them with 64
   * products for 216.
   */
  readonly gflopPerSecond: number;
  readonly arithmeticShare: number;
  /** Time of a peer or of the CPU backend over that of our kernels in the same run; NaN for these. */
  readonly ratio: number;
}

const size: Vec3 = [64, 64, 64];
const seed = 'voxomics-ref-1';
const architectureOf = (variant: Variant): Architecture => {
  const video = variant === 'torchvision';
  return { variant, width: 64, channels: video ? 3 : 1, shortcut: video ? 'B' : 'A' };
};

interface Work {
  readonly gflop: number;
  readonly gflopInside: number;
}
type Layer = Work & {
  readonly window: Window;
  readonly from: Omit<Activation, 'buffer'>;
  readonly outputs: number;
  readonly residual: boolean;
  readonly winograd: boolean;
};

/** The convolutions of a plan that differ, with their number; the first one as it is after unfolding. */
function layersOf({ steps, activations }: NetworkPlan): Map<string, { readonly layer: Layer; times: number }> {
  const layers = new Map<string, { readonly layer: Layer; times: number }>();
  const stem = steps.find((step) => step.kind === 'unfold')!.window;
  for (const step of steps) {
    if (step.kind !== 'convolution') continue;
    const [from, to] = [activations.get(step.input)!, activations.get(step.output)!];
    const first = step.input === 'unfolded';
    const { all, inside } = first ? gigaflops(to, 1, size, stem) : gigaflops(to, from.channels, from.size, step.window);
    const { extent, stride, dilation } = first ? stem : step.window;
    const channels = `${first ? 1 : from.channels} -> ${to.channels}`;
    const parts = [`${extent.join('x')}, ${channels}, to ${to.size.join('x')}`];
    if (stride.some((n) => n > 1)) parts.push(`stride ${stride.join('x')}`);
    if (dilation[0] > 1) parts.push(`dilation ${dilation[0]}`);
    if (step.residual) parts.push('and shortcut');
    if (step.winograd) parts.push('Winograd');
    const name = parts.join(', ');
    const known = layers.get(name);
    if (known) known.times++;
    else {
      const residual = step.residual !== undefined;
      const { window, winograd } = step;
      const layer = { window, winograd, from, outputs: to.channels, residual, gflop: all, gflopInside: inside };
      layers.set(name, { layer, times: 1 });
    }
  }
  return layers;
}

/** GPU times of one convolution, on zeros. */
async function timeLayer(engine: Engine, layer: Layer, repeats: number): Promise<number[]> {
  const storage = 'f32';
  const { window, from, outputs, residual, winograd } = layer;
  const taps = winograd ? 64 : window.extent[0] * window.extent[1] * window.extent[2];
  const points = winograd ? workspaceBytes(from, outputs, window) : null;
  const times: number[] = [];
  for (let k = 0; k <= repeats; k++) {
    const rec = new Recording('bench/nn');
    const input = { ...from, buffer: rec.zeros('bench/nn.activation', activationBytes(from, storage)) };
    const weights = rec.zeros('bench/nn.weights', Math.ceil(outputs / 16) * taps * octetsOf(from) * 512);
    const filter = { ...window, outputs, weights, bias: rec.zeros('bench/nn.bias', 4 * outputs) };
    // Large enough for every window of these networks: none enlarges the image.
    const into = rec.buffer('bench/nn.results', activationBytes({ ...from, channels: outputs }, storage));
    const end = { storage, relu: true, ...(residual ? { residual: { activation: input, stride: 1 } } : {}) } as const;
    engine.profile.clear();
    if (points) {
      const workspace = [rec.buffer('bench/nn.points', points[0]), rec.buffer('bench/nn.products', points[1])] as const;
      recordWinograd(rec, input, filter, into, workspace, end);
    } else recordConvolution(rec, input, filter, into, { ...end, method: methodFor(engine.caps, 'f32') });
    await engine.execute(rec);
    times.push(engine.profile.rows().reduce((sum, { milliseconds }) => sum + milliseconds, 0));
  }
  return times;
}

const rates = (work: Work, warmMs: number, peaks: Peaks) => ({
  gflopPerSecond: (work.gflopInside / warmMs) * 1000,
  arithmeticShare: ((work.gflopInside / warmMs) * 1000) / peaks.gigaflopsPerSecond,
});

/** A program that runs the same network on the same input, of the folder of peers. */
interface Peer {
  readonly command: readonly string[];
  /** Whether it takes minutes on a software adapter; torchvision is left out there. */
  readonly slow?: boolean;
}

function peersIn(folder: string): Peer[] {
  const node = (...args: string[]) => [process.execPath, join(folder, 'node', 'bench.mjs'), '--peer', ...args];
  const driver = process.env['VK_DRIVER_FILES'] ?? '/usr/share/vulkan/icd.d/lvp_icd.json';
  return [
    { command: [join(folder, 'venv', 'bin', 'python'), join(folder, 'bench.py'), 'torch'] },
    { command: node('node-cpu') },
    { command: node('web-wasm') },
    { command: ['env', `VK_DRIVER_FILES=${driver}`, ...node('node-webgpu')], slow: true },
  ];
}

interface PeerOutput {
  readonly peer: string;
  readonly version: string;
  readonly seconds_first: number;
  readonly seconds_min: number;
}

async function runPeer({ command, slow }: Peer, variant: Variant): Promise<PeerOutput | null> {
  const [program, ...args] = command as [string, ...string[]];
  const options = ['--variants', variant, '--inputs', '64x64x64', '--repeats', slow ? '1' : '3', '--budget', '30'];
  const output = await runProgram(program, [...args, ...options]);
  const line = output.trim().split('\n').at(-1);
  return line ? (JSON.parse(line) as PeerOutput) : null;
}

/**
 * Measures convolutions, whole networks, and in turn with these their peers where they are installed.
 * @param folder where ../shared/peers/resnet was copied and set up
 */
export async function benchNetwork(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
  folder: string = join(tmpdir(), 'voxomics-peers', 'resnet'),
): Promise<NetworkRow[]> {
  const rows: NetworkRow[] = [];
  const peers = existsSync(join(folder, 'build', 'expected.json')) ? peersIn(folder) : [];
  if (peers.length === 0) report(`nn: no peers in ${folder}; copy ../shared/peers/resnet there and run its setup.sh`);
  const volume = { size, data: hashVolume(seed, [1, 1, ...size]) };
  for (const variant of variants) {
    const architecture = architectureOf(variant);
    const plan = planNetwork(architecture, {
      images: 1,
      channels: 1,
      size,
      storage: 'f32',
      winograd: methodFor(engine.caps, 'f32').winograd,
    });
    const total = { gflop: 0, gflopInside: 0 };
    for (const [what, { layer, times }] of layersOf(plan)) {
      const [coldMs = Number.NaN, ...warm] = await timeLayer(engine, layer, repeats);
      const { gflop, gflopInside } = layer;
      const warmMs = minimum(warm);
      total.gflop += times * gflop;
      total.gflopInside += times * gflopInside;
      const rate = rates(layer, warmMs, peaks);
      rows.push({ variant, what, times, gflop, gflopInside, coldMs, warmMs, ...rate, ratio: Number.NaN });
    }
    const weights = hashWeights(seed, architecture);
    const storages: Storage[] = engine.caps.f16 ? ['f32', 'f16'] : ['f32'];
    const least: number[] = [];
    const opening = performance.now();
    const cpu = await openCpuBackend(await openOnnxRuntime(), architecture, weights);
    const cpuTimes: number[] = [];
    /** What `--backend auto` takes where there is no GPU: the same runtime as one of the peers, through our code. */
    const onceOnCpu = async () => {
      const start = performance.now();
      await cpu.features(volume.data, [1, 1, ...size]);
      cpuTimes.push(performance.now() - start);
    };
    await onceOnCpu();
    const cpuColdMs = performance.now() - opening;
    cpuTimes.length = 0;
    for (const precision of storages) {
      const started = performance.now();
      const network = await openNetwork(engine, { architecture, weights, precision });
      await network.features([volume]);
      const coldMs = performance.now() - started;
      report(
        `nn: ${variant} in ${precision}: weights ${(network.weightBytes / 1e6).toFixed(0)} MB, ` +
          `activations ${(network.plan(size).arenaBytes / 1e6).toFixed(1)} MB`,
      );
      const warm: number[] = [];
      const once = async () => {
        const start = performance.now();
        await network.features([volume]);
        warm.push(performance.now() - start);
      };
      for (let k = 0; k < repeats; k++) await once();
      if (precision === 'f32') for (let k = 0; k < repeats; k++) await onceOnCpu();
      const beside = precision === 'f32' ? peers : [];
      const outputs: PeerOutput[] = [];
      for (const peer of beside) {
        if (peer.slow && variant === 'torchvision') continue;
        report(`nn: ${variant} by ${peer.command.at(-1)}`);
        const output = await runPeer(peer, variant);
        if (output) outputs.push(output);
        for (let k = 0; k < Math.min(3, repeats); k++) {
          await once();
          await onceOnCpu();
        }
      }
      const warmMs = minimum(warm);
      least.push(warmMs);
      const rate = rates(total, warmMs, peaks);
      rows.push({
        variant,
        what: `network, ${precision}`,
        times: 1,
        ...total,
        coldMs,
        warmMs,
        ...rate,
        ratio: Number.NaN,
      });
      for (const { peer, version, seconds_first, seconds_min } of outputs) {
        rows.push({
          variant,
          what: `peer ${peer} ${version}`,
          times: 1,
          ...total,
          coldMs: seconds_first * 1000,
          warmMs: seconds_min * 1000,
          ...rates(total, seconds_min * 1000, peaks),
          ratio: (seconds_min * 1000) / least[0]!,
        });
      }
      network.release();
    }
    await cpu.release();
    const cpuMs = minimum(cpuTimes);
    rows.push({
      variant,
      what: `network, ${cpu.description}`,
      times: 1,
      ...total,
      coldMs: cpuColdMs,
      warmMs: cpuMs,
      ...rates(total, cpuMs, peaks),
      ratio: cpuMs / least[0]!,
    });
  }
  return rows;
}
