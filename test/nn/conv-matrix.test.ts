import { describe, expect, it } from 'vitest';
import source from '../../shaders/nn/conv-matrix.wgsl?raw';
import {
  type Bindings,
  type Caps,
  defineKernel,
  type Engine,
  type Kernel,
  lacking,
  type MatrixShape,
  type Recording,
} from '../../src/engine/index.ts';
import type { Storage } from '../../src/pipeline/nn/activation.ts';
import { chooseMethod, convolvesExactly } from '../../src/pipeline/nn/choose-method.ts';
import { type ConvolutionMethod, methodFor, methods } from '../../src/pipeline/nn/conv.ts';
import { type MatrixKernel, matrixKernels, matrixMethod } from '../../src/pipeline/nn/conv-matrix.ts';
import { hashVolume, hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import type { Variant } from '../../src/pipeline/nn/manifest.ts';
import { openNetwork } from '../../src/pipeline/nn/network.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { type ConvolutionGeometry, convolution, type Tensor, type Triple } from '../reference/nn/conv.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared } from '../support/shared.ts';
import { convolve, type RecordedConvolution, recordedCases, relativeError } from '../support/tensors.ts';

/** Products and sums in float32: a few units in the last place of the norm. */
const FLOAT32 = 1e-6;
/** Weights, inputs and results rounded to 11 bits, 2^-12 each at most. */
const FLOAT16 = 8e-4;
/** Features of a whole network in float16, as in network.test.ts. */
const FEATURES16 = 2e-3;
/** Beside another method with the same rounded inputs: what remains is the rounding of results, where sums differ in a last place. */
const METHODS16 = 2 ** -12;

const engine = useEngine();
const toleranceOf = (storage: Storage) => (storage === 'f32' ? FLOAT32 : FLOAT16);
const random = (name: string, shape: readonly number[]): Tensor => ({ shape, data: hashVolume(name, shape) });

interface Case {
  readonly name: string;
  /** [image, channel, depth, height, width]. */
  readonly input: readonly [number, number, number, number, number];
  readonly outputs: number;
  readonly taps: Triple;
  readonly geometry: ConvolutionGeometry;
  /** Channels of what is added; as much of it as there are results. */
  readonly residual?: number;
}
const cases: readonly Case[] = [
  {
    name: 'odd sizes and channels, more than a tile of both, a shortcut of fewer channels',
    input: [2, 36, 2, 5, 7],
    outputs: 70,
    taps: [1, 3, 3],
    geometry: { stride: [1, 1, 1], padding: [0, 1, 1], dilation: [1, 1, 1] },
    residual: 20,
  },
  {
    name: 'stride 2, unlike extents',
    input: [1, 40, 5, 6, 9],
    outputs: 24,
    taps: [2, 3, 1],
    geometry: { stride: [2, 2, 2], padding: [0, 1, 0], dilation: [1, 1, 1] },
  },
  {
    name: 'dilation 4: some taps are never inside',
    input: [1, 8, 4, 4, 8],
    outputs: 16,
    taps: [3, 3, 3],
    geometry: { stride: [1, 1, 1], padding: [4, 4, 4], dilation: [4, 4, 4] },
  },
  {
    name: 'two parts, of 48 channels and of 24',
    input: [1, 72, 2, 5, 7],
    outputs: 20,
    taps: [1, 1, 3],
    geometry: { stride: [1, 1, 1], padding: [0, 0, 1], dilation: [1, 1, 1] },
    residual: 20,
  },
];

/** A case in float64. */
function expectedOf({ input, outputs, taps, geometry, residual = 0 }: Case): Tensor {
  const weights = random('weights', [outputs, input[1], ...taps]);
  const plain = convolution(random('input', input), weights, random('bias', [outputs]).data, geometry);
  if (residual === 0) return plain;
  const [images, , ...size] = plain.shape as [number, number, number, number, number];
  const added = random('residual', [images, residual, ...size]).data;
  const voxels = size[0] * size[1] * size[2];
  const data = Array.from(plain.data, (v, k) => {
    const [image, channel] = [Math.floor(k / voxels / outputs), Math.floor(k / voxels) % outputs];
    return Math.max(0, v + (channel < residual ? added[(image * residual + channel) * voxels + (k % voxels)]! : 0));
  });
  return { ...plain, data };
}

