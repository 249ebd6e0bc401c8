import { describe, expect, it } from 'vitest';
import { padBox } from '../../src/pipeline/box.ts';
import { findLabels } from '../../src/pipeline/roi/bounds.ts';
import { recordClip } from '../../src/pipeline/roi/clip.ts';
import { decodeExtent, recordExtent } from '../../src/pipeline/roi/extent.ts';
import { packLabels } from '../../src/pipeline/roi/labels.ts';
import { decodeRange, recordRange } from '../../src/pipeline/roi/range.ts';
import { recordResegment } from '../../src/pipeline/roi/resegment.ts';
import type { Vec3, VoxelArray } from '../../src/pipeline/volume.ts';
import { extents, ranges, resegmented } from '../reference/roi/roi.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, random, randomLabels, voxelCount } from '../support/random.ts';
import { readCells, recordRegions, volumeOf } from '../support/region.ts';

const full = (size: Vec3) => new Uint8Array(voxelCount(size)).fill(1);
const masks = awkwardSizes.flatMap((size) => [
  { name: `${size.join(' x ')} full`, size, labels: full(size) },
  {
    name: `${size.join(' x ')} with three labels`,
    size,
    labels: Uint8Array.from([...randomLabels(size, 3, 0.5, 7).subarray(1), 3]),
  },
]);
const large = {
  name: '70 x 61 x 20 with 200 labels',
  size: [70, 61, 20] as Vec3,
  labels: randomLabels([70, 61, 20], 200, 0.3, 3),
};

describe('the labels of a mask', () => {
  it('refuses more than 16 bits can number', () => {
    const data = Uint32Array.from({ length: 65_537 }, (_, i) => 100_000 + i);
    expect(() => packLabels(volumeOf(data, [65_537, 1, 1]))).toThrow(/the mask has more than 65535 different labels/);
  });

  const wide = (labels: Uint8Array, Type: typeof Uint16Array | typeof Uint32Array) =>
    new Type(Array.from(labels, (l) => (l === 0 ? 0 : l + 1000)));
  const types = [
    ['uint8', (l: Uint8Array) => l],
    ['uint16', (l: Uint8Array) => wide(l, Uint16Array)],
    ['uint32', (l: Uint8Array) => wide(l, Uint32Array)],
  ] as const;

  it.each([...masks, large].flatMap((m) => types.map(([type, convert]) => ({ ...m, type, convert }))))(
    '$name, $type equals the CPU twin',
    ({ labels, size, convert }) => {
      const data = convert(labels);
      const packed = packLabels(volumeOf(data, size));
      const found = findLabels(packed, size);
      const expected = extents({ labels: data, size });
      expect(found).toHaveLength(expected.size);
      for (const f of found) {
        const e = expected.get(packed.valueOf(f.index))!;
        expect(f).toMatchObject({ voxels: e.voxels, box: { first: e.first, last: e.last } });
      }
    },
  );

  it('finds them in an array that does not begin on a word', () => {
    const { labels, size } = large;
    const shifted = new Uint8Array(labels.length + 1);
    shifted.set(labels, 1);
    expect(findLabels(packLabels(volumeOf(shifted.subarray(1), size)), size)).toEqual(
      findLabels(packLabels(volumeOf(labels, size)), size),
    );
  });
});

describe.each([true, false])('roi/extent, subgroups %s', (subgroups) => {
  const engine = useEngine({ subgroups });
  it.each([...masks, large])('$name equals the CPU twin', async ({ labels, size }) => {
    const { rec, cells, count } = recordRegions(labels, labels, size, 2);
    const download = recordExtent(rec, cells, count);
    const sums = (await engine().execute(rec)).u32(download);
    for (const [label, e] of extents({ labels, size })) {
      expect(decodeExtent(sums, label - 1)).toEqual({
        voxels: e.voxels,
        box: { first: e.first, last: e.last },
        moments: e.moments,
      });
    }
  });
  it('carries sums beyond 32 bits', async () => {
    const size: Vec3 = [2000, 60, 2];
    const { rec, cells } = recordRegions(full(size), full(size), size);
    const download = recordExtent(rec, cells, 1);
    const expected = extents({ labels: full(size), size }).get(1)!.moments;
    expect(expected['sxx']).toBeGreaterThan(2 ** 32);
    expect(decodeExtent((await engine().execute(rec)).u32(download), 0).moments).toEqual(expected);
  });
});

