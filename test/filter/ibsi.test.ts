import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { createEngine } from '../../src/host/node/adapters.ts';
import { type Box, boxSize } from '../../src/pipeline/box.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { boundaries, indexBeyond } from '../../src/pipeline/filter/ibsi/boundary.ts';
import { type IbsiFilterSpec, ibsiFilter, recordIbsi } from '../../src/pipeline/filter/ibsi/index.ts';
import { rotated, rotations } from '../../src/pipeline/filter/ibsi/rotations.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { allTurns, gaborTwin, lawsTwin, logTwin, meanTwin, waveletTwin } from '../reference/filter/ibsi.ts';
import { rieszLogTwin, simoncelliTwin } from '../reference/filter/ibsi-spectral.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { random, voxelCount } from '../support/random.ts';

/**
 * Of the largest absolute value of the image times a filter's gain: a response is a float32 sum of up to a few thousand
 * products.
 */
const FLOAT32 = 1e-5;
/** Of the same, between two float32 results that should be one: transforms of other lengths round otherwise. */
const ROUNDING = 1e-6;

/** Not cubic, smaller than kernels, planes that are no multiple of four, a single voxel. */
const sizes: readonly Vec3[] = [
  [7, 5, 3],
  [12, 4, 6],
  [2, 3, 1],
  [1, 1, 1],
];

const peak = 1000;
const imageOfSize = (size: Vec3, seed = 1): Volume => {
  const next = random(seed);
  return imageOf(
    Float32Array.from({ length: voxelCount(size) }, () => Math.fround((2 * next() - 1) * peak)),
    size,
  );
};

type Twin = (image: Volume) => Float64Array;

/** A filter, what it is to make, and its gain: the sum of the absolute weights, 1 for those that are near. */
type Case = readonly [name: string, spec: IbsiFilterSpec, twin: Twin, gain: number];
const cases: Case[] = boundaries.flatMap((boundary): Case[] => [
  [`mean, ${boundary}`, { filter: 'mean', support: 5, boundary }, (image) => meanTwin(image, 5, 3, boundary), 1],
  [
    `mean of planes, ${boundary}`,
    { filter: 'mean', support: 3, dimensions: 2, boundary },
    (image) => meanTwin(image, 3, 2, boundary),
    1,
  ],
]);

const poolings = [undefined, 'max', 'average'] as const;
for (const [kernels, boundary] of [
  ['E5L5S5', 'mirror'],
  ['W5E3R5', 'zero'],
  ['L3S3E5', 'periodic'],
  ['E5W5', 'nearest'],
] as const) {
  const names = kernels.match(/../g)!;
  for (const pooling of poolings) {
    const spec = { filter: 'laws', kernels, boundary, ...(pooling && { pooling }) } as const;
    cases.push([`${kernels}, ${pooling}`, spec, (image) => lawsTwin(image, names, boundary, pooling), 1]);
  }
  const energetic = { filter: 'laws', kernels, boundary, pooling: 'max', energy: 2 } as const;
  cases.push([`energy of ${kernels}`, energetic, (image) => lawsTwin(image, names, boundary, 'max', 2), 1]);
}

for (const dimensions of [2, 3] as const) {
  const spec = { filter: 'log', sigma: 1.3, dimensions } as const;
  cases.push([`log, ${dimensions}D`, spec, (image) => logTwin(image, 1.3, 4, dimensions, 'mirror'), 1]);
  const short = { ...spec, sigma: 0.9, truncate: 2.5, boundary: 'zero' } as const;
  cases.push([`short log, ${dimensions}D`, short, (image) => logTwin(image, 0.9, 2.5, dimensions, 'zero'), 1]);
}

