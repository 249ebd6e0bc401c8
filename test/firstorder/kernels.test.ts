import { describe, expect, it } from 'vitest';
import { decodeValues, planValues, readValues } from '../../src/pipeline/firstorder/values.ts';
import { recordExtent, decodeExtent } from '../../src/pipeline/roi/extent.ts';
import { recordRange, decodeRange } from '../../src/pipeline/roi/range.ts';
import type { Vec3, VoxelArray } from '../../src/pipeline/volume.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, random, randomLabels, voxelCount } from '../support/random.ts';
import { recordRegions } from '../support/region.ts';

const next = random(21);
const make: Record<string, (n: number) => VoxelArray> = {
  int16: (n) => Int16Array.from({ length: n }, () => next() * 300 - 150),
  'int32 too wide for a histogram': (n) => Int32Array.from({ length: n }, () => next() * 2 ** 31),
  float32: (n) => Float32Array.from({ length: n }, () => next() * 7 - 3),
  'float32 with NaN': (n) => Float32Array.from({ length: n }, (_, i) => (i % 5 === 2 ? Number.NaN : next())),
  float64: (n) => Float64Array.from({ length: n }, () => 1 + next() * 1e-10),
};
const sizes: Vec3[] = [...awkwardSizes, [30, 20, 10]];
const cases = Object.keys(make).flatMap((type) =>
  sizes.map((size) => ({ type, size, name: `${type}, ${size.join(' x ')}` })),
);

describe('firstorder kernels', () => {
  const engine = useEngine();

  it.each(cases)('values of $name are those of the regions', async ({ type, size }) => {
    const labels = Uint8Array.from([1, ...randomLabels(size, 2, 0.8, 3).subarray(1)]);
    const values = make[type]!(voxelCount(size));
    const { rec, cells, image, count } = recordRegions(labels, values, size);
    const [extents, ranges] = [recordExtent(rec, cells, count), recordRange(rec, cells, image, count)];
    for (const buffer of [cells.cells, cells.voxels, image.keys]) rec.keep(buffer);
    const results = await engine().execute(rec);
    const states = Array.from({ length: count }, (_, r) => ({
      extent: decodeExtent(results.u32(extents), r),
      range: decodeRange(results.u32(ranges), r, image.kind),
    }));
    const found = await readValues(engine(), cells, image, states);
    engine().release(cells.cells, cells.voxels, image.keys);
    found.forEach(({ values: distinct, counts }, r) => {
      const all = Array.from(distinct).flatMap((v, k) => new Array<number>(counts ? counts[k]! : 1).fill(v));
      const expected = Array.from(values).filter((v, i) => labels[i] === r + 1 && !Number.isNaN(v));
      expect(all).toEqual(expected.sort((a, b) => a - b));
    });
  });

  it('takes the histogram for narrow integer ranges only', () => {
    const range = { minimum: 0, maximum: 999, lowKey: 2 ** 31, nans: 0 };
    const keys = { words: 1, keys: { id: 0, name: '', bytes: 4 } } as const;
    expect(planValues({ ...keys, kind: 'int' }, [range, range], [10, 20])).toEqual({
      how: 'histogram',
      first: [0, 1000],
      size: [1000, 1000],
      total: 2000,
    });
    expect(planValues({ ...keys, kind: 'int' }, [{ ...range, maximum: 2 ** 22 }], [10]).how).toBe('gather');
    expect(planValues({ ...keys, kind: 'float32' }, [range, range], [10, 20])).toEqual({
      how: 'gather',
      first: [0, 10],
      size: [10, 20],
      total: 30,
    });
    expect(decodeValues).toBeDefined();
  });
});
