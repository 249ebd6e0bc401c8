import { describe, expect, test } from 'vitest';
import { PipelineError } from '../../src/pipeline/errors.ts';
import { hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import {
  type Architecture,
  checkedWeights,
  compareManifest,
  convolutionsOf,
  describeManifest,
  detectArchitecture,
  fits,
  networkOf,
} from '../../src/pipeline/nn/manifest.ts';

const plain = (width: number): Architecture => ({ variant: 'medicalnet', width, channels: 1, shortcut: 'A' });
const video = (width: number): Architecture => ({ variant: 'torchvision', width, channels: 3, shortcut: 'B' });
const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

describe('the tensors of a 3D ResNet18', () => {
  test('MedicalNet has 32,986,176 parameters, torchvision’s r3d_18 without its head 33,166,272', () => {
    const parameters = (architecture: Architecture) =>
      convolutionsOf(architecture).reduce((sum, { shape }) => sum + sizeOf(shape) + 2 * shape[0], 0);
    expect(parameters(plain(64))).toBe(32_986_176);
    // torchvision documents 33,371,472 with the head of 400 classes (512 * 400 + 400 values).
    expect(parameters(video(64))).toBe(33_371_472 - 205_200);
  });

  test('strides and dilations', () => {
    const ofBlocks = (architecture: Architecture) =>
      networkOf(architecture).blocks.map(({ conv1, conv2 }) => [conv1.stride[0], conv1.dilation[0], conv2.padding[2]]);
    expect(ofBlocks(plain(8)).filter((_, i) => i % 2 === 0)).toEqual([
      [1, 1, 1],
      [2, 1, 1],
      [1, 2, 2],
      [1, 4, 4],
    ]);
    expect(ofBlocks({ ...plain(8), variant: 'monai' }).filter((_, i) => i % 2 === 0)).toEqual([
      [1, 1, 1],
      [2, 1, 1],
      [2, 1, 1],
      [2, 1, 1],
    ]);
    expect(networkOf(video(8)).stem).toMatchObject({ stride: [1, 2, 2], padding: [1, 3, 3], shape: [8, 3, 3, 7, 7] });
  });

  test.each([4, 8, 16, 64])('width %i is recognised', (width) => {
    for (const architecture of [
      plain(width),
      video(width),
      { ...plain(width), variant: 'monai', shortcut: 'B' } as const,
    ]) {
      const shapes = new Map(
        convolutionsOf(architecture).map(({ key, shape }) => [`${key}.weight`, { shape }] as const),
      );
      const { variant, ...rest } = architecture;
      expect(detectArchitecture(shapes)).toMatchObject(rest);
      expect(detectArchitecture(shapes)!.variants[0]).toBe(variant);
    }
  });

  test('something else is not recognised', () => {
    expect(detectArchitecture(new Map())).toBeUndefined();
    expect(detectArchitecture(new Map([['conv1.weight', { shape: [64, 3, 7, 7] }]]))).toBeUndefined();
  });
});

describe('what differs', () => {
  const architecture = plain(4);
  const weights = hashWeights('test', architecture);
  const changed = (change: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => unknown) => {
    const copy = new Map(weights);
    change(copy);
    return copy;
  };
  const refusalOf = (tensors: typeof weights) => {
    try {
      checkedWeights(tensors, architecture, 'a.pth');
    } catch (error) {
      expect(error).toBeInstanceOf(PipelineError);
      expect((error as PipelineError).code).toBe('BadWeights');
      return (error as Error).message;
    }
    return '';
  };

  test('heads and counters are ignored, also under the names of MONAI and MedicalNet', () => {
    const report = compareManifest(
      changed((tensors) => {
        for (const key of ['fc.weight', 'fc.bias', 'conv_seg.0.weight', 'bn1.num_batches_tracked'])
          tensors.set(key, { shape: [], data: new Float32Array(1) });
      }),
      architecture,
    );
    expect(fits(report)).toBe(true);
    expect(report.ignored).toHaveLength(4);
  });

  test('missing, unexpected and misshapen tensors are named together', () => {
    const report = compareManifest(
      changed((tensors) => {
        tensors.delete('layer3.1.bn2.running_var');
        tensors.set('layer5.0.conv1.weight', { shape: [1], data: new Float32Array(1) });
        tensors.set('bn1.bias', { shape: [5], data: new Float32Array(5) });
      }),
      architecture,
    );
    expect(describeManifest(report)).toEqual([
      'missing: layer3.1.bn2.running_var [16]',
      'other shapes: bn1.bias is [5], expected [4]',
      'unexpected: layer5.0.conv1.weight',
    ]);
  });

  test('a convolution with a bias and without its norm is folded already; with a part of it, the rest is missing', () => {
    const folded = changed((tensors) => {
      for (const name of ['weight', 'bias', 'running_mean', 'running_var']) tensors.delete(`bn1.${name}`);
      tensors.set('conv1.bias', { shape: [4], data: new Float32Array(4) });
    });
    expect(fits(compareManifest(folded, architecture))).toBe(true);
    const half = new Map(folded).set('bn1.weight', { shape: [4], data: new Float32Array(4) });
    expect(compareManifest(half, architecture).missing.map(({ key }) => key)).toEqual([
      'bn1.bias',
      'bn1.running_mean',
      'bn1.running_var',
    ]);
  });

  test('values: NaN, infinity, a negative variance, another number than the shape says', () => {
    const value = (key: string, index: number, number: number) =>
      changed((tensors) => {
        const data = tensors.get(key)!.data.slice();
        data[index] = number;
        tensors.set(key, { shape: tensors.get(key)!.shape, data });
      });
    expect(refusalOf(weights)).toBe('');
    expect(refusalOf(value('layer2.0.conv1.weight', 7, Number.NaN))).toMatch(
      /layer2\.0\.conv1\.weight .*NaN at index 7/,
    );
    expect(refusalOf(value('bn1.bias', 1, -Infinity))).toMatch(/bn1\.bias has the value -Infinity at index 1/);
    expect(refusalOf(value('bn1.running_var', 3, -1))).toMatch(
      /bn1\.running_var has a negative variance \(-1\) at index 3/,
    );
    expect(refusalOf(value('bn1.running_mean', 3, -1))).toBe('');
    expect(refusalOf(changed((tensors) => tensors.set('bn1.bias', { shape: [4], data: new Float32Array(3) })))).toMatch(
      /bn1\.bias has 3 values/,
    );
  });
});
