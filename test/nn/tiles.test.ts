import { describe, expect, it } from 'vitest';
import { type Caps, Recording } from '../../src/engine/index.ts';
import type { Storage } from '../../src/pipeline/nn/activation.ts';
import {
  type ConvolutionMethod,
  methodFor,
  methods,
  recordConvolution,
  tilesOf,
  windowed,
} from '../../src/pipeline/nn/conv.ts';
import { packFilter } from '../../src/pipeline/nn/filter.ts';
import { hashVolume } from '../../src/pipeline/nn/hash-weights.ts';
import { chooseTiles, measuredMethod, methodOn } from '../../src/pipeline/nn/measure-tiles.ts';
import { partsOf } from '../../src/pipeline/nn/parts.ts';
import { classOf, layerClasses, tileTable } from '../../src/pipeline/nn/tile-table.ts';
import { type TileName, tiles } from '../../src/pipeline/nn/tiles.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { type ConvolutionGeometry, convolution, type Tensor } from '../reference/nn/conv.ts';
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
/** Weights, inputs and results rounded to 11 bits, 2^-12 each at most, and sums of eight products. */
const FLOAT16 = 8e-4;

const engine = useEngine();

interface Numbers {
  readonly storage: Storage;
  readonly products: Storage;
}
const numbers: readonly (Numbers & { readonly name: string })[] = [
  { name: 'f32', storage: 'f32', products: 'f32' },
  { name: 'f16', storage: 'f16', products: 'f32' },
  { name: 'f16 products', storage: 'f16', products: 'f16' },
];
const toleranceOf = (storage: Storage) => (storage === 'f32' ? FLOAT32 : FLOAT16);

interface Work {
  readonly input: Tensor;
  readonly weights: Tensor;
  readonly bias: ArrayLike<number> | null;
  readonly geometry: ConvolutionGeometry;
  readonly residual?: Tensor;
}

/** One convolution from host to host; in parts where the method has a fill that asks for them. */
const convolve = (work: Work, storage: Storage, method: ConvolutionMethod): Promise<Tensor> =>
  convolveOn(engine(), work.input, work.weights, work.bias, work.geometry, {
    storage,
    method,
    relu: work.residual !== undefined,
    residual: work.residual && { tensor: work.residual, stride: 1 },
  });

const cube = (n: number): readonly [number, number, number] => [n, n, n];

/** A layer of made-up values, with an end of everything. */
function made(input: readonly number[], outputs: number, extent: number, stride = 1, dilation = 1): Work {
  const geometry = { stride: cube(stride), padding: cube(dilation), dilation: cube(dilation) };
  const shape = [outputs, input[1]!, extent, extent, extent];
  const weights = { shape, data: hashVolume('weights', shape) };
  const window = windowFor(weights, geometry);
  const [, , d, h, w] = input as [number, number, number, number, number];
  const [x, y, z] = windowed([w, h, d], window);
  const residual = [input[0]!, outputs, z, y, x];
  return {
    input: { shape: input, data: hashVolume('input', input) },
    weights,
    bias: hashVolume('bias', [outputs]),
    geometry,
    residual: { shape: residual, data: hashVolume('residual', residual) },
  };
}

/** What the float64 twin makes of it. */
function expected({ input, weights, bias, geometry, residual }: Work): Float64Array {
  const plain = convolution(input, weights, bias, geometry);
  return Float64Array.from(plain.data, (v, k) => Math.max(0, v + (residual?.data[k] ?? 0)));
}

const works: Readonly<Record<string, Work>> = {
  // Voxels and channels that no tile divides, an odd number of octets, rows that taps leave.
  ragged: made([2, 19, 5, 7, 6], 20, 3),
  // Several tiles along both axes, and two parts, of six octets and of three.
  several: made([1, 72, 5, 6, 7], 136, 3),
  'one octet': made([1, 8, 5, 5, 5], 8, 3),
  dilated: made([1, 16, 4, 8, 8], 40, 3, 1, 4),
  strided: made([1, 40, 7, 8, 9], 72, 3, 2),
};

