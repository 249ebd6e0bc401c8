/** `voxomics weights inspect` as a user calls it. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeOnnx } from '../../../src/host/format/weights/onnx-write.ts';
import { hashWeights } from '../../../src/pipeline/nn/hash-weights.ts';
import type { Architecture } from '../../../src/pipeline/nn/manifest.ts';
import type { Weights } from '../../../src/pipeline/nn/weights.ts';
import { useCommandLine } from '../../support/cli.ts';
import { loadWeightsFrom } from '../../../src/host/node/weights.ts';

const architecture: Architecture = { variant: 'medicalnet', width: 4, channels: 1, shortcut: 'A' };
const weights = hashWeights('test', architecture);

/** A safetensors file. */
function safetensors(tensors: Weights): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let at = 0;
  for (const [key, { shape, data }] of tensors) {
    header[key] = { dtype: 'F32', shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...Array.from(tensors.values(), ({ data }) => Buffer.from(data.buffer))]);
}

describe('voxomics weights inspect', () => {
  const { file, voxomics } = useCommandLine((path) => {
    writeFileSync(path('good.safetensors'), safetensors(weights));
    const damaged = new Map(weights).set('bn1.running_var', { shape: [4], data: Float32Array.of(1, 1, -1, 1) });
    writeFileSync(path('negative.safetensors'), safetensors(damaged));
    const partial = new Map([...weights].filter(([key]) => !key.startsWith('layer4.1.')));
    writeFileSync(path('partial.safetensors'), safetensors(partial));
    writeFileSync(path('net.onnx'), encodeOnnx({ ...architecture, variant: 'monai' }, weights, 1));
  });
  const inspect = async (name: string) => {
    const { code, stdout } = await voxomics('weights', 'inspect', '--json', file(name));
    return { code, report: JSON.parse(stdout) };
  };
  let good: Awaited<ReturnType<typeof inspect>>;
  beforeAll(async () => {
    good = await inspect('good.safetensors');
  }, 120_000);

  test('container, architecture, hash, tensors', () => {
    const { code, report } = good;
    const bytes = readFileSync(file('good.safetensors'));
    expect(code).toBe(0);
    expect(report).toMatchObject({
      file: 'good.safetensors',
      container: 'safetensors',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      network: { variants: ['medicalnet', 'monai'], width: 4, channels: 1, shortcut: 'A', features: 32 },
      parameters: [...weights].reduce((sum, [key, { data }]) => sum + (key.includes('.running_') ? 0 : data.length), 0),
      fault: null,
    });
    expect(report.variants.map(({ variant, fits }: { variant: string; fits: boolean }) => [variant, fits])).toEqual([
      ['medicalnet', true],
      ['monai', true],
      ['torchvision', false],
    ]);
    const { data, shape } = weights.get('layer1.0.conv1.weight')!;
    const tensor = report.tensors.find(({ name }: { name: string }) => name === 'layer1.0.conv1.weight');
    expect(tensor).toMatchObject({
      dtype: 'float32',
      shape,
      min: Math.min(...data),
      max: Math.max(...data),
      nonFinite: 0,
    });
    expect(tensor.mean).toBeCloseTo([...data].reduce((sum, x) => sum + x, 0) / data.length, 12);
  });

  test('what is missing, and values that cannot be used, with status 1', async () => {
    const { code, report } = await inspect('partial.safetensors');
    expect(code).toBe(1);
    expect(report.variants[0].differences.join()).toMatch(/missing: layer4\.1\.conv1\.weight \[32, 32, 3, 3, 3\]/);
    const negative = await inspect('negative.safetensors');
    expect(negative.code).toBe(1);
    expect(negative.report.fault).toMatch(/bn1\.running_var has a negative variance/);
  });

  test('an ONNX model tells which of the two it is', async () => {
    const { report } = await inspect('net.onnx');
    expect(report.container).toBe('ONNX');
    expect(report.network.variants).toEqual(['monai']);
    expect(report.variants[0]).toMatchObject({ variant: 'medicalnet', fits: false });
    expect(report.variants[1]).toMatchObject({ variant: 'monai', fits: true });
  });

  test('as text', async () => {
    const { stdout } = await voxomics('weights', 'inspect', file('good.safetensors'));
    expect(stdout).toMatch(
      /^good\.safetensors: safetensors, .* MiB, 85 tensors\nsha256 [0-9a-f]{64}\n3D ResNet18, medicalnet or monai/,
    );
    expect(stdout).toMatch(/\nmedicalnet {3}fits\n/);
  });

  test('what is not there or no weights is an error in words', async () => {
    const absent = await voxomics('weights', 'inspect', file('absent.pth'));
    expect(absent.code).toBe(1);
    expect(absent.stderr).toMatch(/expected a file of weights .* found nothing at this path/);
  });
});

describe('weights by name', () => {
  test('hash:SEED has the published shapes of a variant, in any width', async () => {
    const loaded = await loadWeightsFrom('hash:test', { width: 4 });
    expect(loaded).toMatchObject({ architecture, source: 'hash:test', sha256: null });
    expect(loaded.weights).toEqual(weights);
    const video = await loadWeightsFrom('hash:test', { variant: 'torchvision', width: 4 });
    expect(video.weights.get('stem.0.weight')!.shape).toEqual([4, 3, 3, 7, 7]);
  });

  test('an empty seed or a width that cannot be is refused', async () => {
    await expect(loadWeightsFrom('hash:')).rejects.toThrow(/hash:demo/);
    await expect(loadWeightsFrom('hash:a', { width: 0 })).rejects.toThrow(/width of 1 to 64/);
  });
});
