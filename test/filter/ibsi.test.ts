import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { type Box, boxSize } from '../../src/pipeline/box.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { boundaries, indexBeyond } from '../../src/pipeline/filter/ibsi/boundary.ts';
import { type IbsiFilterSpec, ibsiFilter, recordIbsi } from '../../src/pipeline/filter/ibsi/index.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { meanTwin } from '../reference/filter/ibsi.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { random, voxelCount } from '../support/random.ts';

/**
 * Of the largest absolute value of the image: a response is a float32 sum of up to a few thousand products of weights whose
 * absolute values add up to at most a few.
 */
const FLOAT32 = 1e-5;

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

/** Filters and what they are to make. */
const cases: readonly (readonly [name: string, spec: IbsiFilterSpec, twin: Twin])[] = boundaries.flatMap((boundary) => [
  [`mean, ${boundary}`, { filter: 'mean', support: 5, boundary }, (image) => meanTwin(image, 5, 3, boundary)] as const,
  [
    `mean of planes, ${boundary}`,
    { filter: 'mean', support: 3, dimensions: 2, boundary },
    (image) => meanTwin(image, 3, 2, boundary),
  ] as const,
]);

describe('filters of IBSI 2', () => {
  const engine = useEngine();

  it.each(cases)('%s: is the CPU twin', async (_, spec, twin) => {
    for (const size of sizes) {
      const image = imageOfSize(size);
      const expected = twin(image);
      const found = await ibsiFilter(engine(), image, spec);
      expect(found.data).toBeInstanceOf(Float32Array);
      expected.forEach((value, i) => {
        expectClose(found.data[i]!, value, { abs: FLOAT32 * peak, what: `voxel ${i} of ${size.join(' x ')}` });
      });
    }
  });

  it.each(cases)('%s: makes of a box what it makes of the whole image', async (_, spec) => {
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
      expect(value).toBe(whole.data[x + size[0] * (y + size[1] * z)]);
    });
  });

  it('rejects settings out of their range, with what was expected', async () => {
    const image = imageOfSize([4, 4, 4]);
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ filter: 'median' }, /filter: expected one of mean/],
      [{ filter: 'mean', support: 4 }, /support: expected an odd number/],
      [{ filter: 'mean', support: 5, dimensions: 4 }, /dimensions: expected one of 2, 3/],
      [{ filter: 'mean', support: 5, boundary: 'wrap' }, /boundary: expected one of zero, nearest/],
    ];
    for (const [spec, message] of wrong)
      await expect(ibsiFilter(engine(), image, spec as IbsiFilterSpec)).rejects.toThrow(message);
  });
});

it('continues images by the four rules of IBSI', () => {
  const line = (boundary: (typeof boundaries)[number]) =>
    Array.from({ length: 11 }, (_, i) => indexBeyond(i - 4, 3, boundary));
  expect(line('zero')).toEqual([-1, -1, -1, -1, 0, 1, 2, -1, -1, -1, -1]);
  expect(line('nearest')).toEqual([0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2]);
  expect(line('periodic')).toEqual([2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
  expect(line('mirror')).toEqual([2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
});
