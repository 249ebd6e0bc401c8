/** Programs that run the same 3D ResNet18s on the same inputs: ../shared/peers/resnet, copied and set up. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Variant } from '../../src/pipeline/nn/manifest.ts';
import { shared } from '../cases.ts';
import { runProgram } from '../peers.ts';

export interface PeerRun {
  /** Name and version, or the program's own name where it failed. */
  readonly name: string;
  /** Milliseconds of the first pass and of the shortest after it; NaN where there is none. */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Largest difference of a feature to PyTorch's, over the largest feature. */
  readonly error: number;
  /** What has to be said about it, else empty. */
  readonly note: string;
}

/** A peer: `run` measures it once. */
export interface Peer {
  readonly name: string;
  /** Whether it computes on the CPU, as `--backend auto` does where there is no GPU. */
  readonly onCpu: boolean;
  /** @param size depth x height x width, as in 48x96x96 @param gflop of a pass, by which passes are limited */
  run(variant: Variant, size: string, gflop: number): Promise<PeerRun>;
}

interface Output {
  readonly peer: string;
  readonly version: string;
  readonly seconds_first: number;
  readonly seconds_min: number | null;
  readonly max_rel_error: number | null;
  readonly error?: string;
}

interface Expected {
  readonly features_f32: readonly number[];
}

/** A hung driver ends with its program. */
const limitSeconds = 3600;
/** Passes in a row end after this time. */
const budgetSeconds = '20';
/** Passes of more work take a software adapter many minutes: the first is the only one. */
const onePassGflop = 500;

/** Runs a program with the environment that its scripts need; the last line of its output. */
async function outputOf(command: readonly string[], environment: readonly string[] = []): Promise<string> {
  const python = `PYTHONPATH=${shared('reference', 'resnet', 'scripts')}`;
  const output = await runProgram('timeout', [String(limitSeconds), 'env', python, ...environment, ...command]);
  return output.trim().split('\n').at(-1) ?? '';
}

const failed = (name: string, error: unknown): PeerRun => ({
  name,
  coldMs: Number.NaN,
  warmMs: Number.NaN,
  error: Number.NaN,
  note: `failed: ${String(error instanceof Error ? error.message : error).slice(0, 120)}`,
});

/** The peers of the folder, none where they are not set up, and what PyTorch computes. */
export class NetworkPeers {
  readonly all: readonly Peer[];
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    const python = join(folder, 'venv', 'bin', 'python');
    const script = join(folder, 'node', 'bench.mjs');
    const driver = process.env['VK_DRIVER_FILES'] ?? '/usr/share/vulkan/icd.d/lvp_icd.json';
    const peer = (name: string, command: readonly string[], onCpu: boolean): Peer => ({
      name,
      onCpu,
      async run(variant, size, gflop) {
        const once = !onCpu && gflop > onePassGflop;
        const repeats = once ? '0' : '5';
        const options = ['--variants', variant, '--inputs', size, '--repeats', repeats, '--budget', budgetSeconds];
        const environment = onCpu ? [] : [`VK_DRIVER_FILES=${driver}`, `VK_ICD_FILENAMES=${driver}`];
        try {
          const output = JSON.parse(await outputOf([...command, ...options], environment)) as Output;
          if (output.error !== undefined) return failed(name, output.error);
          const { seconds_first, seconds_min, max_rel_error } = output;
          return {
            name: `${output.peer} ${output.version}`,
            coldMs: seconds_first * 1000,
            warmMs: (seconds_min ?? seconds_first) * 1000,
            error: max_rel_error ?? Number.NaN,
            note: once ? 'its first pass' : '',
          };
        } catch (error) {
          return failed(name, error);
        }
      },
    });
    const node = (name: string, onCpu: boolean) => peer(name, [process.execPath, script, '--peer', name], onCpu);
    this.all = existsSync(this.#expectedFile)
      ? [
          peer('torch', [python, join(folder, 'bench.py'), 'torch'], true),
          node('node-cpu', true),
          node('web-wasm', true),
          node('node-webgpu', false),
        ]
      : [];
  }

  get #expectedFile(): string {
    return join(this.#folder, 'build', 'expected.json');
  }

  #expected(): Record<string, Record<string, Expected>> {
    return JSON.parse(readFileSync(this.#expectedFile, 'utf8'));
  }

  /** Exports models and expected features for sizes that the folder does not have yet. */
  async prepare(sizes: readonly string[]): Promise<void> {
    if (this.all.length === 0) return;
    const known = Object.values(this.#expected()).map((inputs) => Object.keys(inputs));
    if (known.length > 0 && sizes.every((size) => known.every((inputs) => inputs.includes(size)))) return;
    const inputs = [...new Set([...known.flat(), ...sizes])].join(',');
    await outputOf([
      join(this.#folder, 'venv', 'bin', 'python'),
      join(this.#folder, 'bench.py'),
      'export',
      '--inputs',
      inputs,
    ]);
  }

  /** Largest difference of a feature to PyTorch's, over the largest feature; NaN without peers. */
  errorOf(variant: Variant, size: string, features: Float32Array): number {
    if (this.all.length === 0) return Number.NaN;
    const { features_f32 } = this.#expected()[variant]![size]!;
    const largest = features_f32.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return features_f32.reduce((most, value, i) => Math.max(most, Math.abs(value - features[i]!)), 0) / largest;
  }
}
