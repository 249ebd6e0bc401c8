/** The resampling kernels against their CPU twins. */
import { describe, expect, it } from 'vitest';
import { type Engine, Recording } from '../../src/engine/index.ts';
import { downloadVolume, uploadVolume, volumeOf } from '../../src/pipeline/device-volume.ts';
import { indexToPhysical } from '../../src/pipeline/geometry.ts';
import {
  type Interpolator,
  isSameGrid,
  recordResample,
  resample,
  resampleMask,
  type ResampleOptions,
} from '../../src/pipeline/resample/index.ts';
import type { Geometry, Vec3, VoxelArray, Volume } from '../../src/pipeline/volume.ts';
import { interpolate } from '../reference/resample/interpolate.ts';
import { itkLinear } from '../reference/resample/itk-linear.ts';
import { type Votes, votes } from '../reference/resample/labels.ts';
import { useEngine } from '../support/engine.ts';
import { random, voxelCount } from '../support/random.ts';

/** Of the largest magnitude in the image: float32 keeps 6e-8 of each of up to fifty products. */
const FLOAT32 = 2e-6;
/** Of the same: positions of a rotated grid are held to 1e-7 voxel, and neighbours differ by the whole range. */
const ROTATED = 1e-5;
/** Distance from a whole number, or a half, within which float64 itself decides by its rounding. */
const TIE = 1e-6;
/** Weights nearer than this are equal. */
const EQUAL = 1e-6;

/** The grid of an image: oblique, so that no axis runs along x, y or z. */
const direction = [0.8, -0.36, 0.48, 0.6, 0.48, -0.64, 0, 0.8, 0.6];
const imageGrid = (size: Vec3): Geometry => ({
  dimension: 3,
  size,
  spacing: [0.7, 0.9, 2.3],
  origin: [-31.4, 15.9, 2.65],
  direction,
});

interface Wanted {
  readonly size: Vec3;
  /** Of the grid, in voxels of the image axis that each runs along. */
  readonly step: Vec3;
  /** Position of the first voxel in voxels of the image. */
  readonly first: Vec3;
  /** Image axis that each axis of the grid runs along; default in order. */
  readonly axes?: Vec3;
}

const columnsOf = ({ direction: d }: Geometry) => [0, 1, 2].map((c) => [d[c]!, d[3 + c]!, d[6 + c]!]);
const fromColumns = (columns: readonly (readonly number[])[]) =>
  [0, 1, 2].flatMap((r) => columns.map((column) => column[r]!));

/** A grid parallel to an image; negative steps run backwards. */
function parallel(image: Geometry, { size, step, first, axes = [0, 1, 2] }: Wanted): Geometry {
  const columns = columnsOf(image);
  return {
    dimension: 3,
    size,
    spacing: axes.map((axis, i) => Math.abs(step[i]!) * image.spacing[axis as 0 | 1 | 2]) as unknown as Vec3,
    origin: indexToPhysical(image, first),
    direction: fromColumns(axes.map((axis, i) => columns[axis]!.map((x) => Math.sign(step[i]!) * x))),
  };
}

/** A grid turned about two axes against an image. */
function turned(image: Geometry, { size, step, first }: Wanted, angle: number): Geometry {
  const [a, b, c] = columnsOf(image) as [number[], number[], number[]];
  const turn = (u: number[], v: number[], t: number) => [
    u.map((x, i) => Math.cos(t) * x + Math.sin(t) * v[i]!),
    u.map((x, i) => Math.cos(t) * v[i]! - Math.sin(t) * x),
  ];
  const [a1, b1] = turn(a, b, angle) as [number[], number[]];
  const [b2, c1] = turn(b1, c, angle / 2) as [number[], number[]];
  return { ...parallel(image, { size, step, first }), direction: fromColumns([a1, b2, c1]) };
}

