import { expect, it } from 'vitest';
import { type Engine, Recording } from '../../src/engine/index.ts';
import type { Storage } from '../../src/pipeline/nn/activation.ts';
import { methodFor, methods, recordConvolution, windowed } from '../../src/pipeline/nn/conv.ts';
import { filterOf, packFilter, unfolded, unfoldedTaps } from '../../src/pipeline/nn/filter.ts';
import { hashVolume } from '../../src/pipeline/nn/hash-weights.ts';
import { pooledSize, recordAverage, recordMaxPool } from '../../src/pipeline/nn/pool.ts';
import { recordUnfold, unfoldedShape, unfoldedWindow } from '../../src/pipeline/nn/unfold.ts';
import { recordWinograd, suitsWinograd, winogradFilter, workspaceBytes } from '../../src/pipeline/nn/winograd.ts';
import { type ConvolutionGeometry, convolution, type Tensor, type Triple } from '../reference/nn/conv.ts';
import { globalAverage, maxPool } from '../reference/nn/pool.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared } from '../support/shared.ts';
import {
  bufferFor,
  convolve as convolveOn,
  filterFor,
  type RecordedConvolution,
  readActivation,
  recordedCases,
  relativeError,
  uploadFilter,
  uploadTensor,
  windowFor,
} from '../support/tensors.ts';

/** Products and sums in float32: a few units in the last place of the norm. */
const FLOAT32 = 1e-6;
/** Weights, inputs and results rounded to 11 bits, 2^-12 each at most. */
const FLOAT16 = 8e-4;
/** Computed in float64, rounded once. */
const ROUNDED = 2 ** -24;
/** Winograd's sums cancel: a few times as much. */
const WINOGRAD32 = 2e-6;
const WINOGRAD16 = 2e-3;
const toleranceOf = (storage: Storage) => (storage === 'f32' ? FLOAT32 : FLOAT16);

type Method = keyof typeof methods;
const engine = useEngine();

/** Why the adapter cannot run the method with the storage; null where it can. */
function missing({ caps }: Engine, method: Method, storage: Storage): string | null {
  if (method === 'lanes' && methodFor(caps, storage) !== methods.lanes)
    return `${caps.adapter} has no subgroups of eight`;
  return storage === 'f16' && !caps.f16 ? `${caps.adapter} has no shader-f16` : null;
}

/** Skips a test that the adapter cannot run. */
function need(method: Method, storage: Storage, skip: (why: string) => void): void {
  const why = missing(engine(), method, storage);
  if (why) skip(why);
}

interface Way {
  readonly method: Method;
  readonly storage: Storage;
}
const ways: readonly Way[] = [
  ...(['tiled', 'lanes'] as const).flatMap((method) =>
    (['f32', 'f16'] as const).map((storage) => ({ method, storage })),
  ),
  // Products of 16 bits, in one part; in several: tiles.test.ts.
  { method: 'gpu', storage: 'f16' },
];

interface Case {
  readonly name: string;
  readonly input_shape: readonly number[];
  readonly input: readonly (number | null)[];
  readonly output_shape: readonly number[];
  readonly output: readonly (number | null)[];
}
const tensor = (shape: readonly number[], data: readonly (number | null)[]): Tensor => ({
  shape,
  data: data.map((v) => v ?? Number.NaN),
});
const inputOf = (c: Case) => tensor(c.input_shape, c.input);

interface Options extends Way {
  readonly relu?: boolean;
  readonly residual?: { readonly tensor: Tensor; readonly stride: number };
}

/** One convolution from host to host. */
const convolve = (
  input: Tensor,
  weights: Tensor,
  bias: ArrayLike<number> | null,
  geometry: ConvolutionGeometry,
  { method, ...options }: Options,
): Promise<Tensor> => convolveOn(engine(), input, weights, bias, geometry, { ...options, method: methods[method] });

const same = (stride: number, dilation = 1): ConvolutionGeometry => ({
  stride: [stride, stride, stride],
  padding: [dilation, dilation, dilation],
  dilation: [dilation, dilation, dilation],
});