const compute = (c: Case, expected: Tensor, method: ConvolutionMethod, storage: Storage): Promise<Tensor> => {
  const { input, outputs, taps, geometry, residual } = c;
  const added = residual && random('residual', [input[0], residual, ...expected.shape.slice(2)]);
  return convolve(
    engine(),
    random('input', input),
    random('weights', [outputs, input[1], ...taps]),
    random('bias', [outputs]).data,
    geometry,
    { method, storage, ...(added ? { relu: true, residual: { tensor: added, stride: 1 } } : {}) },
  );
};

/**
 * The text of the kernel with its matrix instructions spelt out: all else of it then runs on any adapter. Left and right
 * matrices are places in workgroup memory, sums are numbered, and a lane has every so-manieth element of each.
 */
function imitated(text: string): string {
  const replaced = (
    [
      ['enable chromium_experimental_subgroup_matrix;', ''],
      ['subgroup_matrix_left<Component, K, M>', 'vec2u'],
      ['subgroup_matrix_right<Component, N, K>', 'vec2u'],
      // A number says which one.
      ['subgroup_matrix_result<f32, N, M>', 'u32'],
      ['subgroupMatrixLoad<Left, row_major>(&sh_inputs, ', 'vec2u('],
      ['subgroupMatrixLoad<Right, row_major>(&sh_weights, ', 'vec2u('],
      [
        '(*sums)[m][n] = subgroupMatrixMultiplyAccumulate(left, right[n], (*sums)[m][n])',
        'add_product(left, right[n], m * COLUMNS + n)',
      ],
      [
        'subgroupMatrixStore<row_major>(&sh_results, subgroup % OWNERS * RESULT, (*sums)[m][n], N / 4u)',
        'store(subgroup % OWNERS * RESULT, m * COLUMNS + n, N / 4u)',
      ],
      [
        '@builtin(subgroup_id) subgroup: u32,\n) {',
        '@builtin(subgroup_id) subgroup: u32, @builtin(subgroup_invocation_id) id: u32, @builtin(subgroup_size) size: u32) {\n' +
          'own_lane = id; lanes = size;',
      ],
    ] as const
  ).reduce((before, [from, to]) => {
    expect(before, `${from} in the kernel's text`).toContain(from);
    return before.replaceAll(from, to);
  }, text);
  expect(replaced).not.toMatch(/subgroup_?matrix/i);
  return `${replaced}
var<private> own_lane: u32;
var<private> lanes: u32;
// Subgroups have at least four lanes.
var<private> held: array<f32, ROWS * COLUMNS * M * N / 4u>;

// One, which no compiler knows: unrolled, the loops take drivers on the CPU many seconds to compile.
fn once() -> u32 { return min(params.extent.x, 1u); }

fn add_product(left: Left, right: Right, number: Sum) {
  for (var i = own_lane; i < M * N * once(); i += lanes) {
    let row = left.x + i / N * left.y;
    let column = i % N;
    var sum = 0.0;
    for (var k = 0u; k < K * once(); k++) {
      sum += f32(sh_inputs[row + k / 4u][k % 4u]) * f32(sh_weights[right.x + k * right.y + column / 4u][column % 4u]);
    }
    held[number * M * N / 4u + i / lanes] += sum;
  }
}

fn store(offset: u32, number: Sum, stride: u32) {
  for (var i = own_lane; i < M * N * once(); i += lanes) {
    sh_results[offset + i / N * stride + i % N / 4u][i % 4u] = held[number * M * N / 4u + i / lanes];
  }
}
`;
}

/** The method with imitated matrices. */
function imitationOf({ method }: MatrixKernel, suffix = '', change = (text: string) => text): ConvolutionMethod {
  const imitation = <B extends Bindings>({
    name,
    bindings,
    workgroup,
    entryPoint,
    flags,
    fixed,
    constants,
  }: Kernel<B>) =>
    defineKernel({
      name: name.replace('nn/', 'test/') + suffix,
      source: change(imitated(source)),
      needs: ['subgroups'],
      bindings,
      workgroup,
      entryPoint,
      flags,
      fixed,
      constants,
    });
  return { ...method, kernel: imitation(method.kernel), part: imitation(method.part!) };
}

const ways = matrixKernels.flatMap((kernel) =>
  kernel.method.storages!.map((storage) => ({ name: kernel.method.kernel.name, storage, kernel })),
);

