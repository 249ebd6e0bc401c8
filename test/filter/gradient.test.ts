import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import type { Box } from '../../src/pipeline/box.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { recordGradient } from '../../src/pipeline/filter/gradient.ts';
import type { Vec3, Volume, VoxelArray } from '../../src/pipeline/volume.ts';
import { gradient } from '../reference/filter/gradient.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { awkwardSizes, random, voxelCount } from '../support/random.ts';

const spacings: readonly Vec3[] = [
  [1, 1, 1],
  [0.664062, 0.664062, 2.1],
  [1 / 3, 7, 0.01],
];

const contents: Readonly<Record<string, (next: () => number) => VoxelArray>> = {
  'signed integers': (next) => Int16Array.from({ length: 2000 }, () => next() * 4096 - 1024),
  'few integers': (next) => Uint8Array.from({ length: 2000 }, () => next() * 3),
  float32: (next) => Float32Array.from({ length: 2000 }, () => next() * 3 - 1),
  'float64 of 48 bits': (next) =>
    Float64Array.from({ length: 2000 }, () => Math.fround(next() * 100) + Math.fround(next() * 2 ** -22)),
  'a constant': () => new Int16Array(2000).fill(-7),
};

describe('Gradient', () => {
  const engine = useEngine();

  async function filter(volume: Volume, gradientUseSpacing?: boolean, box?: Box): Promise<Volume> {
    const device = await toDevice(engine(), volume, { exact: true });
    const rec = new Recording('test');
    const settings = gradientUseSpacing === undefined ? {} : { gradientUseSpacing };
    const [made] = recordGradient(rec, device, settings, box);
    await engine().execute(rec);
    const found = await fromDevice(engine(), made!.image);
    engine().release(...buffersOf(device), ...buffersOf(made!.image));
    return found;
  }

  it.each(Object.keys(contents))('is the float32 of the CPU twin: %s', async (content) => {
    for (const size of awkwardSizes) {
      for (const spacing of spacings) {
        const data = contents[content]!(random(size[0] + size[2])).subarray(0, voxelCount(size)) as VoxelArray;
        const volume = { ...imageOf(data, size), spacing };
        for (const useSpacing of [true, false]) {
          const found = await filter(volume, useSpacing);
          expect(found.data).toEqual(gradient(volume, useSpacing));
        }
      }
    }
  });

  it('takes the spacing into account unless told not to', async () => {
    const volume = { ...imageOf(Int16Array.of(0, 1, 2, 3)), spacing: [0.5, 1, 1] as Vec3 };
    expect([...(await filter(volume)).data]).toEqual([1, 2, 2, 1]);
    expect([...(await filter(volume, false)).data]).toEqual([0.5, 1, 1, 0.5]);
  });

  it('passes on what is no number as ITK does', async () => {
    const { POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: ninf, NaN: nan } = Number;
    const size: Vec3 = [5, 4, 3];
    for (const odd of [[nan], [inf], [ninf], [inf, 3, inf], [inf, 3, ninf], [inf, 3, nan]]) {
      const data = Float32Array.from({ length: 60 }, (_, i) => (i * 7) % 11);
      data.set(odd, 26);
      const volume = imageOf(data, size);
      expect((await filter(volume)).data).toEqual(gradient(volume, true));
    }
  });

  it('looks at neighbours outside the box', async () => {
    const data = Int16Array.from({ length: 7 * 5 * 4 }, (_, i) => (i * 37) % 101);
    const volume: Volume = { ...imageOf(data, [7, 5, 4]), spacing: [2, 3, 5] };
    const expected = gradient(volume, true);
    const found = await filter(volume, true, { first: [2, 0, 1], last: [6, 3, 2] });
    expect(found.origin).toEqual([4, 0, 5]);
    expect(found.size).toEqual([5, 4, 2]);
    found.data.forEach((x, k) => {
      expect(x).toBe(expected[2 + (k % 5) + 7 * ((Math.floor(k / 5) % 4) + 5 * (1 + Math.floor(k / 20)))]);
    });
  });
});
