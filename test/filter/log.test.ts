import { describe, expect, it } from 'vitest';
import { type Engine, Recording } from '../../src/engine/index.ts';
import { type Box, boxSize } from '../../src/pipeline/box.ts';
import { buffersOf, downloadVolume, toDevice, volumeOf } from '../../src/pipeline/device-volume.ts';
import { reach, recursiveGaussian } from '../../src/pipeline/filter/deriche.ts';
import { type LogSettings, recordLog } from '../../src/pipeline/filter/log.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { filterLine, laplacian } from '../reference/filter/log.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { random, voxelCount } from '../support/random.ts';

/** One bit of a float32, of the largest value: rounding of 48 and of 53 bits may fall on either side of a tie. */
const LAST_BIT = 2 ** -23;
/** How many voxels may differ by it: a tie between the passes that falls on the other side shows in what lies around it. */
const SHARE = 2e-2;
/** How well two damped oscillations fit a Gaussian of 4 samples, whose top is at 0.1. */
const FIT = 3e-4;

const noise = (size: Vec3, seed: number, spacing: Vec3 = [1, 1, 1]): Volume => {
  const next = random(seed);
  return {
    ...imageOf(
      Int16Array.from({ length: voxelCount(size) }, () => Math.floor(2000 * next()) - 500),
      size,
    ),
    spacing,
  };
};
const doubles = (size: Vec3, seed: number, spacing: Vec3): Volume => {
  const next = random(seed);
  return {
    ...imageOf(
      Float64Array.from({ length: voxelCount(size) }, () => 100 * next()),
      size,
    ),
    spacing,
  };
};

async function filtered(engine: Engine, volume: Volume, settings: LogSettings, box: Box | null = null) {
  const image = await toDevice(engine, volume, { exact: true });
  const rec = new Recording('test');
  const { images, notes } = recordLog(rec, image, settings, box);
  const downloads = images.map((i) => downloadVolume(rec, i.image));
  const results = images.length ? await engine.execute(rec) : null;
  engine.release(...buffersOf(image), ...images.flatMap((i) => buffersOf(i.image)));
  return { notes, images: images.map((i, k) => [i.name, volumeOf(results!, downloads[k]!, i.image)] as const) };
}

