/** Every container gives the tensors that were saved in it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadWeights, readWeightsFile } from '../../../../src/host/format/weights/index.ts';
import { foldNorm, scaleWeights } from '../../../../src/pipeline/nn/fold.ts';
import { hashWeights } from '../../../../src/pipeline/nn/hash-weights.ts';
import { type Architecture, convolutionsOf, normEpsilon } from '../../../../src/pipeline/nn/manifest.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

interface FileEntry {
  readonly bytes: number;
  readonly format: string;
  readonly dtype?: 'F16' | 'BF16';
  readonly channels?: number;
}

/** PyTorch folds batch norms in float32: a few roundings of the largest weight. */
const foldingTolerance = 1e-6;

const containers: Record<string, string> = {
  zip: 'PyTorch zip',
  legacy: 'PyTorch legacy',
  safetensors: 'safetensors',
  onnx: 'ONNX',
};

const architectureOf = (file: string): Architecture => {
  const variant = file.split('_')[0] as Architecture['variant'];
  const video = variant === 'torchvision';
  return {
    variant,
    width: 4,
    channels: video ? 3 : 1,
    shortcut: video || file.includes('shortcut_b') ? 'B' : 'A',
    ...(file.endsWith('.onnx') && !video && { stemStride: 2, maxPool: true }),
  };
};

/** Rounds to the nearest of bfloat16, ties to even. */
function bfloat16(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer);
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0]!;
}

const rounding = { F16: (x: number) => new Float16Array([x])[0]!, BF16: bfloat16 };

describeShared('files of weights', () => {
  const folder = (name: string) => sharedPath('reference/resnet/weights', name);
  const { seed, files } = JSON.parse(readFileSync(folder('expected.json'), 'utf8')) as {
    readonly seed: string;
    readonly files: Record<string, FileEntry>;
  };
  const load = (name: string) => {
    const { variant } = architectureOf(name);
    return loadWeights(readFileSync(folder(name)), `some/folder/${name}`, { variant });
  };

  test.each(Object.entries(files).filter(([, { format }]) => format !== 'onnx'))('%s', async (name, entry) => {
    const bytes = readFileSync(folder(name));
    expect(readWeightsFile(bytes, name).container).toBe(containers[entry.format]);
    const loaded = await load(name);
    expect(loaded.architecture).toEqual(architectureOf(name));
    expect(loaded.source).toBe(name);
    expect(loaded.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const wanted = hashWeights(seed, architectureOf(name));
    expect([...loaded.weights.keys()].sort()).toEqual([...wanted.keys()].sort());
    const round = entry.dtype && rounding[entry.dtype];
    for (const [key, { shape, data }] of wanted) {
      expect(loaded.weights.get(key)!.shape, key).toEqual(shape);
      expect(loaded.weights.get(key)!.data, key).toEqual(round ? data.map(round) : data);
    }
  });

  test.each(Object.keys(files).filter((name) => name.endsWith('.onnx')))('%s, batch norms folded', async (name) => {
    const loaded = await load(name);
    expect(loaded.architecture).toEqual(architectureOf(name));
    const wanted = hashWeights(seed, loaded.architecture);
    const convolutions = convolutionsOf(loaded.architecture);
    expect(loaded.weights.size).toBe(2 * convolutions.length);
    for (const { key, norm } of convolutions) {
      const of = (last: string) => wanted.get(`${norm}.${last}`)!.data;
      const { scale, shift } = foldNorm(
        of('weight'),
        of('bias'),
        of('running_mean'),
        of('running_var'),
        normEpsilon,
        wanted.get(`${key}.bias`)?.data,
      );
      const pairs = [
        ['weight', scaleWeights(wanted.get(`${key}.weight`)!.data, scale)],
        ['bias', shift],
      ] as const;
      for (const [last, values] of pairs) {
        const found = loaded.weights.get(`${key}.${last}`)!.data;
        expect(found.length, key).toBe(values.length);
        const largest = Math.max(...Array.from(values, Math.abs));
        const error = Math.max(...Array.from(values, (value, i) => Math.abs(value - found[i]!)));
        expect(error / largest, `${key}.${last}`).toBeLessThan(foldingTolerance);
      }
    }
  });

  test('notes say what was left out', async () => {
    const notes = async (name: string) => (await load(name)).notes.join(' ');
    expect(await notes('medicalnet_w4_zip_with_conv_seg.pth')).toContain('conv_seg.0.weight');
    expect(await notes('torchvision_w4_zip.pth')).toContain('fc.weight');
    expect(await notes('medicalnet_w4_legacy_nested_module_cuda.pth')).toMatch(/"state_dict".*"module\."/);
    expect(await notes('medicalnet_w4_zip.pth')).toBe('');
  });

  test('one set of tensors is MedicalNet’s unless MONAI’s is asked for; another is refused', async () => {
    const bytes = readFileSync(folder('monai_w4_zip.pth'));
    expect((await loadWeights(bytes, 'a.pth')).architecture.variant).toBe('medicalnet');
    expect((await loadWeights(bytes, 'a.pth', { variant: 'monai' })).architecture.variant).toBe('monai');
    await expect(loadWeights(bytes, 'a.pth', { variant: 'torchvision' })).rejects.toThrow(/medicalnet or monai/);
    const onnx = readFileSync(folder('monai_w4.onnx'));
    await expect(loadWeights(onnx, 'a.onnx', { variant: 'medicalnet' })).rejects.toThrow(/those of monai/);
  });

  test('float32 tensors of a zip container are views of the file', () => {
    const bytes = new Uint8Array(readFileSync(folder('medicalnet_w4_zip.pth')));
    const { tensors } = readWeightsFile(bytes, 'a.pth');
    expect(tensors.get('layer4.1.conv2.weight')!.values().buffer).toBe(bytes.buffer);
  });
});