/** Daubechies 1992, table 6.1: of two vanishing moments. */
const db2 = [1 - Math.sqrt(3), 3 - Math.sqrt(3), 3 + Math.sqrt(3), 1 + Math.sqrt(3)].map((c) => c / (4 * Math.SQRT2));
const wavelets = {
  haar: { low: [Math.SQRT1_2, Math.SQRT1_2], high: [-Math.SQRT1_2, Math.SQRT1_2] },
  db2: { low: db2, high: [-db2[3]!, db2[2]!, -db2[1]!, db2[0]!] },
};
for (const [wavelet, bands, level, boundary] of [
  ['db2', 'LHL', 1, 'zero'],
  ['db2', 'HLH', 2, 'mirror'],
  ['haar', 'HHL', 3, 'periodic'],
  ['haar', 'LL', 2, 'nearest'],
  ['db2', 'HL', 2, 'mirror'],
] as const) {
  for (const pooling of poolings) {
    const spec = { filter: 'wavelet', wavelet, bands, level, boundary, ...(pooling && { pooling }) } as const;
    const twin: Twin = (image) => waveletTwin(image, wavelets[wavelet], bands, level, boundary, pooling);
    cases.push([`${wavelet} ${bands}, level ${level}, ${pooling}`, spec, twin, 1]);
  }
}

const planesOf = {
  axial: [[0, 1]],
  orthogonal: [
    [0, 1],
    [0, 2],
    [1, 2],
  ],
} as const;
for (const [shape, thetaStep, planes, boundary, pooling] of [
  [{ sigma: 1.5, lambda: 3, gamma: 1, theta: 0 }, 360, 'axial', 'zero', 'average'],
  [{ sigma: 1.5, lambda: 3, gamma: 0.6, theta: 60 }, 360, 'axial', 'mirror', 'max'],
  [{ sigma: 1.2, lambda: 2, gamma: 0.7, theta: 10 }, 45, 'orthogonal', 'mirror', 'average'],
  [{ sigma: 2, lambda: 2.5, gamma: 1.8, theta: 0 }, 60, 'orthogonal', 'periodic', 'max'],
  // An odd number of angles, none of which turns another by half a round.
  [{ sigma: 1.2, lambda: 2, gamma: 2, theta: -20 }, 72, 'axial', 'nearest', 'average'],
] as const) {
  const spec = { filter: 'gabor', ...shape, planes, boundary, pooling, ...(thetaStep < 360 && { thetaStep }) } as const;
  const twin: Twin = (image) => gaborTwin(image, shape, thetaStep, planesOf[planes], boundary, pooling);
  // The weights of a Gabor filter are not normalised: these are the integral of the Gaussian.
  const gain = (2 * Math.PI * shape.sigma ** 2) / shape.gamma;
  cases.push([`gabor by ${thetaStep} degrees, ${planes}, ${pooling}`, spec, twin, gain]);
}

for (const [level, dimensions, boundary, riesz] of [
  [1, 3, 'periodic', undefined],
  [2, 2, 'periodic', undefined],
  [1, 3, 'mirror', undefined],
  [2, 2, 'zero', undefined],
  [1, 3, 'periodic', [1, 0, 0]],
  [1, 3, 'periodic', [0, 1, 2]],
  [1, 2, 'nearest', [1, 1]],
  [3, 3, 'periodic', [2, 2, 0]],
] as const) {
  const spec = { filter: 'simoncelli', level, dimensions, boundary, ...(riesz && { riesz }) } as const;
  const twin: Twin = (image) => simoncelliTwin(image, level, { dimensions, boundary, riesz: riesz ?? [] });
  cases.push([`simoncelli ${level}, ${dimensions}D, ${boundary}, riesz ${riesz?.join() ?? 'none'}`, spec, twin, 1]);
}
for (const [dimensions, boundary, riesz] of [
  [3, 'zero', [0, 0, 1]],
  [3, 'periodic', [0, 2, 0]],
  [2, 'mirror', [1, 2]],
] as const) {
  const spec = { filter: 'log', sigma: 0.9, truncate: 3, dimensions, boundary, riesz } as const;
  const twin: Twin = (image) => rieszLogTwin(image, 0.9, 3, { dimensions, boundary, riesz });
  cases.push([`riesz ${riesz.join()} of log, ${boundary}`, spec, twin, 1]);
}

