import { describe, expect, it } from 'vitest';
import { fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { correctBias, fieldVolume, n4, type N4Options } from '../../src/pipeline/n4/index.ts';
import { layOut } from '../../src/pipeline/n4/grid.ts';
import { checkOptions } from '../../src/pipeline/n4/options.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { evaluate, n4Twin, shrink } from '../reference/n4/n4.ts';
import { useEngine } from '../support/engine.ts';
import { random, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';

/** Log units after a few iterations: single stages agree to 1e-6, and small images amplify that. */
const FIELD = 2e-5;
/** Corrected intensities, relative: the field's tolerance and the rounding of exp and division. */
const CORRECTED = 3e-5;
/** Convergence values, relative to the largest. */
const CONVERGENCE = 2e-3;

/** Three tissues under a smooth field with noise; `zeros` of the voxels are 0. */
function phantom(size: Vec3, seed: number, zeros = 0): Volume {
  const next = random(seed);
  const data = Float32Array.from({ length: voxelCount(size) }, (_, i) => {
    const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    const field = Math.exp(0.3 * Math.sin((2 * x) / size[0]) - 0.2 * (y / size[1]) + (0.1 * z) / size[2]);
    const tissue = [90, 220, 400][Math.floor(x / 3 + y / 4 + z / 2) % 3] as number;
    return next() < zeros ? 0 : tissue * field * (1 + 0.1 * (next() - 0.5));
  });
  const volume = volumeOf(data, size);
  return size[2] === 1 ? { ...volume, dimension: 2 } : volume;
}

const randomMask = (image: Volume, fill: number, seed: number): Volume => {
  const next = random(seed);
  return { ...image, data: Uint8Array.from(image.data, () => (next() < fill ? 3 : 0)) };
};
const randomWeights = (image: Volume, seed: number): Volume => {
  const next = random(seed);
  return { ...image, data: Float32Array.from(image.data, () => Math.max(0, next() - 0.1)) };
};

interface Case {
  readonly name: string;
  readonly image: Volume;
  readonly options: N4Options;
}

const few = { iterations: [2, 2], tolerance: 0 } as const;
const volume = phantom([37, 29, 18], 1);
const cases: Case[] = [
  { name: 'shrink 1', image: phantom([17, 12, 9], 2), options: { ...few, shrink: 1 } },
  { name: 'shrink 2, three levels', image: volume, options: { iterations: [2, 1, 2], tolerance: 0, shrink: 2 } },
  { name: 'shrink 3', image: volume, options: { ...few, shrink: 3 } },
  { name: 'shrink 4', image: phantom([64, 65, 24], 3), options: few },
  { name: 'wide columns', image: phantom([131, 9, 8], 4), options: { ...few, shrink: 1 } },
  { name: 'a long column', image: phantom([8, 300, 8], 5), options: few },
  { name: 'zeros in the background', image: phantom([31, 30, 12], 6, 0.3), options: { ...few, shrink: 2 } },
  { name: 'mask', image: volume, options: { ...few, shrink: 2, mask: randomMask(volume, 0.4, 7) } },
  { name: 'sparse mask', image: volume, options: { ...few, shrink: 1, mask: randomMask(volume, 0.02, 8) } },
  { name: 'weights', image: volume, options: { ...few, shrink: 2, weights: randomWeights(volume, 9) } },
  {
    name: 'mask and weights',
    image: volume,
    options: { ...few, shrink: 2, mask: randomMask(volume, 0.5, 10), weights: randomWeights(volume, 11) },
  },
  { name: 'mesh', image: volume, options: { ...few, shrink: 2, mesh: [3, 5, 2] } },
  { name: 'more spans than samples', image: phantom([16, 16, 8], 12), options: { ...few, shrink: 4, mesh: [9, 7, 5] } },
  { name: '2D', image: phantom([61, 47, 1], 13), options: { ...few, shrink: 2 } },
  {
    name: '2D, mask',
    image: phantom([61, 47, 1], 14),
    options: { ...few, shrink: 1, mask: randomMask(phantom([61, 47, 1], 14), 0.6, 15) },
  },
  { name: 'histogram settings', image: volume, options: { ...few, shrink: 2, bins: 77, fwhm: 0.3, wiener: 0.1 } },
  { name: '256 bins', image: volume, options: { ...few, shrink: 2, bins: 256 } },
  { name: 'a tolerance that ends levels', image: volume, options: { shrink: 2, iterations: [9, 9], tolerance: 2e-3 } },
];

/** The same run in float64. */
function twinOf({ image, options }: Case) {
  const settings = checkOptions(image, options);
  const grid = layOut(image, settings);
  const weight = Float64Array.from(image.data, (_, i) =>
    options.mask && options.mask.data[i] === 0 ? 0 : (options.weights?.data[i] ?? 1),
  );
  const small = (data: Float64Array) => shrink({ size: image.size, data }, grid.factor, grid.offset, grid.size);
  const [px, py, pz] = grid.points[0]!;
  const points: Vec3 = [px, py, image.dimension === 2 ? 4 : pz];
  const twin = n4Twin(small(Float64Array.from(image.data)), small(weight).data, { ...settings, points });
  return { twin, field: evaluate(twin.lattice, image.size).data, inside: options.mask?.data };
}

describe('n4', () => {
  const engine = useEngine();

  it.each(cases)('$name equals the CPU twin', async (c) => {
    const { twin, field, inside } = twinOf(c);
    const found = await n4(engine(), c.image, { ...c.options, returnField: true });
    let [worst, off] = [0, 0];
    field.forEach((f, i) => {
      worst = Math.max(worst, Math.abs(Math.log(found.field!.data[i]!) - f));
      const expected = inside && inside[i] === 0 ? c.image.data[i]! : c.image.data[i]! / Math.exp(f);
      if (expected !== found.corrected.data[i]) off = Math.max(off, Math.abs(found.corrected.data[i]! / expected - 1));
    });
    expect(worst).toBeLessThan(FIELD);
    expect(off).toBeLessThan(CORRECTED);
    expect(found.report.iterations).toEqual(twin.convergence.map((l) => l.length));
    const largest = Math.max(...twin.convergence.flat());
    for (const [level, list] of twin.convergence.entries()) {
      for (const [k, value] of list.entries()) {
        expect(Math.abs(found.report.convergence[level]![k]! - value)).toBeLessThan(CONVERGENCE * largest);
      }
    }
  });

  it('gives the same bits every time', async () => {
    const options = { shrink: 2, iterations: [5, 5] };
    const [a, b] = [await n4(engine(), volume, options), await n4(engine(), volume, options)];
    expect(a.corrected.data).toEqual(b.corrected.data);
    expect(a.report).toEqual(b.report);
  });

  it('maps the corrected range inside the mask onto the original one', async () => {
    const mask = randomMask(volume, 0.5, 20);
    const { corrected } = await n4(engine(), volume, { ...few, shrink: 2, mask, rescale: true });
    const inside = (data: ArrayLike<number>) => Array.from(data).filter((_, i) => mask.data[i] !== 0);
    const range = (values: number[]) => [Math.min(...values), Math.max(...values)];
    const [low, high] = range(inside(volume.data)) as [number, number];
    const [a, b] = range(inside(corrected.data)) as [number, number];
    expect(a / low).toBeCloseTo(1, 5);
    expect(b / high).toBeCloseTo(1, 5);
    corrected.data.forEach((v, i) => {
      if (mask.data[i] === 0) expect(v).toBe(volume.data[i]);
    });
  });

  it("makes a mask by Otsu's threshold", async () => {
    const data = volume.data.map((v, i) => (i % volume.size[0] < 12 ? v * 0.02 : v)) as Float32Array;
    const image = { ...volume, data };
    const otsu = await n4(engine(), image, { ...few, shrink: 2, otsu: true });
    const threshold = Math.min(...Array.from(otsu.corrected.data).flatMap((v, i) => (v === data[i] ? [] : [data[i]!])));
    const mask = { ...image, data: Uint8Array.from(data, (v) => Number(v >= threshold)) };
    const given = await n4(engine(), image, { ...few, shrink: 2, mask });
    expect(otsu.corrected.data).toEqual(given.corrected.data);
  });

  it('returns the image where no iteration is asked for', async () => {
    const { corrected, report } = await n4(engine(), volume, { iterations: [0], shrink: 2 });
    expect(corrected.data).toEqual(volume.data);
    expect(report.iterations).toEqual([0]);
  });

  it('finds the true minimum where ITK takes the first voxel for the brightest', async () => {
    const data = Float32Array.from(volume.data);
    data[0] = 1;
    const { field } = await n4(engine(), { ...volume, data }, { shrink: 1, iterations: [3], returnField: true });
    expect(Math.min(...field!.data)).toBeGreaterThan(Math.exp(-1));
  });

  it('leaves its input alone and gives back what it took', async () => {
    const image = await toDevice(engine(), volume);
    const before = engine().stats().resident.buffers;
    const { corrected, field } = await correctBias(engine(), image, { ...few, shrink: 2 });
    const bias = await fieldVolume(engine(), field);
    expect(engine().stats().resident.buffers).toBe(before + 2);
    const [a, b, c] = [
      await fromDevice(engine(), image),
      await fromDevice(engine(), corrected),
      await fromDevice(engine(), bias),
    ];
    expect(a.data).toEqual(volume.data);
    for (const [i, v] of b.data.entries()) expect(v / (a.data[i]! / c.data[i]!)).toBeCloseTo(1, 5);
    engine().release(corrected.voxels, bias.voxels, image.voxels);
  });

  it('reports progress and stops when asked to', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const before = engine().stats().resident.buffers;
    // As many as one submit takes of this size, and two more.
    const first = engine().caps.software ? 61 : 976;
    const run = n4(engine(), phantom([64, 64, 64], 21), {
      shrink: 1,
      iterations: [first, 2],
      tolerance: 0,
      signal: stop.signal,
      onProgress: ({ done }) => {
        seen.push(done);
        stop.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(seen).toEqual([first]);
    expect(engine().stats().resident.buffers).toBe(before);
  });
});

describe('n4 refuses', () => {
  const engine = useEngine();
  const size: Vec3 = [16, 16, 16];
  const good = phantom(size, 30);
  const change = (f: (v: number, i: number) => number): Volume => ({ ...good, data: Float32Array.from(good.data, f) });
  const bad: { name: string; code: string; image: Volume; options?: N4Options }[] = [
    { name: 'thin volumes', code: 'TooThin', image: phantom([16, 16, 7], 31) },
    {
      name: 'one slice',
      code: 'TooThin',
      image: { ...phantom([16, 16, 1], 32), dimension: 3 },
      options: { shrink: 1 },
    },
    { name: 'constant images', code: 'ConstantImage', image: change(() => 7) },
    { name: 'NaN', code: 'NonFiniteImage', image: change((v, i) => (i === 77 ? Number.NaN : v)) },
    { name: 'infinity', code: 'NonFiniteImage', image: change((v, i) => (i === 78 ? Number.POSITIVE_INFINITY : v)) },
    // 546 is the first voxel of the shrunk grid, 77 and 78 lie between.
    { name: 'NaN on the shrunk grid', code: 'NonFiniteImage', image: change((v, i) => (i === 546 ? Number.NaN : v)) },
    {
      name: 'NaN where the range is wanted',
      code: 'NonFiniteImage',
      image: change((v, i) => (i === 77 ? Number.NaN : v)),
      options: { rescale: true },
    },
    {
      name: "NaN for Otsu's threshold",
      code: 'NonFiniteImage',
      image: change((v, i) => (i === 77 ? Number.NaN : v)),
      options: { otsu: true },
    },
    { name: 'empty masks', code: 'EmptyMask', image: good, options: { mask: { ...good, data: new Uint8Array(4096) } } },
    {
      name: 'masks off the shrunk grid',
      code: 'EmptyMask',
      image: good,
      options: { mask: { ...good, data: Uint8Array.from({ length: 4096 }, (_, i) => Number(i === 0)) } },
    },
    {
      name: 'masks of another size',
      code: 'GeometryMismatch',
      image: good,
      options: { mask: phantom([16, 16, 15], 33) },
    },
    { name: 'NaN weights', code: 'NonFiniteImage', image: good, options: { weights: change(() => Number.NaN) } },
    { name: 'shrink 0', code: 'BadSetting', image: good, options: { shrink: 0 } },
    { name: 'no level', code: 'BadSetting', image: good, options: { iterations: [] } },
    { name: 'half an iteration', code: 'BadSetting', image: good, options: { iterations: [1.5] } },
    { name: 'a negative tolerance', code: 'BadSetting', image: good, options: { tolerance: -1 } },
    { name: 'a mesh of two axes for a volume', code: 'BadSetting', image: good, options: { mesh: [1, 1] } },
    { name: 'mesh and distance', code: 'BadSetting', image: good, options: { mesh: [1, 1, 1], splineDistance: 9 } },
    { name: 'mask and Otsu', code: 'BadSetting', image: good, options: { otsu: true, mask: good } },
    { name: 'too many bins', code: 'BadSetting', image: good, options: { bins: 300 } },
    { name: 'a spline distance of 0', code: 'BadSetting', image: good, options: { splineDistance: 0 } },
    { name: 'too fine a lattice', code: 'TooLarge', image: good, options: { splineDistance: 0.05 } },
  ];
  it.each(bad)('$name: $code', async ({ image, options, code }) => {
    const before = engine().stats().resident.buffers;
    await expect(n4(engine(), image, options)).rejects.toMatchObject({ name: 'PipelineError', code });
    expect(engine().stats().resident.buffers).toBe(before);
  });

  it('accepts NaN outside the mask', async () => {
    const image = change((v, i) => (i === 77 ? Number.NaN : v));
    const mask = { ...good, data: Uint8Array.from(good.data, (_, i) => Number(i !== 77)) };
    const { corrected } = await n4(engine(), image, { mask, shrink: 2, iterations: [1] });
    expect(corrected.data[77]).toBeNaN();
  });
});