/** Number of voxels that are not the expected float32; none may be off by more than the last bit. */
function different(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  let count = 0;
  let largest = 0;
  for (let i = 0; i < found.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  for (let i = 0; i < found.length; i++) {
    if (found[i] === expected[i]) continue;
    count++;
    expect(Math.abs(found[i]! - expected[i]!), `voxel ${i}`).toBeLessThanOrEqual(LAST_BIT * largest);
  }
  return count;
}

function crop({ data, size }: Volume, box: Box): number[] {
  const values: number[] = [];
  for (let z = box.first[2]; z <= box.last[2]; z++)
    for (let y = box.first[1]; y <= box.last[1]; y++)
      for (let x = box.first[0]; x <= box.last[0]; x++) values.push(data[x + size[0] * (y + size[1] * z)]!);
  return values;
}

describe('the recursive Gaussian', () => {
  const line = (f: (i: number) => number) => Array.from({ length: 401 }, (_, i) => f(i));
  it.each([0.6, 1, 2.56, 7])('of %f samples keeps constants and measures curvature', (sigma) => {
    for (const v of filterLine(
      line(() => 3),
      recursiveGaussian(sigma, 0),
    ))
      expect(v).toBeCloseTo(3, 12);
    for (const v of filterLine(
      line(() => 3),
      recursiveGaussian(sigma, 2),
    ))
      expect(v).toBeCloseTo(0, 12);
    const parabola = filterLine(
      line((i) => (i - 200) ** 2 / 2),
      recursiveGaussian(sigma, 2, 5),
    );
    expect(parabola[200]).toBeCloseTo(5, 9);
  });

  it('is a Gaussian but for the approximation', () => {
    const impulse = filterLine(
      line((i) => Number(i === 200)),
      recursiveGaussian(4, 0),
    );
    impulse.forEach((v, i) => {
      expect(Math.abs(v - Math.exp(-((i - 200) ** 2) / 32) / (4 * Math.sqrt(2 * Math.PI)))).toBeLessThan(FIT);
    });
  });

  it('reaches as far as it says', () => {
    for (const sigma of [0.5, 1, 3, 8]) {
      for (const order of [0, 2] as const) {
        const filter = recursiveGaussian(sigma, order);
        const far = reach(filter, 2 ** -20);
        expect(far).toBeGreaterThan(2 * sigma);
        // A step out of reach, against a line without it.
        const step = (at: number) =>
          filterLine(
            line((i) => Number(i < at)),
            filter,
          )[200]!;
        const gain =
          2 *
          filterLine([...Array(201).fill(0), 1, ...Array(199).fill(0)], filter).reduce((a, v) => a + Math.abs(v), 0);
        expect(Math.abs(step(201 - far))).toBeLessThanOrEqual(2 ** -20 * gain);
        expect(Math.abs(step(201 - Math.ceil(far / 2)))).toBeGreaterThan(2 ** -20 * gain);
      }
    }
  });
});

describe('filter/recursive', () => {
  const engine = useEngine();
  const sizes: [Vec3, Vec3][] = [
    [
      [4, 4, 4],
      [1, 1, 1],
    ],
    [
      [7, 5, 13],
      [0.7, 1.3, 2.1],
    ],
    [
      [65, 6, 5],
      [0.664062, 0.664062, 2.1],
    ],
    [
      [5, 64, 9],
      [1, 0.5, 3],
    ],
    [
      [6, 4, 65],
      [2, 2, 0.8],
    ],
    [
      [33, 31, 17],
      [0.78125, 0.78125, 3.5],
    ],
  ];

  it.each(sizes)('%j of %j mm', async (size, spacing) => {
    for (const volume of [noise(size, 3, spacing), doubles(size, 4, spacing)]) {
      const { images, notes } = await filtered(engine(), volume, { sigma: [1.5, 2] });
      expect(notes).toEqual([]);
      expect(images.map(([name]) => name)).toEqual(['log-sigma-1-5-mm-3D', 'log-sigma-2-0-mm-3D']);
      [1.5, 2].forEach((sigma, k) => {
        const { data } = images[k]![1];
        expect(data).toBeInstanceOf(Float32Array);
        expect(different(data, laplacian(volume, sigma))).toBeLessThanOrEqual(SHARE * data.length);
      });
    }
  });

  it('filters an image of two dimensions in two', async () => {
    const flat: Volume = { ...noise([21, 18, 1], 9), dimension: 2 };
    const { images } = await filtered(engine(), flat, { sigma: [1] });
    expect(different(images[0]![1].data, laplacian(flat, 1))).toBeLessThanOrEqual(SHARE * flat.data.length);
  });

  it('makes in a box what it makes in the whole image', async () => {
    const volume = noise([90, 70, 30], 5, [1, 1.25, 3]);
    const boxes: Box[] = [
      { first: [40, 30, 14], last: [47, 38, 17] },
      { first: [0, 0, 0], last: [10, 3, 0] },
      { first: [80, 69, 29], last: [89, 69, 29] },
    ];
    const sigma = [1, 1.7];
    const whole = await filtered(engine(), volume, { sigma });
    for (const box of boxes) {
      const part = await filtered(engine(), volume, { sigma }, box);
      expect(part.images.map(([name]) => name)).toEqual(whole.images.map(([name]) => name));
      part.images.forEach(([, image], k) => {
        expect(image.size).toEqual(boxSize(box));
        expect(image.origin).toEqual([0, 1, 2].map((i) => box.first[i]! * volume.spacing[i]!));
        expect(different(image.data, crop(whole.images[k]![1], box))).toBeLessThanOrEqual(SHARE * image.data.length);
      });
    }
  });

  it('names and leaves out images as PyRadiomics does', async () => {
    const small = await filtered(engine(), noise([9, 9, 3], 1), { sigma: [1] });
    expect(small.images).toEqual([]);
    expect(small.notes[0]).toContain('expected at least 4 voxels along every axis, found 9 x 9 x 3');
    const { images, notes } = await filtered(engine(), noise([9, 8, 5], 1, [1, 1, 2]), {
      sigma: [0, 7, '2', 7.5, 8, -1, 0.25],
    });
    expect(images.map(([name]) => name)).toEqual(['log-sigma-7-0-mm-3D', 'log-sigma-2-mm-3D', 'log-sigma-0-25-mm-3D']);
    expect(notes).toHaveLength(4);
    expect(notes[1]).toContain('LoG of 7.5 mm: expected at least 9 x 9 x 5 voxels, found 9 x 8 x 5');
    expect((await filtered(engine(), noise([9, 8, 5], 1), {})).images).toEqual([]);
  });
});