describe('every tile of nn/conv', () => {
  it.for(Object.entries(works).flatMap(([work]) => numbers.map((n) => ({ ...n, work }))))(
    'adds in the same order: $work, $name',
    async ({ work, storage, products }, { skip }) => {
      if (storage === 'f16' && !engine().caps.f16) skip(`${engine().caps.adapter} has no shader-f16`);
      for (const fill of [0, 64]) {
        const base = { winograd: false, products, fill };
        const first = await convolve(works[work]!, storage, { ...tiles['64x64/8x8'], ...base });
        expect(relativeError(first.data, expected(works[work]!)), `fill ${fill}`).toBeLessThan(toleranceOf(storage));
        for (const [name, tile] of Object.entries(tiles)) {
          const { data } = await convolve(works[work]!, storage, { ...tile, ...base });
          expect(data, `${name}, fill ${fill}`).toEqual(first.data);
        }
      }
    },
  );

  it('reads no weights beyond those of its channels and inputs', async () => {
    const { input, weights, bias, geometry } = works['one octet']!;
    const window = windowFor(weights, geometry);
    const { weights: packed, bias: shifts } = packFilter(filterFor(weights, bias), 'f32');
    // What is not multiplied by zero or dropped would be NaN, and zero times NaN too.
    const followed = new Float32Array(2 * packed.length).fill(Number.NaN);
    followed.set(packed);
    for (const [name, tile] of Object.entries(tiles)) {
      const rec = new Recording('test/tiles');
      const filter = {
        ...window,
        outputs: 8,
        weights: rec.upload('test.weights', followed),
        bias: rec.upload('test.bias', shifts),
      };
      const into = bufferFor(rec, 1, 8, [5, 5, 5], 'f32');
      const options = { storage: 'f32', method: { ...tile, winograd: false }, relu: false } as const;
      const result = recordConvolution(rec, uploadTensor(rec, input, 'f32'), filter, into, options);
      const { data } = await readActivation(engine(), rec, result, 'f32');
      expect(relativeError(data, convolution(input, weights, bias, geometry).data), name).toBeLessThan(FLOAT32);
    }
  });
});

describe('16-bit products', () => {
  const pointwise: ConvolutionGeometry = { stride: cube(1), padding: cube(0), dilation: cube(1) };
  const products = { ...methods.tiled, products: 'f16' } as const;
  /** A voxel of 32 inputs of one value, and eight outputs. */
  const voxel = (value: number, weight: (k: number) => number, bias: number): Work => ({
    input: { shape: [1, 32, 1, 1, 1], data: new Float32Array(32).fill(value) },
    weights: { shape: [8, 32, 1, 1, 1], data: Float32Array.from({ length: 256 }, (_, k) => weight(k % 32)) },
    bias: new Float32Array(8).fill(bias),
    geometry: pointwise,
  });

  it('stay finite whatever the activations and the weights', async ({ skip }) => {
    if (!engine().caps.f16) skip(`${engine().caps.adapter} has no shader-f16`);
    // Eight products that add up to more than 16 bits hold, and then are taken away.
    for (const size of [1, 2 ** 14, 2 ** -3]) {
      const work = voxel(2 ** 15, (k) => (k % 16 < 8 ? size : -size), 3);
      expect([...((await convolve(work, 'f16', products)).data as Float32Array)]).toEqual(Array(8).fill(3));
    }
  });

  it('are added up in 16 bits, eight to a sum', async ({ skip }) => {
    if (!engine().caps.f16) skip(`${engine().caps.adapter} has no shader-f16`);
    // Beside 2048 ones are lost, those of the other sums are not.
    const { data } = await convolve(
      voxel(1, (k) => (k === 0 ? 2048 : 1), -2048),
      'f16',
      products,
    );
    expect([...(data as Float32Array)]).toEqual(Array(8).fill(24));
  });

  it('keep the digits of small weights', async ({ skip }) => {
    if (!engine().caps.f16) skip(`${engine().caps.adapter} has no shader-f16`);
    const weight = (k: number) => 2 ** -22 * (1 + k / 37);
    const sum = Array.from({ length: 32 }, (_, k) => weight(k)).reduce((all, w) => all + w, 0);
    const { data } = await convolve(voxel(1000, weight, 0), 'f16', products);
    expect(relativeError(data, Array(8).fill(1000 * sum))).toBeLessThan(FLOAT16);
  });

  it('have weights whose sums are at most a half', () => {
    const shape = [3, 20, 1, 1, 2];
    const data = hashVolume('scaled', shape).map((v, k) => v * [1e-6, 1, 1e5][Math.floor(k / 40)]!);
    const plain = packFilter(filterFor({ shape, data }, [1, 2, 3]), 'f32');
    const scaled = packFilter(filterFor({ shape, data }, [1, 2, 3]), 'f32', 'f16');
    expect([...scaled.bias.subarray(0, 8)]).toEqual([...plain.bias]);
    const factors = [...scaled.bias.subarray(8, 11)];
    for (const [co, factor] of factors.entries()) {
      expect(Number.isInteger(Math.log2(factor))).toBe(true);
      const sums = [0, 0, 0, 0, 0, 0];
      for (let tap = 0; tap < 2; tap++)
        for (let ci = 0; ci < 20; ci++) {
          const at = tap * 384 + (ci >> 3) * 128 + (ci & 7) * 4 + co;
          expect(scaled.weights[at]! * factor).toBe(plain.weights[at]);
          sums[3 * tap + (ci >> 3)]! += Math.abs(scaled.weights[at]!);
        }
      expect(Math.max(...sums)).toBeLessThanOrEqual(0.5);
      expect(Math.max(...sums)).toBeGreaterThan(0.25);
    }
  });
});