describe('roi/compact', () => {
  const engine = useEngine();
  it.each([...masks, large])('$name: cells are the labels', async ({ labels, size }) => {
    const { rec, cells } = recordRegions(labels, labels, size);
    expect(Array.from(await readCells(engine(), rec, cells, cells.cells), (c) => c >>> 16)).toEqual(Array.from(labels));
  });
  it('lists every voxel once', async () => {
    const { rec, cells } = recordRegions(large.labels, large.labels, large.size);
    const list = rec.download(cells.voxels);
    const indices = (await engine().execute(rec)).u32(list);
    expect(new Set(indices).size).toBe(large.labels.filter((l) => l > 0).length);
  });
});

/** Values of every type that reaches the kernels, with their extremes. */
function valuesOf(type: string, n: number): VoxelArray {
  const next = random(11);
  const make: Record<string, () => VoxelArray> = {
    int16: () => Int16Array.from({ length: n }, () => next() * 65536 - 32768),
    uint8: () => Uint8Array.from({ length: n }, () => next() * 256),
    int32: () => Int32Array.from({ length: n }, () => next() * 2 ** 32 - 2 ** 31),
    uint32: () => Uint32Array.from({ length: n }, () => next() * 2 ** 32),
    float32: () =>
      Float32Array.from({ length: n }, (_, i) =>
        i % 9 === 4 ? Number.NaN : (next() - 0.5) * 10 ** (next() * 20 - 10),
      ),
    float64: () => Float64Array.from({ length: n }, (_, i) => (i % 7 === 3 ? Number.NaN : 1 + next() * 1e-9 - (i % 2))),
    denormal: () => Float32Array.from({ length: n }, () => (next() - 0.5) * 1e-42),
  };
  return make[type]!();
}
const types = ['int16', 'uint8', 'int32', 'uint32', 'float32', 'float64', 'denormal'];

describe('roi/range', () => {
  const engine = useEngine();
  it.each(types)('%s equals the CPU twin exactly', async (type) => {
    const { labels, size } = large;
    const values = valuesOf(type, labels.length);
    const { rec, cells, image, count } = recordRegions(labels, values, size);
    const download = recordRange(rec, cells, image, count);
    const sums = (await engine().execute(rec)).u32(download);
    for (const [label, r] of ranges({ labels, size }, values))
      expect(decodeRange(sums, label - 1, image.kind)).toMatchObject(r);
  });
});

describe('roi/resegment', () => {
  const engine = useEngine();
  const limits: Record<string, [number, number | null]> = {
    int16: [-1000.5, 20000],
    uint8: [100, 100],
    int32: [-1e9, null],
    uint32: [5e8, 3e9 + 0.5],
    float32: [-0.1, 1e3],
    float64: [1 + 3e-10, 1 + 6.000000001e-10],
    denormal: [-1e-43, 2e-43],
  };
  it.each(types)('%s keeps what the float64 comparison keeps', async (type) => {
    const { labels, size } = large;
    const values = valuesOf(type, labels.length);
    const { rec, cells, image, count } = recordRegions(labels, values, size);
    const [lower, upper] = limits[type] as [number, number | null];
    recordResegment(
      rec,
      cells,
      image,
      Array.from({ length: count }, () => ({ lower, upper })),
    );
    const found = Array.from(await readCells(engine(), rec, cells, cells.cells), (c) => c >>> 16);
    const expected = resegmented({ labels, size }, values, () => ({ lower, upper }));
    expect(found).toEqual(expected);
    expect(expected.some((l) => l > 0)).toBe(true);
  });
});

describe('roi/clip', () => {
  const engine = useEngine();
  it('keeps the voxels inside the box of their region', async () => {
    const { labels, size } = large;
    const { rec, cells, count } = recordRegions(labels, labels, size);
    recordClip(
      rec,
      cells,
      Array.from({ length: count }, () => ({ first: [3, 4, 5], last: [40, 41, 11] })),
    );
    const found = await readCells(engine(), rec, cells, cells.cells);
    const inside = padBox({ first: [3, 4, 5], last: [40, 41, 11] }, 0);
    labels.forEach((label, i) => {
      const [x, y, z] = [i % 70, Math.floor(i / 70) % 61, Math.floor(i / (70 * 61))];
      const { first, last } = inside.box;
      const kept = x >= first[0] && x <= last[0] && y >= first[1] && y <= last[1] && z >= first[2] && z <= last[2];
      expect((found[i] as number) >>> 16).toBe(kept ? label : 0);
    });
  });
});