/** Odd sizes, one voxel thick each way, more than a workgroup of columns, and what to resample them to. */
const wantedCases: readonly (readonly [string, Vec3, Wanted])[] = [
  ['one voxel', [1, 1, 1], { size: [3, 2, 3], step: [0.3, 0.4, 0.25], first: [-0.4, -0.2, -0.3] }],
  ['a line', [63, 1, 1], { size: [101, 1, 1], step: [0.61, 1, 1], first: [0.2, 0, 0] }],
  ['one voxel thick along x', [1, 9, 7], { size: [1, 14, 20], step: [1, 0.63, 0.34], first: [0.1, 0.1, -0.2] }],
  ['one voxel thick along y', [9, 1, 7], { size: [13, 1, 12], step: [0.7, 1, 0.52], first: [0.2, 0.3, 0.1] }],
  ['one voxel thick along z', [11, 9, 1], { size: [16, 13, 1], step: [0.68, 0.7, 1], first: [0.1, 0.2, 0] }],
  ['two and three voxels', [2, 3, 4], { size: [5, 7, 9], step: [0.37, 0.41, 0.43], first: [-0.3, -0.4, -0.2] }],
  ['shrunk, beyond all borders', [17, 12, 9], { size: [11, 9, 9], step: [1.9, 1.7, 1.3], first: [-1.7, -1.2, -0.9] }],
  [
    'grown, over a workgroup',
    [21, 17, 6],
    { size: [37, 31, 23], step: [0.57, 0.55, 0.27], first: [-0.45, -0.4, -0.45] },
  ],
  ['backwards', [13, 10, 8], { size: [20, 16, 13], step: [-0.63, -0.6, -0.59], first: [12.3, 9.2, 7.4] }],
  [
    'axes exchanged',
    [13, 10, 8],
    { size: [13, 21, 16], step: [0.61, -0.62, 0.63], first: [0.1, 0.2, 7.2], axes: [1, 2, 0] },
  ],
  ['one axis only, cut out', [16, 16, 12], { size: [9, 8, 21], step: [1, 1, 0.53], first: [3, 5, 0.2] }],
  ['one axis only, partly outside', [16, 15, 12], { size: [20, 8, 21], step: [1, 1, 0.53], first: [-2, 5, 0.2] }],
  ['a far corner', [40, 30, 26], { size: [6, 6, 6], step: [0.5, 0.5, 0.5], first: [35.3, 25.4, 21.2] }],
  ['nowhere', [6, 5, 4], { size: [4, 4, 4], step: [1.1, 1.2, 1.3], first: [9, 0, 0] }],
];

/** Moved a little, so that no position lies half way between voxels or at the edge of a stencil, where rounding decides. */
const MOVED = 0.00713;
const cases = wantedCases.map(([name, size, wanted]): readonly [string, Vec3, Wanted] => {
  const first = wanted.first.map((x, i) => (Number.isInteger(wanted.step[i]!) && Number.isInteger(x) ? x : x + MOVED));
  return [name, size, { ...wanted, first: first as unknown as Vec3 }];
});

function noise(size: Vec3, whole: boolean, seed: number): VoxelArray {
  const next = random(seed);
  const data = new Float32Array(voxelCount(size)).map(() => next() * 2000 - 700);
  return whole ? Int16Array.from(data) : data;
}

/** Resamples, and says with which kernels. */
async function run(
  engine: Engine,
  image: Volume,
  grid: Geometry,
  options: ResampleOptions,
): Promise<{ data: VoxelArray; kernels: string[] }> {
  const rec = new Recording('test');
  const device = uploadVolume(rec, image);
  const resampled = recordResample(rec, device, grid, options);
  const download = downloadVolume(rec, resampled);
  const { data } = volumeOf(await engine.execute(rec), download, resampled);
  engine.release(device.voxels, resampled.voxels);
  return { data, kernels: rec.commands.flatMap((c) => ('kernel' in c ? [c.kernel.name] : [])) };
}

const largest = (data: ArrayLike<number>) => Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Largest difference, as a share of the largest magnitude in the image. */
function difference(found: ArrayLike<number>, expected: Float64Array, image: Volume): number {
  expect(found.length).toBe(expected.length);
  return expected.reduce((most, e, i) => Math.max(most, Math.abs(e - found[i]!)), 0) / largest(image.data);
}

const OUTSIDE = -123.5;
const OUTSIDE_WHOLE = -123;
const sincs = ['Hamming', 'Cosine', 'Welch', 'Lanczos', 'Blackman'].map((w) => `sitk${w}WindowedSinc` as Interpolator);