describe('all but the matrix instructions, like the twin', () => {
  const expected = cases.map(expectedOf);
  const imitations = new Map(matrixKernels.map((kernel) => [kernel, imitationOf(kernel)]));

  it.for(ways)('$name in $storage', async ({ kernel, storage }, { skip }) => {
    const { caps } = engine();
    const method = imitations.get(kernel)!;
    const missing = lacking(method.kernel, { F16: storage === 'f16' }, caps);
    if (missing) skip(`${caps.adapter} has no ${missing}`);
    if (caps.subgroupSizes[1] > kernel.subgroup) skip(`subgroups of ${caps.adapter} have ${caps.subgroupSizes[1]}`);
    for (const [k, c] of cases.entries()) {
      const { shape, data } = await compute(c, expected[k]!, method, storage);
      expect(shape).toEqual(expected[k]!.shape);
      expect(relativeError(data, expected[k]!.data), c.name).toBeLessThan(toleranceOf(storage));
    }
  });
});

/** The method of the adapter itself, or why there is none. */
function methodOrSkip(storage: Storage, skip: (why: string) => void): ConvolutionMethod {
  const { caps } = engine();
  const method = matrixMethod(caps, storage);
  if (!method) skip(`${caps.adapter} has no subgroup matrices for ${storage}`);
  return method!;
}
const storages = ['f16', 'f32'] as const;

describe("by the adapter's subgroup matrices", () => {
  it.for(storages)('like the twin and the plain method in %s', async (storage, { skip }) => {
    const method = methodOrSkip(storage, skip);
    // A network takes it where it is not a driver on the CPU that offers it.
    const hardware = {
      caps: { ...engine().caps, software: false },
      execute: (rec: Recording) => engine().execute(rec),
    };
    expect(await chooseMethod(hardware as unknown as Engine, storage)).toBe(method);
    const wide: Case = {
      name: '64 to 128 channels',
      input: [1, 64, 6, 7, 8],
      outputs: 128,
      taps: [3, 3, 3],
      geometry: { stride: [1, 1, 1], padding: [1, 1, 1], dilation: [1, 1, 1] },
    };
    for (const c of [...cases, wide]) {
      const expected = expectedOf(c);
      const [{ data }, plain] = [
        await compute(c, expected, method, storage),
        await compute(c, expected, methods.tiled, storage),
      ];
      const errors = { twin: relativeError(data, expected.data), plain: relativeError(data, plain.data) };
      expect(errors.twin, c.name).toBeLessThan(toleranceOf(storage));
      expect(errors.plain, c.name).toBeLessThan(storage === 'f16' ? METHODS16 : FLOAT32);
    }
  });
});