/** One convolution by Winograd's algorithm from host to host; rectified where there is a residual. */
async function winograd(
  input: Tensor,
  weights: Tensor,
  bias: ArrayLike<number> | null,
  geometry: ConvolutionGeometry,
  storage: Storage,
  residual?: Options['residual'],
): Promise<Tensor> {
  const rec = new Recording('test/winograd');
  const from = uploadTensor(rec, input, storage);
  const window = windowFor(weights, geometry);
  const filter = { ...uploadFilter(rec, winogradFilter(filterFor(weights, bias)), storage), ...window };
  const into = bufferFor(rec, from.images, filter.outputs, from.size, storage);
  const [points, products] = workspaceBytes(from, filter.outputs, window);
  const workspace = [rec.buffer('test.points', points), rec.buffer('test.products', products)] as const;
  const result = recordWinograd(rec, from, filter, into, workspace, {
    storage,
    relu: residual !== undefined,
    residual: residual && { activation: uploadTensor(rec, residual.tensor, storage), stride: residual.stride },
  });
  return readActivation(engine(), rec, result, storage);
}

const suits = (c: RecordedConvolution) => suitsWinograd(windowFor({ shape: c.weight_shape, data: [] }, c));

describeShared('operators against recorded outputs', () => {
  const convolutions = recordedCases<RecordedConvolution>('ops/conv3d');

  it.for(ways.flatMap((way) => convolutions.map((c) => ({ ...way, name: c.name, c }))))(
    'convolution $name, $method in $storage',
    async ({ c, ...way }, { skip }) => {
      need(way.method, way.storage, skip);
      const weights = { shape: c.weight_shape, data: c.weight };
      const result = await convolve(inputOf(c), weights, c.bias, c, way);
      expect(result.shape).toEqual(c.output_shape);
      expect(relativeError(result.data, c.output as number[])).toBeLessThan(toleranceOf(way.storage));
    },
  );

  it.for(
    (['f32', 'f16'] as const).flatMap((storage) =>
      convolutions.filter(suits).map((c) => ({ storage, name: c.name, c })),
    ),
  )('convolution $name by Winograd in $storage', async ({ c, storage }, { skip }) => {
    need('lanes', storage, skip);
    const result = await winograd(inputOf(c), { shape: c.weight_shape, data: c.weight }, c.bias, c, storage);
    expect(result.shape).toEqual(c.output_shape);
    expect(relativeError(result.data, c.output as number[])).toBeLessThan(storage === 'f32' ? WINOGRAD32 : WINOGRAD16);
  });

  it.each(convolutions.map((c) => ({ name: c.name, c })))('the twin on $name', ({ c }) => {
    const twin = convolution(inputOf(c), { shape: c.weight_shape, data: c.weight }, c.bias, c);
    expect(twin.shape).toEqual(c.output_shape);
    expect(relativeError(twin.data, c.output as number[])).toBeLessThan(1e-13);
  });

  const unfoldable = convolutions.filter(
    (c) => c.weight_shape[4]! <= unfoldedTaps && c.dilation[2] === 1 && c.dilation[1] === 1,
  );
  it.each(unfoldable.map((c) => ({ name: c.name, c })))('unfolded convolution $name', async ({ c }) => {
    const storage = 'f32';
    const weights = { shape: c.weight_shape, data: c.weight };
    const [images, channels, depth, height, width] = c.input_shape as [number, number, number, number, number];
    const window = windowFor(weights, c);
    const shape = unfoldedShape(images, channels, [width, height, depth], window);
    const rec = new Recording('test/unfold');
    const buffer = bufferFor(rec, images, shape.channels, shape.size, storage);
    const length = channels * depth * height * width;
    for (let image = 0; image < images; image++) {
      const data = Float32Array.from(c.input.slice(image * length, (image + 1) * length) as number[]);
      const volume = rec.upload('test.volume', data);
      recordUnfold(rec, volume, [width, height, depth], window, image, buffer, shape, storage);
    }
    const filter = {
      ...uploadFilter(rec, unfolded(filterFor(weights, c.bias)), storage),
      ...unfoldedWindow(window),
    };
    const into = bufferFor(rec, images, filter.outputs, windowed(shape.size, filter), storage);
    const options = { storage, method: methodFor(engine().caps, storage), relu: false } as const;
    const result = recordConvolution(rec, { ...shape, buffer }, filter, into, options);
    const { data, shape: found } = await readActivation(engine(), rec, result, storage);
    expect(found).toEqual(c.output_shape);
    expect(relativeError(data, c.output as number[])).toBeLessThan(FLOAT32);
  });

  it.each(recordedCases<Case>('ops/maxpool3d').map((c) => ({ name: c.name, c })))('max pool $name', async ({ c }) => {
    const rec = new Recording('test/maxpool');
    const input = uploadTensor(rec, inputOf(c), 'f32');
    const into = bufferFor(rec, input.images, input.channels, pooledSize(input.size), 'f32');
    const result = await readActivation(engine(), rec, recordMaxPool(rec, input, into, 'f32'), 'f32');
    const expected = tensor(c.output_shape, c.output);
    expect(result.shape).toEqual(c.output_shape);
    expect([...(result.data as Float32Array)]).toEqual([...(expected.data as number[])]);
    expect(maxPool(inputOf(c))).toEqual(expected);
  });

  it.each(recordedCases<Case>('ops/global_avgpool').map((c) => ({ name: c.name, c })))(
    'global average $name',
    async ({ c }) => {
      const rec = new Recording('test/average');
      const input = uploadTensor(rec, inputOf(c), 'f32');
      const download = rec.download(recordAverage(rec, input, 'f32'));
      const words = (await engine().execute(rec)).u32(download);
      const means = new Float32Array(words.buffer, words.byteOffset, words.length);
      const stride = 8 * Math.ceil(input.channels / 8);
      const found = c.output.map((_, k) => means[Math.floor(k / input.channels) * stride + (k % input.channels)]!);
      // Half a unit in the last place for the result, as much for the sum in pairs.
      expect(relativeError(found, c.output as number[])).toBeLessThan(2 ** -23);
      expect(relativeError(globalAverage(inputOf(c)).data, c.output as number[])).toBeLessThan(1e-13);
    },
  );

  interface NormCase extends Omit<Case, 'output_shape'> {
    readonly eps: number;
    readonly weight: readonly number[];
    readonly bias: readonly number[];
    readonly running_mean: readonly number[];
    readonly running_var: readonly number[];
    readonly scale: readonly number[];
    readonly shift: readonly number[];
    readonly output_relu: readonly number[];
  }
  /** The convolution of the fold's input: key `c`, norm `n`. */
  const conv = (shape: readonly number[], geometry: ConvolutionGeometry) => ({
    key: 'c',
    norm: 'n',
    shape: shape as [number, number, number, number, number],
    ...geometry,
  });
  const vector = (data: readonly number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

  it('batch norm as the scale and bias of a convolution, with the rectifier', async () => {
    const c = recordedCases<NormCase>('ops/batchnorm3d').find(({ eps }) => eps === 1e-5)!;
    const channels = c.weight.length;
    const identity = Float32Array.from({ length: channels ** 2 }, (_, k) => Number(k % (channels + 1) === 0));
    const pointwise: ConvolutionGeometry = { stride: [1, 1, 1], padding: [0, 0, 0], dilation: [1, 1, 1] };
    const weights = new Map([
      ['c.weight', { shape: [channels, channels, 1, 1, 1], data: identity }],
      ['n.weight', vector(c.weight)],
      ['n.bias', vector(c.bias)],
      ['n.running_mean', vector(c.running_mean)],
      ['n.running_var', vector(c.running_var)],
    ]);
    const filter = filterOf(weights, conv([channels, channels, 1, 1, 1], pointwise));
    const diagonal = c.scale.map((_, k) => filter.weights[k * (channels + 1)]!);
    expect(relativeError(diagonal, c.scale)).toBeLessThan(ROUNDED);
    expect(relativeError(filter.bias, c.shift)).toBeLessThan(ROUNDED);
    const rec = new Recording('test/norm');
    const input = uploadTensor(rec, { shape: c.input_shape, data: c.input as number[] }, 'f32');
    const buffers = {
      ...uploadFilter(rec, filter, 'f32'),
      ...windowFor({ shape: [0, 0, 1, 1, 1], data: [] }, pointwise),
    };
    const into = bufferFor(rec, input.images, channels, input.size, 'f32');
    const options = { storage: 'f32', method: methodFor(engine().caps, 'f32'), relu: true } as const;
    const result = await readActivation(engine(), rec, recordConvolution(rec, input, buffers, into, options), 'f32');
    expect(relativeError(result.data, c.output_relu)).toBeLessThan(FLOAT32);
  });

  interface FoldCase extends NormCase {
    readonly weight_shape: readonly number[];
    readonly conv_bias: readonly number[] | null;
    readonly bn_weight: readonly number[];
    readonly bn_bias: readonly number[];
    readonly stride: Triple;
    readonly padding: Triple;
    readonly folded_weight: readonly number[];
    readonly folded_bias: readonly number[];
  }
  it.each(recordedCases<FoldCase>('ops/conv_bn_fold').map((c) => ({ name: c.name, c })))(
    'folding $name',
    async ({ c }) => {
      const geometry: ConvolutionGeometry = { stride: c.stride, padding: c.padding, dilation: [1, 1, 1] };
      const weights = new Map([
        ['c.weight', { shape: c.weight_shape, data: Float32Array.from(c.weight) }],
        ['n.weight', vector(c.bn_weight)],
        ['n.bias', vector(c.bn_bias)],
        ['n.running_mean', vector(c.running_mean)],
        ['n.running_var', vector(c.running_var)],
        ...(c.conv_bias ? [['c.bias', vector(c.conv_bias)] as const] : []),
      ]);
      const filter = filterOf(weights, conv(c.weight_shape, geometry));
      expect(relativeError(filter.weights, c.folded_weight)).toBeLessThan(ROUNDED);
      expect(relativeError(filter.bias, c.folded_bias)).toBeLessThan(ROUNDED);
      const way = { method: 'tiled', storage: 'f32' } as const;
      const result = await convolve(
        inputOf(c as unknown as Case),
        { shape: c.weight_shape, data: filter.weights },
        filter.bias,
        geometry,
        way,
      );
      expect(relativeError(result.data, c.output as number[])).toBeLessThan(FLOAT32);
    },
  );

  interface ShortcutCase extends Case {
    readonly planes: number;
    readonly stride: number;
  }
  it.for(
    ways.flatMap((way) => recordedCases<ShortcutCase>('ops/shortcut_a').map((c) => ({ ...way, name: c.name, c }))),
  )('shortcut A $name, $method in $storage', async ({ c, ...way }, { skip }) => {
    need(way.method, way.storage, skip);
    // A convolution of zeros leaves the shortcut alone.
    const shape = [c.planes, c.input_shape[1]!, 3, 3, 3];
    const nothing = { shape, data: new Float32Array(shape.reduce((product, n) => product * n, 1)) };
    const residual = { tensor: inputOf(c), stride: c.stride };
    const result = await convolve(inputOf(c), nothing, null, same(c.stride), { ...way, residual });
    expect(result.shape).toEqual(c.output_shape);
    expect(relativeError(result.data, c.output as number[])).toBeLessThan(way.storage === 'f32' ? 1e-15 : 2 ** -11);
  });

  interface BlockCase extends Case {
    readonly in: number;
    readonly out: number;
    readonly stride: number;
    readonly dilation: number;
    readonly shortcut: 'none' | 'A' | 'B';
    readonly parameters: Readonly<
      Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>
    >;
  }
  it.for(ways.flatMap((way) => recordedCases<BlockCase>('ops/basic_block').map((c) => ({ ...way, name: c.name, c }))))(
    'block $name, $method in $storage',
    async ({ c, ...way }, { skip }) => {
      need(way.method, way.storage, skip);
      const weights = new Map(
        Object.entries(c.parameters).map(([key, { shape, data }]) => [key, { shape, data: Float32Array.from(data) }]),
      );
      const run = (
        key: string,
        norm: string,
        input: Tensor,
        geometry: ConvolutionGeometry,
        options: Partial<Options>,
      ) => {
        const shape = c.parameters[`${key}.weight`]!.shape;
        const filter = filterOf(weights, { ...conv(shape, geometry), key, norm });
        return convolve(input, { shape, data: filter.weights }, filter.bias, geometry, { ...way, ...options });
      };
      const input = inputOf(c);
      const middle = await run('conv1', 'bn1', input, same(c.stride, c.dilation), { relu: true });
      const pointwise: ConvolutionGeometry = { ...same(c.stride), padding: [0, 0, 0] };
      const residual =
        c.shortcut === 'B'
          ? { tensor: await run('downsample.0', 'downsample.1', input, pointwise, {}), stride: 1 }
          : { tensor: input, stride: c.stride };
      const result = await run('conv2', 'bn2', middle, same(1, c.dilation), { relu: true, residual });
      expect(result.shape).toEqual(c.output_shape);
      expect(relativeError(result.data, c.output as number[])).toBeLessThan(toleranceOf(way.storage));
    },
  );
});

it('packs a filter by blocks of 16 outputs, eight inputs and four outputs, zeros beside', () => {
  const shape = [18, 9, 1, 1, 2];
  const filter = filterFor({ shape, data: Float32Array.from({ length: 324 }, (_, k) => k + 1) }, [1, 2, 3]);
  const { weights, bias } = packFilter(filter, 'f32');
  const blocks = [2, 2, 2, 4, 8, 4];
  const at = (co: number, ci: number, tap: number) =>
    weights[[co >> 4, tap, ci >> 3, (co >> 2) & 3, ci & 7, co & 3].reduce((k, n, a) => k * blocks[a]! + n, 0)];
  expect(at(4, 8, 1)).toBe((4 * 9 + 8) * 2 + 2);
  expect(at(17, 3, 0)).toBe((17 * 9 + 3) * 2 + 1);
  expect(Float64Array.from(weights).reduce((sum, v) => sum + v, 0)).toBe((324 * 325) / 2);
  expect(weights).toHaveLength(1024);
  expect([...bias.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
  expect(bias).toHaveLength(24);
});

it.for([
  { shape: [2, 9, 5, 7, 6], outputs: 20, dilation: 1, channels: 9 },
  { shape: [1, 8, 7, 6, 9], outputs: 8, dilation: 2, channels: 4 },
  // More tiles than are computed at once.
  { shape: [1, 64, 17, 18, 16], outputs: 4, dilation: 1, channels: 4 },
])('Winograd with residual like the twin: $shape to $outputs channels, dilation $dilation', async (c, { skip }) => {
  need('lanes', 'f32', skip);
  const made = (shape: readonly number[], phase: number): Tensor => ({
    shape,
    data: hashVolume(`phase ${phase}`, shape),
  });
  const [input, weights] = [made(c.shape, 0), made([c.outputs, c.shape[1]!, 3, 3, 3], 1)];
  const bias = made([c.outputs], 2).data;
  const residual = made([c.shape[0]!, c.channels, ...c.shape.slice(2)], 3);
  const result = await winograd(input, weights, bias, same(1, c.dilation), 'f32', { tensor: residual, stride: 1 });
  const plain = convolution(input, weights, bias, same(1, c.dilation));
  const voxels = c.shape.slice(2).reduce((product, n) => product * n, 1);
  const expected = Array.from(plain.data, (v, k) => {
    const [image, channel] = [Math.floor(k / voxels / c.outputs), Math.floor(k / voxels) % c.outputs];
    const add = channel < c.channels ? residual.data[(image * c.channels + channel) * voxels + (k % voxels)]! : 0;
    return Math.max(0, v + add);
  });
  expect(result.shape).toEqual(plain.shape);
  expect(relativeError(result.data, expected)).toBeLessThan(WINOGRAD32);
});