describe('kernels of resampling', () => {
  const engine = useEngine();
  const used = new Set<string>();

  const floats: readonly (readonly [string, Interpolator, boolean])[] = [
    ['resample/linear', 'sitkLinear', false],
    ['resample/linear', 'sitkLinear', true],
    ['resample/spline', 'sitkBSpline', true],
    ['resample/axis', 'sitkBSpline', false],
    ...[...sincs, 'sitkGaussian' as const].map((name) => ['resample/axis', name, false] as const),
  ];

  for (const [kernel, interpolator, software] of floats) {
    it.each(cases)(`${kernel}, ${interpolator}${software ? ', software' : ''}: %s`, async (_name, size, wanted) => {
      const image: Volume = { ...imageGrid(size), data: noise(size, false, 11) };
      const grid = parallel(image, wanted);
      const { data, kernels } = await run(engine(), image, grid, { interpolator, defaultValue: OUTSIDE, software });
      expect(kernels.every((name) => /gather/.test(name) || name.startsWith(kernel))).toBe(true);
      for (const name of kernels) used.add(name);
      expect(difference(data, interpolate(image, grid, interpolator, OUTSIDE), image)).toBeLessThan(FLOAT32);
    });
  }

  const wholes = [
    ['resample/linear-wide', 'sitkLinear', false],
    ['resample/linear-wide', 'sitkLinear', true],
    ['resample/axis-wide', 'sitkBSpline', false],
    ['resample/axis-wide', 'sitkGaussian', false],
    ['resample/spline-wide', 'sitkBSpline', true],
  ] as const;
  it.each(cases)('whole numbers, cut off and rounded: %s', async (_name, size, wanted) => {
    for (const [kernel, interpolator, software] of wholes) {
      for (const round of [false, true]) {
        const image: Volume = { ...imageGrid(size), data: noise(size, true, 12) };
        const grid = parallel(image, wanted);
        const { data, kernels } = await run(engine(), image, grid, { interpolator, round, software });
        expect(kernels.every((name) => /gather/.test(name) || name === kernel)).toBe(true);
        for (const name of kernels) used.add(name);
        const exact = interpolate(image, grid, interpolator, 0);
        const wrong = exact.filter((e, i) => {
          const whole = Math.abs(e - Math.round(e)) < TIE;
          const half = Math.abs(e - Math.floor(e) - 0.5) < TIE;
          if (round ? half : whole) return Math.abs(e - data[i]!) > 1 + TIE;
          return data[i] !== (round ? Math.floor(e + 0.5) : Math.trunc(e));
        });
        expect(wrong.length, `${interpolator}, ${round ? 'rounded' : 'cut off'}`).toBe(0);
      }
    }
  });

  // Not moved: rational positions, at which many values are whole but for rounding.
  it.each(wantedCases)('resample/linear-wide falls to the side of ITK’s float64: %s', async (_name, size, wanted) => {
    const aligned = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    for (const [turn, spacing, shear] of [
      [direction, [0.7, 0.9, 2.3], 0],
      [aligned, [0.75, 0.9, 2], 0],
      [[0, 1, 0, 0, 0, -1, 1, 0, 0], [0.5, 0.25, 1], 0],
      // As headers in float32 are.
      [direction, [0.7, 0.9, 2.3], 1e-8],
      [aligned, [1, 1, 1], 3e-8],
    ] as const) {
      const data = noise(size, true, 21).map((v) => v >> 4);
      const image: Volume = { ...imageGrid(size), direction: turn, spacing, data };
      const straight = parallel(image, wanted);
      const grid = { ...straight, direction: straight.direction.map((d, i) => d + shear * ((i % 4) - 1)) };
      for (const software of [false, true]) {
        const { data: found, kernels } = await run(engine(), image, grid, {
          interpolator: 'sitkLinear',
          defaultValue: OUTSIDE_WHOLE,
          software,
        });
        expect(kernels.every((name) => /gather|linear-wide/.test(name))).toBe(true);
        expect(Array.from(found)).toEqual(Array.from(itkLinear(image, grid, OUTSIDE_WHOLE), (v) => Math.trunc(v) + 0));
      }
    }
  });

  it('clamps to the range of the type', async () => {
    const size: Vec3 = [12, 4, 3];
    const data = Uint8Array.from({ length: voxelCount(size) }, (_, i) => (i % 12 < 6 ? 0 : 255));
    const image: Volume = { ...imageGrid(size), data };
    const grid = parallel(image, { size: [30, 4, 3], step: [0.37, 1, 1], first: [0, 0, 0] });
    const exact = interpolate(image, grid, 'sitkBSpline', 0);
    expect([exact.some((x) => x < -1), exact.some((x) => x > 256)]).toEqual([true, true]);
    const { data: found } = await run(engine(), image, grid, { interpolator: 'sitkBSpline' });
    const wrong = exact.filter(
      (e, i) => Math.abs(e - Math.round(e)) > TIE && found[i] !== Math.min(Math.max(Math.trunc(e), 0), 255),
    );
    expect(wrong).toEqual(new Float64Array());
  });

  it.each(['sitkLinear', 'sitkBSpline'] as const)(
    'rounds floats where asked, and keeps their type: %s',
    async (interpolator) => {
      const size: Vec3 = [9, 8, 7];
      const image: Volume = { ...imageGrid(size), data: noise(size, false, 13) };
      const grid = parallel(image, { size: [13, 12, 11], step: [0.6, 0.6, 0.6], first: [0.1, 0.1, 0.1] });
      const { data } = await run(engine(), image, grid, { interpolator, round: true });
      expect(data).toBeInstanceOf(Float32Array);
      const exact = interpolate(image, grid, interpolator, 0);
      expect(
        exact.filter((e, i) => Math.abs(e - Math.floor(e) - 0.5) > 1e-3 && data[i] !== Math.floor(e + 0.5)),
      ).toEqual(new Float64Array());
    },
  );

  it.each(cases)('resample/gather picks the nearest voxel: %s', async (_name, size, wanted) => {
    const image: Volume = { ...imageGrid(size), data: noise(size, true, 14) };
    const grid = parallel(image, wanted);
    const { data, kernels } = await run(engine(), image, grid, {
      interpolator: 'sitkNearestNeighbor',
      defaultValue: -7,
    });
    for (const name of kernels) used.add(name);
    expect(Array.from(data)).toEqual(Array.from(interpolate(image, grid, 'sitkNearestNeighbor', -7)));
  });

  /** The value of most weight; several where they are equal. */
  const winners = (found: Votes): number[] => {
    const most = Math.max(...found.values());
    return [...found].filter(([, w]) => most - w < EQUAL).map(([value]) => value);
  };

  it.each(cases)('resample/label takes the label of most weight: %s', async (_name, size, wanted) => {
    const next = random(15);
    const data = Uint8Array.from({ length: voxelCount(size) }, () => Math.floor(next() * 4));
    const image: Volume = { ...imageGrid(size), data };
    const grid = parallel(image, wanted);
    const { data: found, kernels } = await run(engine(), image, grid, {
      interpolator: 'sitkLabelGaussian',
      defaultValue: 9,
    });
    for (const name of kernels) used.add(name);
    votes(image, grid, 'gaussian').forEach((v, i) => {
      expect(v === null ? [9] : winners(v)).toContain(found[i]);
    });
  });

  it.each(cases)('resample/label takes labels of at least one half: %s', async (_name, size, wanted) => {
    const next = random(16);
    const data = Uint16Array.from({ length: voxelCount(size) }, () => Math.floor(next() * 3) * 300);
    const mask = { ...imageGrid(size), data };
    const grid = parallel(mask, wanted);
    const { data: found } = await resampleMask(engine(), mask, grid, 'majority');
    expect(found).toBeInstanceOf(Uint16Array);
    votes(mask, grid, 'linear').forEach((v, i) => {
      const halves =
        v === null ? [] : [...v].filter(([value, w]) => value > 0 && w >= 0.5 - EQUAL).map(([value]) => value);
      expect(halves.length > 0 ? halves : [0]).toContain(found[i]);
    });
  });

  it('takes a label of exactly one half against the background', async () => {
    const mask = { ...imageGrid([4, 1, 1]), data: Uint8Array.of(0, 5, 0, 0) };
    const grid = parallel(mask, { size: [7, 1, 1], step: [0.5, 1, 1], first: [0, 0, 0] });
    expect(Array.from((await resampleMask(engine(), mask, grid, 'majority')).data)).toEqual([0, 5, 5, 5, 0, 0, 0]);
  });

  const rotations = cases.filter(([name]) => name !== 'nowhere');
  for (const interpolator of ['sitkNearestNeighbor', 'sitkLinear', 'sitkBSpline', 'sitkGaussian', sincs[3]!] as const) {
    it.each(rotations)(`resample/rotated, ${interpolator}: %s`, async (_name, size, wanted) => {
      const image: Volume = { ...imageGrid(size), data: noise(size, false, 17) };
      const grid = turned(image, wanted, 0.35);
      const { data, kernels } = await run(engine(), image, grid, { interpolator, defaultValue: OUTSIDE });
      expect(kernels.at(-1)).toBe('resample/rotated');
      for (const name of kernels) used.add(name);
      expect(difference(data, interpolate(image, grid, interpolator, OUTSIDE), image)).toBeLessThan(ROTATED);
    });
  }

  it('interpolates a 2D image', async () => {
    for (const software of [false, true]) {
      const flat: Geometry = {
        ...imageGrid([23, 19, 1]),
        dimension: 2,
        direction: [0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1],
      };
      const image: Volume = { ...flat, spacing: [0.7, 0.9, 1], data: noise([23, 19, 1], false, 18) };
      const grid: Geometry = { ...image, size: [31, 33, 1], spacing: [0.5, 0.5, 1] };
      for (const interpolator of ['sitkLinear', 'sitkBSpline'] as const) {
        const { data } = await run(engine(), image, grid, { interpolator, software });
        expect(difference(data, interpolate(image, grid, interpolator, 0), image)).toBeLessThan(FLOAT32);
      }
    }
  });

  it('hands back an image that is on the grid already', async () => {
    const size: Vec3 = [5, 4, 3];
    const image: Volume = { ...imageGrid(size), data: noise(size, true, 19) };
    const same = parallel(image, { size, step: [1, 1, 1], first: [0, 0, 0] });
    expect(isSameGrid(same, image)).toBe(true);
    expect((await resample(engine(), image, same)).data).toBe(image.data);
    for (const other of [
      parallel(image, { size, step: [1, 1, -1], first: [0, 0, 2] }),
      parallel(image, { size, step: [1, 1, 1], first: [0, 0, 1] }),
      parallel(image, { size: [5, 4, 2], step: [1, 1, 1], first: [0, 0, 0] }),
      parallel(image, { size, step: [1, 1.001, 1], first: [0, 0, 0] }),
    ]) {
      expect(isSameGrid(other, image)).toBe(false);
    }
  });

  it('takes tables where lines would need more than can be bound', () => {
    const kernelsOf = (nz: number, type: 'int16' | 'float32') => {
      const rec = new Recording('test');
      const image = { ...imageGrid([512, 512, nz]), voxels: rec.buffer('test.voxels', 4), tails: null, type };
      const grid = parallel(image, { size: [256, 256, nz], step: [2, 2, 1], first: [0.5, 0.5, 0] });
      recordResample(rec, image, grid, { software: true });
      return new Set(rec.commands.flatMap((c) => ('kernel' in c ? [c.kernel.name] : [])));
    };
    expect(kernelsOf(60, 'int16')).toEqual(new Set(['resample/spline-wide']));
    expect(kernelsOf(70, 'int16')).toEqual(new Set(['resample/axis-wide']));
    expect(kernelsOf(70, 'float32')).toEqual(new Set(['resample/spline']));
    expect(kernelsOf(130, 'float32')).toEqual(new Set(['resample/axis']));
  });

  it('has met every kernel', () => {
    expect([...used].sort()).toEqual([
      'resample/axis',
      'resample/axis-wide',
      'resample/gather',
      'resample/gather:ragged',
      'resample/label',
      'resample/linear',
      'resample/linear-wide',
      'resample/linear:ragged',
      'resample/rotated',
      'resample/spline',
      'resample/spline-wide',
    ]);
  });
});
