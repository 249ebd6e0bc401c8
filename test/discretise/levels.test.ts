import { describe, expect, it } from 'vitest';
import { binEdges, levelOf } from '../../src/pipeline/discretise/edges.ts';
import { edgeKeys, levelCount, recordLevels } from '../../src/pipeline/discretise/levels.ts';
import { recordRank } from '../../src/pipeline/discretise/rank.ts';
import { uploadRegions } from '../../src/pipeline/discretise/regions.ts';
import type { Vec3, VoxelArray } from '../../src/pipeline/volume.ts';
import { digitize } from '../reference/discretise/levels.ts';
import { ranges } from '../reference/roi/roi.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, random, randomLabels, voxelCount } from '../support/random.ts';
import { readCells, recordRegions } from '../support/region.ts';

/** Bin edges, keys and the region table of every label of a volume. */
function binning(labels: Uint8Array, values: VoxelArray, size: Vec3, binWidth: number) {
  const found = ranges({ labels, size }, values);
  return Array.from({ length: labels.reduce((a, b) => Math.max(a, b), 1) }, (_, r) => {
    const range = found.get(r + 1);
    if (!range) return { edges: new Float64Array(0), rows: 0 };
    const edges = binEdges(range.minimum, range.maximum, {
      binWidth,
      binCount: null,
      float32: values instanceof Float32Array,
    });
    return { edges, rows: levelCount(edges, levelOf(edges, range.maximum), range.nans) };
  });
}

function record(labels: Uint8Array, values: VoxelArray, size: Vec3, binWidth: number) {
  const test = recordRegions(labels, values, size);
  const bins = binning(labels, values, size, binWidth);
  const keys = bins.map((b) => edgeKeys(test.image.kind, b.edges));
  let edge_first = 0;
  let row_first = 0;
  const rows = bins.map((b, r) => {
    const row = {
      edge_first,
      edge_count: (keys[r] as Uint32Array).length / test.image.words,
      row_first,
      rows: b.rows,
      glcm_first: 0,
      value_first: 0,
      value_low: 0,
    };
    edge_first += row.edge_count;
    row_first += b.rows;
    return row;
  });
  const regions = uploadRegions(test.rec, rows);
  const histogram = recordLevels(
    test.rec,
    test.cells,
    test.image,
    regions,
    Uint32Array.from(keys.flatMap((k) => [...k])),
    row_first,
  );
  return { ...test, bins, regions, rows, histogram };
}

const noise = (n: number, scale: number) => {
  const next = random(5);
  return Array.from({ length: n }, () => (next() - 0.5) * scale);
};

describe('discretise/levels', () => {
  const engine = useEngine();
  const cases = [
    ...awkwardSizes.map((size) => ({
      name: `int16 ${size.join(' x ')}`,
      size,
      binWidth: 25,
      make: (n: number) => Int16Array.from(noise(n, 4000)),
    })),
    // Every second value lies on an edge: 0.1, 0.2 … as float64 and float32 see them.
    {
      name: 'float64 on the edges of binWidth 0.1',
      size: [20, 20, 5] as Vec3,
      binWidth: 0.1,
      make: (n: number) => Float64Array.from(noise(n, 8), (v, i) => (i % 2 ? Math.round(v * 10) / 10 : v)),
    },
    {
      name: 'float32 on the edges of binWidth 0.1',
      size: [20, 20, 5] as Vec3,
      binWidth: 0.1,
      make: (n: number) => Float32Array.from(noise(n, 8), (v, i) => (i % 2 ? Math.round(v * 10) / 10 : v)),
    },
    {
      name: 'float64 within one f32 step of an edge',
      size: [20, 20, 5] as Vec3,
      binWidth: 0.25,
      make: (n: number) => Float64Array.from(noise(n, 1e-9), (v, i) => (i % 8) * 0.25 + v),
    },
    {
      name: 'float32 with NaN',
      size: [20, 20, 5] as Vec3,
      binWidth: 1,
      make: (n: number) => Float32Array.from(noise(n, 8), (v, i) => (i % 11 === 5 ? Number.NaN : v)),
    },
    {
      name: 'int32 beyond 2^24',
      size: [20, 20, 5] as Vec3,
      binWidth: 1,
      make: (n: number) => Int32Array.from(noise(n, 500), (v) => v + 2 ** 30),
    },
    {
      name: 'uint32 near the top',
      size: [20, 20, 5] as Vec3,
      binWidth: 10,
      make: (n: number) => Uint32Array.from(noise(n, 500), (v) => 2 ** 32 - 300 + v),
    },
  ];
  it.each(cases)('$name equals the float64 twin', async ({ size, binWidth, make }) => {
    const n = voxelCount(size);
    const labels = Uint8Array.from([1, ...randomLabels(size, 2, 0.7, 9).subarray(1)]);
    const values = make(n);
    const { rec, cells, bins, histogram, rows } = record(labels, values, size, binWidth);
    const download = rec.download(histogram);
    const found = await readCells(engine(), rec, cells, cells.cells);
    bins.forEach(({ edges }, r) => {
      const expected = digitize(values, (i) => labels[i] === r + 1, edges);
      labels.forEach((label, i) => {
        if (label === r + 1) expect((found[i] as number) & 0xffff).toBe(expected[i]);
      });
    });
    expect(download.ref.bytes).toBeGreaterThanOrEqual(4 * rows.reduce((s, row) => s + row.rows, 0));
  });
});

describe('discretise/rank', () => {
  const engine = useEngine();
  it('numbers the levels that occur', async () => {
    const size: Vec3 = [9, 8, 7];
    const labels = randomLabels(size, 1, 0.9, 2);
    const values = Float32Array.from(noise(voxelCount(size), 1000));
    const { rec, cells, bins, regions } = record(labels, values, size, 0.5);
    const levels = digitize(values, (i) => labels[i] === 1, bins[0]!.edges);
    const present = [...new Set(levels)].filter((l) => l > 0).sort((a, b) => a - b);
    const ranks = new Uint32Array(bins[0]!.rows);
    present.forEach((level, k) => {
      ranks[level - 1] = k + 1;
    });
    recordRank(rec, cells, regions, ranks);
    const found = await readCells(engine(), rec, cells, cells.cells);
    expect(Array.from(found, (c) => c & 0xffff)).toEqual(Array.from(levels, (l) => (l ? present.indexOf(l) + 1 : 0)));
  });
});