describe('filters of IBSI 2', () => {
  const engine = useEngine();

  it.each(cases)('%s: is the CPU twin', async (_, spec, twin, gain) => {
    for (const size of sizes) {
      const image = imageOfSize(size);
      const expected = twin(image);
      const found = await ibsiFilter(engine(), image, spec);
      expect(found.data).toBeInstanceOf(Float32Array);
      expected.forEach((value, i) => {
        expectClose(found.data[i]!, value, { abs: FLOAT32 * gain * peak, what: `voxel ${i} of ${size.join(' x ')}` });
      });
    }
  });

  it.each(cases)('%s: makes of a box what it makes of the whole image', async (_, spec, _twin, gain) => {
    const size: Vec3 = [23, 14, 13];
    const image = { ...imageOfSize(size, 7), spacing: [2, 2, 2] as Vec3 };
    const box: Box = { first: [3, 9, 0], last: [15, 13, 6] };
    const whole = await ibsiFilter(engine(), image, spec);
    const device = await toDevice(engine(), image);
    const rec = new Recording('test');
    const [made] = recordIbsi(rec, device, spec, box, engine().caps.software);
    await engine().execute(rec);
    const part = await fromDevice(engine(), made!.image);
    engine().release(...buffersOf(device), ...buffersOf(made!.image));
    expect(part.size).toEqual(boxSize(box));
    expect(part.origin).toEqual([6, 18, 0]);
    const [nx, ny] = part.size;
    part.data.forEach((value, k) => {
      const [x, y, z] = [3 + (k % nx), 9 + (Math.floor(k / nx) % ny), Math.floor(k / nx / ny)];
      const same = whole.data[x + size[0] * (y + size[1] * z)]!;
      if (spec.filter === 'gabor') expectClose(value, same, { abs: ROUNDING * gain * peak, what: `voxel ${k}` });
      else expect(value).toBe(same);
    });
  });

  it('needs voxels of equal sides for LoG and Gabor', async () => {
    const image = { ...imageOfSize([4, 4, 4]), spacing: [1, 1, 3] as Vec3 };
    await expect(ibsiFilter(engine(), image, { filter: 'log', sigma: 1 })).rejects.toThrow(
      /expected voxels of equal sides, found 1 x 1 x 3 mm/,
    );
    await ibsiFilter(engine(), image, { filter: 'log', sigma: 1, dimensions: 2 });
    const gabor = { filter: 'gabor', sigma: 1, lambda: 2 } as const;
    await expect(ibsiFilter(engine(), image, { ...gabor, planes: 'orthogonal' })).rejects.toThrow(
      /gabor: expected voxels/,
    );
    await ibsiFilter(engine(), image, gabor);
  });

  it('takes the sigma of LoG in millimetres', async () => {
    const image = imageOfSize([9, 8, 7]);
    const near = { ...image, spacing: [0.5, 0.5, 0.5] as Vec3 };
    const expected = await ibsiFilter(engine(), image, { filter: 'log', sigma: 2 });
    expect((await ibsiFilter(engine(), near, { filter: 'log', sigma: 1 })).data).toEqual(expected.data);
  });

  it('refuses an image whose frequencies the adapter cannot bind', async () => {
    const small = await createEngine({ bindingBytes: 60_000 });
    try {
      const found = ibsiFilter(small, imageOfSize([24, 24, 24]), { filter: 'simoncelli' });
      await expect(found).rejects.toMatchObject({ code: 'LimitExceeded' });
      await expect(found).rejects.toThrow(/needs \d+ bytes, more than this adapter binds at once/);
    } finally {
      small.destroy();
    }
  });

  it('rejects settings out of their range, with what was expected', async () => {
    const image = imageOfSize([4, 4, 4]);
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ filter: 'median' }, /filter: expected one of mean/],
      [{ filter: 'mean', support: 4 }, /support: expected an odd number/],
      [{ filter: 'mean', support: 5, dimensions: 4 }, /dimensions: expected one of 2, 3/],
      [{ filter: 'mean', support: 5, boundary: 'wrap' }, /boundary: expected one of zero, nearest/],
      [{ filter: 'laws', kernels: 'E5L5X5' }, /kernels: expected two or three of L3, L5.*found E5L5X5/],
      [{ filter: 'laws', kernels: 'E5' }, /kernels: expected two or three/],
      [{ filter: 'laws', kernels: 'E5L5S' }, /kernels: expected two or three/],
      [{ filter: 'laws', kernels: 'E5L5', pooling: 'min' }, /pooling: expected one of max, average/],
      [{ filter: 'laws', kernels: 'E5L5', energy: 0 }, /energy: expected a whole number of at least 1/],
      [{ filter: 'log', sigma: 0 }, /sigma: expected a number above 0/],
      [{ filter: 'log', sigma: 1, truncate: Number.NaN }, /truncate: expected a number above 0/],
      [{ filter: 'gabor', sigma: 1, lambda: 0 }, /lambda: expected a number above 0/],
      [{ filter: 'gabor', sigma: 1, lambda: 1, theta: Number.NaN }, /theta: expected an angle in degrees/],
      [{ filter: 'gabor', sigma: 1, lambda: 1, thetaStep: 50 }, /thetaStep: expected a part of 360 degrees/],
      [{ filter: 'gabor', sigma: 1, lambda: 1, thetaStep: -45 }, /thetaStep: expected a part of 360 degrees/],
      [{ filter: 'gabor', sigma: 1, lambda: 1, planes: 'sagittal' }, /planes: expected one of axial, orthogonal/],
      [{ filter: 'wavelet', wavelet: 'db2', bands: 'LXL' }, /bands: expected two or three of L and H/],
      [{ filter: 'wavelet', wavelet: 'dbx', bands: 'LHL' }, /wavelet: expected a discrete wavelet/],
      [{ filter: 'wavelet', wavelet: 'db2', bands: 'LHL', level: 0 }, /level: expected a whole number/],
      [{ filter: 'simoncelli', level: 0.5 }, /level: expected a whole number/],
      [{ filter: 'simoncelli', riesz: [1, 0] }, /riesz: expected 3 whole numbers.*found 1, 0/],
      [{ filter: 'simoncelli', riesz: [0, 0, 0] }, /with a sum of 1 to 16/],
      [{ filter: 'log', sigma: 1, dimensions: 2, riesz: [1, -1] }, /riesz: expected 2 whole numbers/],
    ];
    for (const [spec, message] of wrong)
      await expect(ibsiFilter(engine(), image, spec as IbsiFilterSpec)).rejects.toThrow(message);
  });
});

