import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fnv1a32, hashTensor, hashVolume, hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import { type Architecture, compareManifest, detectArchitecture, fits } from '../../src/pipeline/nn/manifest.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

interface Entry {
  readonly shape: readonly number[];
  readonly sha256: string;
  readonly first8: readonly number[];
  readonly dtype?: string;
}

const architectures: Record<string, Architecture> = {
  medicalnet_and_monai_A: { variant: 'medicalnet', width: 64, channels: 1, shortcut: 'A' },
  torchvision: { variant: 'torchvision', width: 64, channels: 3, shortcut: 'B' },
  monai_defaults: { variant: 'monai', width: 64, channels: 3, shortcut: 'B', stemStride: 1 },
  medicalnet_width4: { variant: 'medicalnet', width: 4, channels: 1, shortcut: 'A' },
  torchvision_width4: { variant: 'torchvision', width: 4, channels: 3, shortcut: 'B' },
};

const sha256 = (data: Float32Array) =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');

test('a key without a rule is refused', () => {
  expect(() => hashTensor('s', 'conv1.scale', [1])).toThrow(/conv1\.scale/);
});

describeShared('deterministic weights of the specification', () => {
  const spec = JSON.parse(readFileSync(sharedPath('reference/resnet/weights_spec.json'), 'utf8')) as {
    readonly seed: string;
    readonly tensors: Record<string, Record<string, Entry>>;
    readonly volumes: Record<string, Entry>;
    readonly fnv1a32: Record<string, number>;
  };

  test('FNV-1a', () => {
    for (const [text, value] of Object.entries(spec.fnv1a32)) expect(fnv1a32(text), text).toBe(value);
  });

  test.each(Object.keys(spec.tensors))('every tensor of %s', (model) => {
    const architecture = architectures[model]!;
    const weights = hashWeights(spec.seed, architecture);
    const wanted = Object.entries(spec.tensors[model]!).filter(([, { dtype }]) => dtype !== 'int64');
    expect([...weights.keys()].sort()).toEqual(wanted.map(([key]) => key).sort());
    for (const [key, { shape, sha256: hash }] of wanted) {
      expect(weights.get(key)!.shape, key).toEqual(shape);
      expect(sha256(weights.get(key)!.data), key).toBe(hash);
    }
    expect(fits(compareManifest(weights, architecture))).toBe(true);
    const { variant, stemStride: _, ...rest } = architecture;
    expect(detectArchitecture(weights)).toMatchObject(rest);
    expect(detectArchitecture(weights)!.variants).toContain(variant);
  });

  test.each(Object.entries(spec.volumes))('input volume %s', (_, { shape, sha256: hash }) => {
    expect(sha256(hashVolume(spec.seed, shape))).toBe(hash);
  });
});
