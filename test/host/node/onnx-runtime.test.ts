/** Where the optional package onnxruntime-node is missing: WebAssembly computes the same, and who asks for it is told. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openCpuBackend } from '../../../src/host/cpu-backend.ts';
import { openOnnxRuntime } from '../../../src/host/node/onnx-runtime.ts';
import { hashVolume, hashWeights } from '../../../src/pipeline/nn/hash-weights.ts';
import type { Architecture } from '../../../src/pipeline/nn/manifest.ts';
import { PipelineError } from '../../../src/pipeline/errors.ts';
import { describeShared, sharedPath } from '../../support/shared.ts';

/** Relative L2 of the features against float64: float32 loses 1e-7 to 7e-7 (reference/resnet/README.md). */
const tolerance = 5e-6;

const missing = Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: 'ERR_MODULE_NOT_FOUND' });
beforeAll(() => {
  vi.doMock('onnxruntime-node', () => {
    throw missing;
  });
});
afterAll(() => vi.doUnmock('onnxruntime-node'));

test('the native build is refused where it is asked for', async () => {
  const attempt = openOnnxRuntime({ kind: 'native' });
  await expect(attempt).rejects.toBeInstanceOf(PipelineError);
  await expect(attempt).rejects.toThrow(/expected the package onnxruntime-node .* found none; install it, or use wasm/);
});

interface Case {
  readonly name: string;
  readonly input_shape: readonly number[];
  readonly features_f64: readonly number[];
}

describeShared('without onnxruntime-node', () => {
  const { seed, cases } = JSON.parse(readFileSync(sharedPath('reference/resnet/features_small.json'), 'utf8')) as {
    readonly seed: string;
    readonly cases: Case[];
  };
  const { input_shape: shape, features_f64 } = cases.find(({ name }) => name === 'medicalnet_width4')!;
  const architecture: Architecture = { variant: 'medicalnet', width: 4, channels: 1, shortcut: 'A' };

  test('the features are those of the reference, by WebAssembly', async () => {
    const runtime = await openOnnxRuntime({ threads: 1 });
    expect(runtime.description).toMatch(/^onnxruntime-web \S+ \(WebAssembly, threads: 1\)$/);
    const backend = await openCpuBackend(runtime, architecture, hashWeights(seed, architecture));
    const features = await backend.features(hashVolume(seed, shape), shape);
    await backend.release();
    const wanted = features_f64.flat();
    expect(features.length).toBe(wanted.length);
    const difference = Math.hypot(...wanted.map((value, i) => value - features[i]!));
    expect(difference / Math.hypot(...wanted)).toBeLessThan(tolerance);
  });
});