it('turns kernels by the rotations of a square and of a cube', () => {
  const line = (n: number) => ({ taps: [n, 2 * n, 4 * n], centre: 1 });
  for (const dimensions of [2, 3] as const) {
    const found = rotations(dimensions).map((rotation) =>
      rotated([line(1), line(10), line(100)], rotation).map(({ taps }) => taps),
    );
    // The value at the offset +1 of each axis tells which kernel is there, and which way round.
    const marks = (offset: readonly number[]) =>
      offset
        .map((d) => [1, 2, 4].map((factor) => factor * 10 ** (Math.abs(d) - 1)))
        .map((taps, a) => (offset[a]! < 0 ? taps.reverse() : taps));
    const expected = allTurns(dimensions).map((turn) => marks(turn([1, 2, 3])));
    const sorted = (kernels: readonly unknown[]) => kernels.map((kernel) => JSON.stringify(kernel)).sort();
    expect(sorted(found)).toEqual(sorted(expected));
    expect(new Set(sorted(found)).size).toBe(dimensions === 3 ? 24 : 4);
  }
});

it('continues images by the four rules of IBSI', () => {
  const line = (boundary: (typeof boundaries)[number]) =>
    Array.from({ length: 11 }, (_, i) => indexBeyond(i - 4, 3, boundary));
  expect(line('zero')).toEqual([-1, -1, -1, -1, 0, 1, 2, -1, -1, -1, -1]);
  expect(line('nearest')).toEqual([0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2]);
  expect(line('periodic')).toEqual([2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
  expect(line('mirror')).toEqual([2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
});