describe('the choice of a method', () => {
  const product = (component: string, result: string, m: number, n: number, k: number) => ({
    component,
    result,
    m,
    n,
    k,
  });
  const caps = {
    adapter: 'a card',
    driver: '',
    software: false,
    subgroups: true,
    subgroupSizes: [32, 32],
    f16: true,
    matrices: [product('f16', 'f16', 16, 16, 16), product('f16', 'f32', 16, 8, 16), product('f16', 'f32', 16, 16, 16)],
  } as unknown as Caps;
  const apple = {
    ...caps,
    subgroupSizes: [4, 64],
    matrices: [product('f32', 'f32', 8, 8, 8), product('f16', 'f16', 8, 8, 8)],
  } as const;
  const intel = { ...caps, subgroupSizes: [8, 32], matrices: [product('f16', 'f32', 8, 16, 16)] } as const;

  it.each([
    ['halves summed in float32', caps, 'f16', 'nn/conv-matrix:f16-16x16x16-32'],
    ['no halves for float32', caps, 'f32', 'nn/conv:64x64/8x8'],
    ['float32 where halves are summed in halves', apple, 'f16', 'nn/conv-matrix:f32-8x8x8-64'],
    ['float32 for float32', apple, 'f32', 'nn/conv-matrix:f32-8x8x8-64'],
    ['the largest size of subgroups that may be', intel, 'f16', 'nn/conv-matrix:f16-8x16x16-32'],
    ['none where subgroups may be larger', { ...caps, subgroupSizes: [32, 128] as const }, 'f16', 'nn/conv:64x64/8x8'],
    ['none without the feature', { ...caps, matrices: [] }, 'f16', 'nn/conv:64x64/8x8'],
    ['none of a driver on the CPU', { ...caps, software: true }, 'f16', 'nn/conv:64x64/8x8'],
  ] as const)('%s', (_name, adapter, storage, kernel) => {
    expect(methodFor(adapter, storage).kernel.name).toBe(kernel);
  });

  it('matrices that fail a trial are not used', async () => {
    const { caps } = engine();
    const kernel = matrixKernels.find(({ subgroup }) => subgroup >= caps.subgroupSizes[1])!;
    // Says that the adapter has matrices which it has not.
    const { component, result, m, n, k } = kernel.method.kernel.needs![1] as MatrixShape;
    const claims = { ...caps, software: false, f16: true, matrices: [product(component, result, m, n, k)] };
    const liar = {
      caps: claims,
      prepare: async () => undefined,
      execute: (rec: Recording) => engine().execute(rec),
      measure: async () => 1,
    } as unknown as Engine;
    expect(methodFor(claims, 'f16')).toBe(kernel.method);
    const works = lacking(kernel.method.kernel, {}, caps) === null;
    expect((await chooseMethod(liar, 'f16')).kernel).toBe(works ? kernel.method.kernel : methods.gpu.kernel);
  });

  it('a trial finds out what does not multiply as it should', async ({ skip }) => {
    const kernel = matrixKernels.find(({ method, subgroup }) => method.storages!.includes('f32') && subgroup === 32)!;
    if (!engine().caps.subgroups) skip('the adapter has no subgroups');
    if (engine().caps.subgroupSizes[1] > 32) skip('subgroups of the adapter are too large');
    const good = imitationOf(kernel, 'good', (text) => text);
    const bad = imitationOf(kernel, 'bad', (text) => text.replace('k < K * once()', 'k < K - once()'));
    const broken = imitationOf(kernel, 'broken', (text) => text.replace('sum += f32', 'nothing += f32'));
    expect(await convolvesExactly(engine(), good, 'f32')).toBe(true);
    expect(await convolvesExactly(engine(), bad, 'f32')).toBe(false);
    expect(await convolvesExactly(engine(), broken, 'f32')).toBe(false);
    expect(await convolvesExactly(engine(), methods.tiled, 'f32')).toBe(true);
  });

  it('halves cannot be forced on float32', async () => {
    const architecture = { variant: 'medicalnet', width: 4, channels: 1, shortcut: 'A' } as const;
    const weights = hashWeights('voxomics-ref-1', architecture);
    const { method } = matrixKernels[0]!;
    await expect(openNetwork(engine(), { architecture, weights, precision: 'f32', method })).rejects.toThrow(
      /conv-matrix.* computes with f16, not with f32/,
    );
  });
});

interface FeatureCase {
  readonly variant: Variant;
  readonly name: string;
  readonly options: { readonly width?: number; readonly in_channels?: number; readonly shortcut?: 'A' | 'B' };
  readonly input_shape: readonly [number, number, number, number, number];
  readonly features_f64: readonly number[];
}

describeShared("recorded outputs by the adapter's subgroup matrices", () => {
  it.for(storages)('convolutions in %s', async (storage, { skip }) => {
    const method = methodOrSkip(storage, skip);
    for (const c of recordedCases<RecordedConvolution>('ops/conv3d')) {
      const input = { shape: c.input_shape, data: c.input };
      const weights = { shape: c.weight_shape, data: c.weight };
      const { data } = await convolve(engine(), input, weights, c.bias, c, { method, storage });
      expect(relativeError(data, c.output), c.name).toBeLessThan(toleranceOf(storage));
    }
  });

  const plain = (c: FeatureCase) => Object.keys(c.options).every((key) => key === 'width' || key === 'shortcut');
  const narrow = recordedCases<FeatureCase>('features_small').filter((c) => c.options.width !== undefined && plain(c));
  it.for(narrow.map((c) => ({ name: c.name, c })))('features of $name', async ({ c }, { skip }) => {
    const method = methodOrSkip('f16', skip);
    const { variant, options, input_shape: shape, features_f64: expected } = c;
    const video = variant === 'torchvision';
    const architecture = {
      variant,
      width: options.width!,
      channels: video ? 3 : 1,
      shortcut: options.shortcut ?? (video ? 'B' : 'A'),
    } as const;
    const weights = hashWeights('voxomics-ref-1', architecture);
    const network = await openNetwork(engine(), {
      architecture,
      weights,
      precision: 'f16',
      method,
      channels: shape[1],
    });
    const [images, channels, depth, height, width] = shape;
    const length = channels * depth * height * width;
    const all = hashVolume('voxomics-ref-1', shape);
    const features = await network.features(
      Array.from({ length: images }, (_, k) => ({
        size: [width, height, depth] as Vec3,
        data: all.subarray(k * length, (k + 1) * length),
      })),
    );
    network.release();
    const found = features.flatMap((f) => [...f]);
    expect(relativeError(found, expected)).toBeLessThan(FEATURES16);
  });
});