describe('parts', () => {
  const shape = (size: Vec3, channels: number, images = 1) => ({ images, channels, size });

  it('are as many as fill the adapter, whatever the batch', () => {
    const inputs = { channels: 512 };
    expect(partsOf(inputs, shape([2, 2, 2], 512), 256)).toEqual({ count: 16, octets: 4 });
    expect(partsOf(inputs, shape([2, 2, 2], 512, 9), 256)).toEqual({ count: 16, octets: 4 });
    expect(partsOf(inputs, shape([4, 4, 4], 512), 256)).toEqual({ count: 8, octets: 8 });
    expect(partsOf(inputs, shape([8, 8, 8], 512), 256)).toEqual({ count: 1, octets: 64 });
    expect(partsOf(inputs, shape([2, 2, 2], 512), 0)).toEqual({ count: 1, octets: 64 });
    // Whole rounds of two octets.
    expect(partsOf({ channels: 136 }, shape([2, 2, 2], 64), 256)).toEqual({ count: 3, octets: 6 });
  });

  it('give a volume the same values in a batch', async () => {
    const method = { ...methods.tiled, fill: 256 };
    const both = made([2, 72, 3, 3, 3], 40, 3);
    const half = (t: Tensor, k: number): Tensor => ({
      shape: [1, ...t.shape.slice(1)],
      data: Array.prototype.slice.call(t.data, (k * t.data.length) / 2, ((k + 1) * t.data.length) / 2),
    });
    const { data } = await convolve(both, 'f32', method);
    for (const k of [0, 1]) {
      const one = { ...both, input: half(both.input, k), residual: half(both.residual!, k) };
      const found = await convolve(one, 'f32', method);
      expect([...(found.data as Float32Array)]).toEqual(half({ shape: [2], data }, k).data);
    }
  });
});

describeShared('parts against recorded outputs', () => {
  const cases = recordedCases<RecordedConvolution>('ops/conv3d');
  /**
   * The same convolution with its inputs `repeats` times, each time with another share of the weights: so that there are
   * enough for several parts, and roundings are not the same each time.
   */
  const repeated = (c: RecordedConvolution, repeats: number): Work => {
    const [images, channels, ...size] = c.input_shape as [number, number, number, number, number];
    const [outputs, , ...extent] = c.weight_shape as [number, number, number, number, number];
    const shares = hashVolume('shares', [repeats]).map((v) => v + 3);
    const whole = shares.reduce((sum, v) => sum + v, 0);
    const copies = (data: readonly number[], outer: number, factor: (copy: number) => number) => {
      const length = data.length / outer;
      return Array.from({ length: outer * repeats }, (_, k) => {
        const start = Math.floor(k / repeats) * length;
        return data.slice(start, start + length).map((v) => v * factor(k % repeats));
      }).flat();
    };
    return {
      input: { shape: [images, repeats * channels, ...size], data: copies(c.input, images, () => 1) },
      weights: {
        shape: [outputs, repeats * channels, ...extent],
        data: copies(c.weight, outputs, (copy) => shares[copy]! / whole),
      },
      bias: c.bias,
      geometry: c,
    };
  };
  /** Roundings of a sum of so many terms one after another, as a random walk. */
  const walk = (terms: number) => 2 ** -24 * Math.sqrt(terms);

  it.for(cases.flatMap((c) => numbers.map((n) => ({ ...n, case: c.name, c }))))(
    '$case in $name',
    async ({ c, storage, products }, { skip }) => {
      if (storage === 'f16' && !engine().caps.f16) skip(`${engine().caps.adapter} has no shader-f16`);
      const work = repeated(c, Math.ceil(64 / c.input_shape[1]!));
      const channels = work.input.shape[1]!;
      const terms = channels * c.weight_shape.slice(2).reduce((all, n) => all * n, 1);
      expect(partsOf({ channels }, { images: 1, channels: 1, size: [1, 1, 1] }, 256).count).toBeGreaterThan(1);
      const { data } = await convolve(work, storage, { ...methods.tiled, products, fill: 4096 });
      const rounding = storage === 'f32' ? Math.max(FLOAT32, walk(terms)) : FLOAT16;
      expect(relativeError(data, c.output)).toBeLessThan(rounding);
    },
  );
});

