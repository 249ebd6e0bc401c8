import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import type { Box } from '../../src/pipeline/box.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { lbp2dMethods, recordLbp2d } from '../../src/pipeline/filter/lbp2d.ts';
import type { Vec3, Volume, VoxelArray } from '../../src/pipeline/volume.ts';
import { type Lbp2dCase, lbp2d } from '../reference/filter/lbp2d.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { awkwardSizes, random, voxelCount } from '../support/random.ts';

const types = { int16: Int16Array, uint8: Uint8Array, float32: Float32Array, float64: Float64Array } as const;

interface Golden {
  readonly cases: readonly {
    readonly name: string;
    readonly type: keyof typeof types;
    readonly rows_columns: readonly [number, number];
    readonly image: readonly number[];
    readonly results: readonly (Omit<Lbp2dCase, 'across'> & { readonly values: readonly (number | null)[] })[];
  }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/filter/lbp2d.json', import.meta.url), 'utf8')) as Golden;

/** A float64 as the two float32 that the device returns it in. */
const pair = (x: number) => Math.fround(x) + Math.fround(x - Math.fround(x));

describe('LBP2D', () => {
  const engine = useEngine();

  async function filter(volume: Volume, how: Lbp2dCase, box?: Box): Promise<Volume> {
    const device = await toDevice(engine(), volume, { exact: true });
    const rec = new Recording('test');
    const settings = {
      lbp2DRadius: how.radius,
      lbp2DSamples: how.samples,
      lbp2DMethod: how.method,
      force2Ddimension: how.across,
    };
    const [made] = recordLbp2d(rec, device, settings, box);
    await engine().execute(rec);
    const found = await fromDevice(engine(), made!.image);
    engine().release(...buffersOf(device), ...buffersOf(made!.image));
    return found;
  }

  /** Exact: ties are decided by float64's rounding, which kernel and twin share. */
  const expectSame = (found: Volume, twin: VoxelArray) => {
    const expected = twin instanceof Float64Array ? twin.map((x) => (Number.isFinite(x) ? pair(x) : x)) : twin;
    expect([...found.data]).toEqual([...expected]);
  };

  it.each(golden.cases)('of scikit-image: $name', async ({ type, rows_columns: [rows, columns], image, results }) => {
    const volume = imageOf(types[type].from(image), [columns, rows, 1]);
    for (const { values, ...how } of results) {
      const expected = types[type].from(values.map((x) => x ?? Number.NaN));
      // Integers hold no NaN; the golden values are those after the cast.
      expect(lbp2d(volume, { ...how, across: 0 })).toEqual(expected);
      expectSame(await filter(volume, { ...how, across: 0 }), expected);
    }
  });

  const contents: Readonly<Record<string, (next: () => number) => VoxelArray>> = {
    'signed integers': (next) => Int16Array.from({ length: 2000 }, () => next() * 4096 - 1024),
    'few integers, where ties are common': (next) => Int8Array.from({ length: 2000 }, () => next() * 3 - 1),
    zeros: () => new Uint16Array(2000),
    'a constant': () => new Int32Array(2000).fill(-1_234_567),
    'a slope': () => Uint32Array.from({ length: 2000 }, (_, i) => i),
    float32: (next) => Float32Array.from({ length: 2000 }, () => next() * 3 - 1),
    'float32 of fifteen decades': (next) =>
      Float32Array.from({ length: 2000 }, () => next() * 10 ** (30 * next() - 15)),
    'float64 of 48 bits': (next) =>
      Float64Array.from({ length: 2000 }, () => pair(100 + Math.floor(next() * 4) * 2 ** -40)),
  };

  it.each(Object.keys(contents))('equals the CPU twin: %s', async (content) => {
    for (const size of awkwardSizes) {
      const data = contents[content]!(random(size[0] + size[2])).subarray(0, voxelCount(size)) as VoxelArray;
      const volume = imageOf(data, size);
      for (const method of lbp2dMethods) {
        for (const [samples, radius] of [
          [8, 1],
          [11, 2.3],
        ] as const) {
          for (const across of [0, 1, 2] as const) {
            const how = { samples, radius, method, across };
            expectSame(await filter(volume, how), lbp2d(volume, how));
          }
        }
      }
    }
  });

  it('treats what is no number as float64 does', async () => {
    const { POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: ninf, NaN: nan } = Number;
    for (const odd of [[nan], [inf], [ninf], [inf, 3, inf], [inf, ninf, nan]]) {
      const data = Float32Array.from({ length: 60 }, (_, i) => (i * 7) % 11);
      data.set(odd, 26);
      const volume = imageOf(data, [6, 10, 1]);
      for (const method of lbp2dMethods) {
        const how = { samples: 8, radius: 1, method, across: 0 as const };
        expectSame(await filter(volume, how), lbp2d(volume, how));
      }
    }
  });

  it('looks at neighbours outside the box', async () => {
    const size: Vec3 = [7, 5, 4];
    const volume = imageOf(
      Int16Array.from({ length: 140 }, (_, i) => (i * 37) % 11),
      size,
    );
    const how = { samples: 8, radius: 1, method: 'default', across: 0 } as const;
    const expected = lbp2d(volume, how);
    const found = await filter(volume, how, { first: [2, 0, 1], last: [6, 3, 2] });
    expect(found.size).toEqual([5, 4, 2]);
    found.data.forEach((x, k) => {
      expect(x).toBe(expected[2 + (k % 5) + 7 * ((Math.floor(k / 5) % 4) + 5 * (1 + Math.floor(k / 20)))]);
    });
  });

  it('makes float64 of an image of two dimensions, whatever the axis', async () => {
    const volume: Volume = {
      ...imageOf(
        Uint8Array.from({ length: 30 }, (_, i) => (i * 7) % 5),
        [6, 5, 1],
      ),
      dimension: 2,
    };
    const how = { samples: 8, radius: 1, method: 'var' } as const;
    const found = await filter(volume, { ...how, across: 2 });
    expectSame(found, lbp2d({ ...volume, data: Float64Array.from(volume.data) }, { ...how, across: 0 }));
  });

  it('refuses settings outside their range', async () => {
    const device = await toDevice(engine(), imageOf(Int16Array.of(1, 2)));
    for (const settings of [
      { lbp2DRadius: 0 },
      { lbp2DRadius: Number.NaN },
      { lbp2DSamples: 25 },
      { lbp2DSamples: 1.5 },
      { lbp2DMethod: 'nri_uniform' as 'var' },
    ]) {
      expect(() => recordLbp2d(new Recording('test'), device, settings)).toThrow(/expected/);
    }
    engine().release(...buffersOf(device));
  });
});
