/** The network on the CPU by ONNX Runtime, against recorded features in float64. */
import { readFileSync } from 'node:fs';
import type { InferenceSession } from 'onnxruntime-common';
import { afterAll, describe, expect, test } from 'vitest';
import { type CpuBackend, openCpuBackend } from '../../../src/host/cpu-backend.ts';
import { loadWeights } from '../../../src/host/format/weights/index.ts';
import { encodeOnnx } from '../../../src/host/format/weights/onnx-write.ts';
import { type OnnxRuntimeKind, onnxRuntimeKinds, openOnnxRuntime } from '../../../src/host/node/onnx-runtime.ts';
import { hashVolume, hashWeights } from '../../../src/pipeline/nn/hash-weights.ts';
import type { Architecture, Variant } from '../../../src/pipeline/nn/manifest.ts';
import { readNpy } from '../../support/npy.ts';
import { describeShared, sharedPath } from '../../support/shared.ts';

/** Relative L2 of the features against float64: float32 loses 1e-7 to 7e-7 (reference/resnet/README.md). */
const tolerance = 5e-6;

interface Case {
  readonly name: string;
  readonly case: string;
  readonly variant: Variant;
  readonly input_shape: readonly number[];
  readonly features_f64: readonly number[];
  readonly options?: {
    readonly width?: number;
    readonly in_channels?: number;
    readonly shortcut?: 'A' | 'B';
    readonly stem_stride?: 1 | 2;
    readonly ds_bias?: boolean;
    readonly max_pool?: boolean;
  };
}

const reference = (name: string) => JSON.parse(readFileSync(sharedPath('reference/resnet', name), 'utf8'));

const installed = async (kind: OnnxRuntimeKind) => {
  try {
    return await openOnnxRuntime({ kind });
  } catch {
    console.log(`onnxruntime ${kind}: skipped, not installed`);
    return undefined;
  }
};
const runtimes = new Map(
  await Promise.all(onnxRuntimeKinds.map(async (kind) => [kind, await installed(kind)] as const)),
);
const available = onnxRuntimeKinds.filter((kind) => runtimes.get(kind));

function relativeError(found: Float32Array, wanted: readonly number[]): number {
  expect(found.length).toBe(wanted.length);
  let [difference, norm] = [0, 0];
  for (const [i, value] of wanted.entries()) {
    difference += (found[i]! - value) ** 2;
    norm += value ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** The network that was opened last: cases in a row that share one do not open it again. */
let last: { readonly key: string; readonly backend: CpuBackend } | undefined;
async function open(key: string, make: () => Promise<CpuBackend>): Promise<CpuBackend> {
  if (last?.key !== key) {
    await last?.backend.release();
    last = undefined;
    last = { key, backend: await make() };
  }
  return last.backend;
}
afterAll(() => last?.backend.release());

const flat = (features: readonly number[] | readonly (readonly number[])[]) => features.flat() as number[];

describeShared('features on the CPU', () => {
  const { seed, cases: small } = reference('features_small.json') as { seed: string; cases: Case[] };
  const { cases: main } = reference('features_main.json') as { cases: Case[] };

  const weightsOf = (variant: Variant, options: Case['options'] = {}) => {
    const video = variant === 'torchvision';
    const architecture: Architecture = {
      variant,
      width: options.width ?? 64,
      channels: options.in_channels ?? (video ? 3 : 1),
      shortcut: options.shortcut ?? (video ? 'B' : 'A'),
      stemStride: options.stem_stride,
      maxPool: options.max_pool,
    };
    const weights = [...hashWeights(seed, architecture)];
    const unbiased = weights.filter(([key]) => !key.endsWith('downsample.0.bias'));
    return [architecture, new Map(options.ds_bias === false ? unbiased : weights)] as const;
  };

  describe.each(available)('%s', (kind) => {
    const runtime = runtimes.get(kind)!;
    const run = async ({ variant, options, input_shape: shape }: Case, input: Float32Array) => {
      const key = JSON.stringify([kind, variant, options ?? {}, shape[1]]);
      const backend = await open(key, () => openCpuBackend(runtime, ...weightsOf(variant, options), shape[1]));
      return backend.features(input, shape);
    };

    test.each(small.map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
      const found = await run(entry, hashVolume(seed, entry.input_shape));
      expect(relativeError(found, flat(entry.features_f64))).toBeLessThan(tolerance);
    });

    // WebAssembly takes seconds for a pass of the full width: one input of each variant.
    const inputs = main.filter((entry) => kind === 'native' || entry.case === 'hash_odd');
    test.each(inputs.map((entry) => [`${entry.variant} ${entry.case}`, entry] as const))('%s', async (_, entry) => {
      const { case: name, input_shape } = entry;
      const input = name.startsWith('hash')
        ? hashVolume(seed, input_shape)
        : Float32Array.from(readNpy(sharedPath(`reference/resnet/inputs/${name}_48x96x96.npy.gz`)).data);
      const found = await run(entry, input);
      expect(relativeError(found, flat(entry.features_f64))).toBeLessThan(tolerance);
    });
  });

  describe('from files', () => {
    const { files, features, input_shape } = reference('weights/expected.json') as {
      readonly files: Record<string, { readonly features: string }>;
      readonly features: Record<string, readonly number[]>;
      readonly input_shape: readonly number[];
    };
    const input = hashVolume(seed, input_shape);

    test.each(Object.entries(files))('%s', async (name, { features: key }) => {
      const bytes = readFileSync(sharedPath('reference/resnet/weights', name));
      const { architecture, weights } = await loadWeights(bytes, name, { variant: name.split('_')[0] as Variant });
      const backend = await open(name, () => openCpuBackend(runtimes.get('wasm')!, architecture, weights));
      const found = await backend.features(input, input_shape);
      expect(relativeError(found, features[key]!)).toBeLessThan(tolerance);
    });

    test('what is written is read again as the same network', async () => {
      const [architecture, weights] = weightsOf('torchvision', { width: 4 });
      const once = await loadWeights(encodeOnnx(architecture, weights, 3), 'a.onnx');
      expect(once.architecture).toEqual({ variant: 'torchvision', width: 4, channels: 3, shortcut: 'B' });
      const twice = await loadWeights(encodeOnnx(once.architecture, once.weights, 3), 'b.onnx');
      expect(twice.weights).toEqual(once.weights);
    });
  });

  test('a failure of the runtime is an error of the input', async () => {
    const session = { run: () => Promise.reject(new Error('std::bad_alloc')), release: async () => undefined };
    const failing = { ...runtimes.get('wasm')!, open: async () => session as unknown as InferenceSession };
    const backend = await openCpuBackend(failing, ...weightsOf('monai', { width: 4 }));
    await expect(backend.features(new Float32Array(24), [1, 1, 2, 3, 4])).rejects.toMatchObject({
      code: 'TooLarge',
      message: expect.stringMatching(/4 x 3 x 2 voxels \(std::bad_alloc\); take a smaller size/),
    });
  });

  test('an input of another shape is refused', async () => {
    const backend = await openCpuBackend(runtimes.get('wasm')!, ...weightsOf('monai', { width: 4 }));
    await expect(backend.features(new Float32Array(8), [1, 1, 2, 2, 3])).rejects.toThrow(/8 values/);
    await expect(backend.features(new Float32Array(16), [1, 2, 2, 2, 2])).rejects.toThrow(/\[batch, 1, depth/);
    await backend.release();
  });
});