describe('the choice of tiles', () => {
  it('is the fastest of each class, and the default one unless another is clearly faster', async () => {
    const times: Readonly<Record<string, number>> = {
      'wide 128x64/8x8': 0.9,
      'wide 64x32/8x4': 0.8,
      'middle 32x32/4x4': 0.98,
      'small 64x64/4x4': 2,
    };
    const time = async (name: string, tile: string) => times[`${name} ${tile}`] ?? 1;
    const found = { wide: '64x32/8x4', middle: '64x64/8x8', small: '64x64/8x8' };
    expect(await chooseTiles(time, Number.POSITIVE_INFINITY)).toEqual(found);
    // Without time to try others.
    expect(await chooseTiles(time, -1)).toEqual({ ...found, wide: '64x64/8x8' });
  });

  it('is measured once per engine and storage, and leaves nothing on the GPU', async () => {
    const tiny = { size: 2, channels: 16 };
    const layers = { wide: tiny, middle: tiny, small: tiny };
    const { bytes } = engine().stats().resident;
    const { used } = engine().stats().pool;
    const method = await measuredMethod(engine(), 'f32', methods.gpu, layers);
    expect(Object.keys(method.tiles!)).toEqual(layerClasses);
    for (const tile of Object.values(method.tiles!)) expect(Object.values(tiles)).toContain(tile);
    const { submits } = engine().stats();
    expect(await measuredMethod(engine(), 'f32', methods.gpu, layers)).toBe(method);
    expect(engine().stats().submits).toBe(submits);
    expect(engine().stats().resident.bytes).toBe(bytes);
    expect(engine().stats().pool.used).toBe(used);
  });

  it('is waited for by GPUs that the table does not know alone', async () => {
    const { submits } = engine().stats();
    if (engine().caps.software) {
      expect(await methodOn(engine(), 'f32')).toEqual(methodFor(engine().caps));
      expect(engine().stats().submits).toBe(submits);
    }
    expect((await methodOn(engine(), 'f32', methods.gpu)).tiles).toBeDefined();
    expect(await methodOn(engine(), 'f32', methods.tiled)).toBe(methods.tiled);
  });

  it('comes from the table where the adapter is in it', () => {
    const caps = (some: Partial<Caps>) => ({ ...engine().caps, subgroups: false, ...some }) as Caps;
    for (const row of tileTable) {
      const name = row.adapter.source;
      for (const [storage, choice] of Object.entries(row.tiles)) {
        const method = methodFor(caps({ adapter: name, driver: '', software: true }), storage as Storage);
        expect(method).toEqual({ ...methods.tiled, products: row.products, fill: row.fill, tiles: tilesOf(choice) });
      }
    }
    const gpu = methodFor(caps({ adapter: 'unheard-of', driver: '', software: false }));
    expect(gpu).toEqual(methods.gpu);
    const software = methodFor(caps({ adapter: 'unheard-of', driver: '', software: true }));
    expect(software).toEqual(methods.tiled);
  });

  it('goes by the voxels of all images', () => {
    expect([1, 64, 512, 4096, 262144].map(classOf)).toEqual(['small', 'small', 'middle', 'wide', 'wide']);
  });

  it('takes the tile of the class', async () => {
    const names: readonly TileName[] = ['128x64/8x8', '64x32/8x4', '32x32/4x4'];
    const choice = { wide: names[0]!, middle: names[1]!, small: names[2]! };
    const method = { ...methods.tiled, tiles: tilesOf(choice) };
    for (const [k, size] of [16, 8, 2].entries()) {
      const rec = new Recording('test/tiles');
      const input = uploadTensor(
        rec,
        { shape: [1, 8, size, size, size], data: new Float32Array(8 * size ** 3) },
        'f32',
      );
      const weights = { shape: [8, 8, 1, 1, 1], data: new Float32Array(64) };
      const geometry = { stride: cube(1), padding: cube(0), dilation: cube(1) };
      const filter = { ...uploadFilter(rec, filterFor(weights, null), 'f32'), ...windowFor(weights, geometry) };
      const into = bufferFor(rec, 1, 8, cube(size) as Vec3, 'f32');
      recordConvolution(rec, input, filter, into, { storage: 'f32', method, relu: false });
      expect((rec.commands[0] as unknown as { kernel: { name: string } }).kernel.name).toBe(`nn/conv:${names[k]}`);
    }
  });
});
