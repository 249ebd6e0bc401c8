import { describe, expect, it } from 'vitest';
import { fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import type { Storage } from '../../src/pipeline/nn/activation.ts';
import { type ConvolutionMethod, methodFor, methods, tilesOf } from '../../src/pipeline/nn/conv.ts';
import { hashVolume, hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import type { Architecture, Variant } from '../../src/pipeline/nn/manifest.ts';
import { type FeatureNetwork, type HostInput, openNetwork } from '../../src/pipeline/nn/network.ts';
import { gigaflops, planNetwork } from '../../src/pipeline/nn/plan.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, sharedPath } from '../support/shared.ts';
import { recordedCases, relativeError } from '../support/tensors.ts';

/** Of the features, norm over norm: float32 runs of other engines differ by up to 4e-7, the mildest mistake by 4e-3. */
const FLOAT32 = 5e-6;
/** The same with weights and activations in float16: 2e-4 to 4e-4 elsewhere. */
const FLOAT16 = 2e-3;
/** Of an activation in the middle: up to 1.6e-6 elsewhere. */
const LAYER = 5e-6;
const seed = 'voxomics-ref-1';

const engine = useEngine();
type Method = keyof typeof methods;

interface Options {
  readonly width?: number;
  readonly in_channels?: number;
  readonly shortcut?: 'A' | 'B';
  readonly stem_stride?: 1 | 2;
  readonly max_pool?: boolean;
  readonly ds_bias?: boolean;
}
interface LayerStatistics {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly l2: number;
  readonly index: readonly number[];
  readonly value: readonly number[];
}
interface FeatureCase {
  readonly variant: Variant;
  readonly name: string;
  readonly case: string;
  readonly options: Options;
  readonly input_shape: readonly [number, number, number, number, number];
  readonly features_f64: readonly number[];
  readonly layers?: Readonly<Record<string, LayerStatistics>>;
}
const read = recordedCases<FeatureCase>;

function architectureOf(variant: Variant, options: Options = {}): Architecture {
  const video = variant === 'torchvision';
  return {
    variant,
    width: options.width ?? 64,
    channels: options.in_channels ?? (video ? 3 : 1),
    shortcut: options.shortcut ?? (video ? 'B' : 'A'),
    stemStride: options.stem_stride,
    maxPool: options.max_pool,
  };
}

function weightsOf(architecture: Architecture, { ds_bias }: Options = {}) {
  const weights = hashWeights(seed, architecture);
  if (ds_bias !== false) return weights;
  return new Map([...weights].filter(([key]) => !key.endsWith('.downsample.0.bias')));
}

/** The images of a case, one input each. */
function inputsOf({ case: name = 'hash', input_shape }: Pick<FeatureCase, 'case' | 'input_shape'>): HostInput[] {
  const [images, channels, depth, height, width] = input_shape;
  const all = /^(breast|brain)/.test(name)
    ? Float32Array.from(readNpy(sharedPath(`reference/resnet/inputs/${name}_48x96x96.npy.gz`)).data)
    : hashVolume(seed, input_shape);
  const length = channels * depth * height * width;
  return Array.from({ length: images }, (_, k) => ({
    size: [width, height, depth] as Vec3,
    data: all.subarray(k * length, (k + 1) * length),
  }));
}

const open = (c: FeatureCase, precision: Storage, method?: ConvolutionMethod): Promise<FeatureNetwork> => {
  const architecture = architectureOf(c.variant, c.options);
  const weights = weightsOf(architecture, c.options);
  return openNetwork(engine(), { architecture, weights, precision, channels: c.input_shape[1], method });
};

async function checkFeatures(network: FeatureNetwork, c: FeatureCase, tolerance: number): Promise<void> {
  const features = await network.features(inputsOf(c));
  const all = features.flatMap((f) => [...f]);
  expect(relativeError(all, c.features_f64), `${c.variant} ${c.name ?? c.case}`).toBeLessThan(tolerance);
}

/** Statistics and sampled voxels of every activation that exists: what precedes a folded norm does not. */
async function checkLayers(network: FeatureNetwork, c: FeatureCase): Promise<void> {
  const input = inputsOf(c);
  const { activations } = network.plan(input[0]!.size);
  for (const [name, expected] of Object.entries(c.layers!)) {
    if (!activations.has(name)) continue;
    const [activation] = await network.activations(input, name);
    const { data, channels, size } = activation!;
    expect([1, channels, size[2], size[1], size[0]], name).toEqual(expected.shape);
    // Errors are those of sums: they go with the size of all values, not with that of one.
    const scale = Math.abs(expected.mean) + expected.std;
    const close = (found: number, wanted: number, what: string) =>
      expect(Math.abs(found - wanted) / scale, `${name} ${what}`).toBeLessThan(LAYER);
    for (const [k, at] of expected.index.entries()) close(data[at]!, expected.value[k]!, `[${at}]`);
    let [sum, square, max] = [0, 0, Number.NEGATIVE_INFINITY];
    for (const value of data) {
      sum += value;
      square += value * value;
      max = Math.max(max, value);
    }
    close(sum / data.length, expected.mean, 'mean');
    close(Math.sqrt(square / data.length), expected.l2 / Math.sqrt(data.length), 'root mean square');
    close(max, expected.max, 'max');
  }
}

/** Why SwiftShader is spared networks of full width. */
const LONG = 'networks of full width take SwiftShader minutes; narrow ones run the same kernels';

describeShared('features against float64', () => {
  const small = read('features_small');
  const narrow = (c: FeatureCase) => c.options.width !== undefined;

  it.for(small.map((c) => ({ name: c.name, c })))('$name', async ({ c }, { skip }) => {
    if (isSwiftShader(engine()) && !narrow(c) && !/tiny|1voxel/.test(c.name)) skip(LONG);
    const network = await open(c, 'f32');
    await checkFeatures(network, c, FLOAT32);
    // Minutes on SwiftShader.
    if (c.layers && narrow(c) && !isSwiftShader(engine())) await checkLayers(network, c);
    network.release();
  });

  it.for(small.filter(narrow).map((c) => ({ name: c.name, c })))('$name in f16', async ({ c }, { skip }) => {
    if (!engine().caps.f16) skip('the adapter has no f16');
    const network = await open(c, 'f16');
    await checkFeatures(network, c, FLOAT16);
    network.release();
  });

  // What a GPU computes: 16-bit products, and layers of few tiles in parts.
  it.for(
    small.filter(narrow).flatMap((c) => (['f32', 'f16'] as const).map((precision) => ({ name: c.name, precision, c }))),
  )('$name in $precision as on a GPU', async ({ c, precision }, { skip }) => {
    if (precision === 'f16' && !engine().caps.f16) skip('the adapter has no f16');
    const network = await open(c, precision, methods.gpu);
    await checkFeatures(network, c, precision === 'f32' ? FLOAT32 : FLOAT16);
    network.release();
  });

  const layers = read('layers');
  const layersOf = (c: FeatureCase) => layers.find((l) => l.variant === c.variant && l.case === c.case)?.layers;
  // The real images and the largest volume of torchvision are 94 to 162 GFLOP each: one of them suffices.
  const main = read('features_main').filter((c) => c.variant !== 'torchvision' || c.case === 'hash_odd');
  it.for(main.map((c) => ({ name: `${c.variant} ${c.case}`, c })))(
    '$name',
    { timeout: 120_000 },
    async ({ c }, { skip }) => {
      if (isSwiftShader(engine())) skip(LONG);
      const network = await open({ ...c, options: {} }, 'f32');
      await checkFeatures(network, c, FLOAT32);
      if (c.case === 'hash_odd' && c.variant !== 'torchvision')
        await checkLayers(network, { ...c, layers: layersOf(c) });
      network.release();
    },
  );

  it.for(main.filter((c) => c.case === 'hash_odd').map((c) => ({ name: `${c.variant} ${c.case}`, c })))(
    '$name in f16',
    { timeout: 120_000 },
    async ({ c }, { skip }) => {
      if (isSwiftShader(engine())) skip(LONG);
      if (!engine().caps.f16) skip('the adapter has no f16');
      // torchvision's products by the kernel for GPUs take long on a CPU; its narrow networks have them.
      const ways = c.variant === 'torchvision' ? [undefined] : [undefined, methods.gpu];
      for (const method of ways) {
        const half = await open({ ...c, options: {} }, 'f16', method);
        await checkFeatures(half, c, FLOAT16);
        half.release();
      }
    },
  );
});

describe('a network', () => {
  const architecture = architectureOf('medicalnet', { width: 8 });
  const weights = hashWeights(seed, architecture);
  const volume = (shape: readonly [number, number, number, number, number]): HostInput =>
    inputsOf({ case: 'hash', input_shape: shape })[0]!;

  it('gives the same features for a volume alone, in a batch, between others and on the GPU', async () => {
    const network = await openNetwork(engine(), { architecture, weights });
    const [a, b] = [volume([1, 1, 9, 12, 10]), volume([1, 1, 8, 8, 8])];
    const other = { ...a, data: a.data.map((v) => v * v) };
    const [alone] = await network.features([a]);
    const [first, second, third, fourth] = await network.features([a, other, b, a]);
    expect(first).toEqual(alone);
    expect(fourth).toEqual(alone);
    expect(second).not.toEqual(alone);
    expect(third).toHaveLength(64);
    const identity = { spacing: [1, 1, 1], origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] } as const;
    const device = await toDevice(engine(), { ...identity, dimension: 3, size: a.size, data: a.data } as Parameters<
      typeof toDevice
    >[1]);
    expect((await network.features([device]))[0]).toEqual(alone);
    // The volume stays its owner's.
    expect((await fromDevice(engine(), device)).data).toEqual(a.data);
    engine().release(device.voxels);
    network.release();
  });

  it('one channel stands for all that the weights have', async () => {
    const video = architectureOf('torchvision', { width: 8 });
    const options = { architecture: video, weights: hashWeights(seed, video) };
    const [one, three] = [
      await openNetwork(engine(), options),
      await openNetwork(engine(), { ...options, channels: 3 }),
    ];
    const input = volume([1, 1, 5, 12, 10]);
    const repeated = { ...input, data: Float32Array.from({ length: 3 * 600 }, (_, k) => input.data[k % 600]!) };
    const [single] = await one.features([input]);
    const [triple] = await three.features([repeated]);
    expect(relativeError(single!, triple!)).toBeLessThan(FLOAT32);
    one.release();
    three.release();
  });

  it('features of a layer are the means of its activation', async () => {
    const network = await openNetwork(engine(), { architecture, weights });
    const input = [volume([1, 1, 16, 12, 20])];
    for (const [layer, name, count] of [
      ['stem', 'relu1', 8],
      ['layer2', 'layer2.1', 16],
      ['layer3.0', 'layer3.0', 32],
      ['pool', 'layer4.1', 64],
    ] as const) {
      const [features] = await network.features(input, { layer });
      const [activation] = await network.activations(input, name);
      const voxels = activation!.data.length / count;
      const means = Array.from({ length: count }, (_, c) => {
        const channel = activation!.data.subarray(c * voxels, (c + 1) * voxels);
        return channel.reduce((sum, v) => sum + v, 0) / voxels;
      });
      expect(features).toHaveLength(count);
      expect(relativeError(features!, means), layer).toBeLessThan(FLOAT32);
    }
    await expect(network.features(input, { layer: 'layer5' })).rejects.toThrow(/layer5.*pool/);
    network.release();
  });

  it('gives the same features with any tiles', async () => {
    const input = [volume([1, 1, 33, 20, 28])];
    const features = async (method: ConvolutionMethod) => {
      const network = await openNetwork(engine(), { architecture, weights, method });
      const found = await network.features(input);
      network.release();
      return found;
    };
    const tiles = tilesOf({ wide: '128x64/8x8', middle: '64x32/8x4', small: '32x32/4x4' });
    expect(await features({ ...methods.gpu, tiles })).toEqual(await features(methods.gpu));
  });

  it('adds the weights that another size needs otherwise, once, and gives them back', async ({ skip }) => {
    if (methodFor(engine().caps) !== methods.lanes) skip('the adapter has one way for all sizes');
    const before = engine().stats().resident.bytes;
    const network = await openNetwork(engine(), { architecture, weights });
    const opened = network.weightBytes;
    const [small, usual] = [volume([1, 1, 16, 16, 16]), volume([1, 1, 64, 64, 64])];
    await network.features([usual]);
    expect(network.weightBytes).toBe(opened);
    const foreseen = network.weightBytesWith(network.plan(small.size));
    const [[first], [second]] = await Promise.all([network.features([small]), network.features([small])]);
    expect(second).toEqual(first);
    expect(network.weightBytes).toBeGreaterThan(opened);
    expect(network.weightBytes).toBe(foreseen);
    expect(engine().stats().resident.bytes - before).toBe(network.weightBytes);
    const all = network.weightBytes;
    expect((await network.features([small]))[0]).toEqual(first);
    expect(network.weightBytes).toBe(all);
    // Released while a pass is on its way that brings more.
    const late = network.features([volume([1, 1, 5, 96, 96])]);
    network.release();
    await late;
    expect(engine().stats().resident.bytes).toBe(before);
  });

  interface Kept {
    readonly variant: Variant;
    readonly method: Method;
    readonly precision: Storage;
    readonly images: number;
    readonly width: number;
  }
  it.for<Kept>([
    { variant: 'medicalnet', method: 'tiled', precision: 'f32', images: 1, width: 8 },
    { variant: 'medicalnet', method: 'lanes', precision: 'f32', images: 1, width: 8 },
    { variant: 'torchvision', method: 'tiled', precision: 'f16', images: 1, width: 4 },
    { variant: 'torchvision', method: 'lanes', precision: 'f16', images: 1, width: 8 },
    // In parts, which must not be counted for one image only.
    { variant: 'monai', method: 'gpu', precision: 'f32', images: 2, width: 16 },
    { variant: 'monai', method: 'gpu', precision: 'f16', images: 2, width: 16 },
    { variant: 'monai', method: 'lanes', precision: 'f32', images: 2, width: 16 },
  ])(
    'keeps no more than its plan: $variant of width $width, $method, $precision, $images images',
    { timeout: 120_000 },
    async ({ variant, method, precision, images, width }, { skip }) => {
      if (precision === 'f16' && !engine().caps.f16) skip('the adapter has no f16');
      if (method === 'lanes' && methodFor(engine().caps) !== methods.lanes) skip('the adapter has no lanes of eight');
      const architecture = architectureOf(variant, { width });
      const weights = hashWeights(seed, architecture);
      engine().trim();
      const before = engine().stats().resident.bytes;
      const network = await openNetwork(engine(), { architecture, weights, precision, method: methods[method] });
      expect(engine().stats().resident.bytes - before).toBe(network.weightBytes);
      engine().trim();
      const used = engine().stats().pool.used;
      const input = volume([1, 1, 64, 64, 64]);
      const plan = network.plan(input.size, images);
      const convolutions = plan.steps.filter((step) => step.kind === 'convolution');
      expect(convolutions.some(({ winograd }) => winograd)).toBe(method === 'lanes');
      expect(convolutions.some(({ parts }) => parts !== null)).toBe(method === 'gpu');
      await network.features(Array(images).fill(input));
      const { idle } = engine().stats().pool;
      // All that the pass took is idle now: the arena, the volumes, and the small change of parameters and readback.
      expect(idle).toBeGreaterThanOrEqual(plan.arenaBytes + plan.inputBytes);
      expect(idle).toBeLessThan(1.2 * (plan.arenaBytes + plan.inputBytes));
      expect(engine().stats().pool.used).toBe(used);
      network.release();
      expect(engine().stats().resident.bytes).toBe(before);
    },
  );

  it('refuses to run once its weights are given back', async () => {
    const network = await openNetwork(engine(), { architecture, weights });
    network.release();
    await expect(network.features([volume([1, 1, 8, 8, 8])])).rejects.toThrow(/released; open it again/);
  });

  it('leaves nothing on the GPU where it cannot be opened', async () => {
    const before = engine().stats().resident.bytes;
    const kernel = {
      ...methods.tiled.kernel,
      name: 'test/broken',
      variant: () => ({ code: 'no WGSL', slots: [] }),
    } as unknown as typeof methods.tiled.kernel;
    const broken = { ...methods.tiled, kernel };
    await expect(openNetwork(engine(), { architecture, weights, method: broken })).rejects.toMatchObject({
      code: 'ShaderCompile',
    });
    expect(engine().stats().resident.bytes).toBe(before);
  });

  it('refuses other weights, numbers of voxels and channels', async () => {
    const video = architectureOf('torchvision', { width: 8 });
    await expect(openNetwork(engine(), { architecture: video, weights })).rejects.toThrow(/missing/);
    await expect(openNetwork(engine(), { architecture, weights, channels: 3 })).rejects.toThrow(
      /1 channels, asked for 3/,
    );
    const network = await openNetwork(engine(), { architecture, weights });
    const input = volume([1, 1, 8, 8, 8]);
    await expect(network.features([{ ...input, size: [8, 8, 9] }])).rejects.toThrow(/576.*found 512/);
    expect(() => network.plan([8, 0, 8])).toThrow(/8 x 0 x 8/);
    network.release();
  });
});

describe('a plan', () => {
  it('shares memory only between activations that do not meet', () => {
    for (const variant of ['medicalnet', 'monai', 'torchvision'] as const) {
      const plan = planNetwork(architectureOf(variant), { images: 1, channels: 1, size: [64, 64, 64], storage: 'f32' });
      const holds = new Map<number, string>();
      for (const step of plan.steps) {
        const inputs = step.kind === 'unfold' ? [] : [step.input];
        if (step.kind === 'convolution' && step.residual) inputs.push(step.residual.input);
        for (const name of inputs) expect(holds.get(plan.activations.get(name)!.slot), `${variant} ${name}`).toBe(name);
        const { slot, bytes } = plan.activations.get(step.output)!;
        expect(inputs.map((name) => plan.activations.get(name)!.slot)).not.toContain(slot);
        expect(plan.slots[slot]).toBeGreaterThanOrEqual(bytes);
        holds.set(slot, step.output);
      }
    }
  });

  it('takes the points of Winograd where they are fewer products, whatever the batch', () => {
    const taking = (variant: Variant, size: Vec3, images = 1) =>
      planNetwork(architectureOf(variant), { images, channels: 1, size, storage: 'f32', winograd: true }).steps.flatMap(
        (step) => (step.kind === 'convolution' && step.winograd ? [step.key] : []),
      );
    const layer = (n: number, keys: readonly string[]) => keys.filter((key) => key.startsWith(`layer${n}`)).length;
    const counts = (...args: Parameters<typeof taking>) => [1, 2, 3, 4].map((n) => layer(n, taking(...args)));
    expect(counts('monai', [64, 64, 64])).toEqual([4, 3, 0, 0]);
    expect(counts('monai', [64, 64, 64], 8)).toEqual([4, 3, 0, 0]);
    expect(counts('monai', [32, 32, 32])).toEqual([4, 0, 0, 0]);
    expect(counts('monai', [8, 8, 8])).toEqual([0, 0, 0, 0]);
    expect(counts('medicalnet', [64, 64, 64])).toEqual([4, 3, 4, 0]);
    // On large images also where the points of 512 channels take 67 MB a layer.
    expect(counts('medicalnet', [128, 128, 128])).toEqual([4, 3, 4, 4]);
    expect(counts('torchvision', [64, 64, 64])).toEqual([4, 3, 3, 0]);
  });

  it('counts the operations of the published tables', () => {
    const expected = { medicalnet: [38.36, 16.95], monai: [7.84, 6.38] } as const;
    for (const [variant, [all, inside]] of Object.entries(expected)) {
      const architecture = architectureOf(variant as Variant);
      const plan = planNetwork(architecture, { images: 1, channels: 1, size: [64, 64, 64], storage: 'f32' });
      const totals = plan.steps.reduce(
        (sum, step) => {
          if (step.kind !== 'convolution' || step.input === 'unfolded') return sum;
          const [from, to] = [plan.activations.get(step.input)!, plan.activations.get(step.output)!];
          const count = gigaflops(to, from.channels, from.size, step.window);
          return { all: sum.all + count.all, inside: sum.inside + count.inside };
        },
        gigaflops({ images: 1, channels: 64 }, 1, [64, 64, 64], {
          extent: [7, 7, 7],
          stride: [2, 2, 2],
          padding: [3, 3, 3],
          dilation: [1, 1, 1],
        }),
      );
      expect(totals.all).toBeCloseTo(all, 2);
      expect(totals.inside).toBeCloseTo(inside, 2);
    }
  });
});
