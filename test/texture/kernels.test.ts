import { describe, expect, it } from 'vitest';
import { type Engine, Recording } from '../../src/engine/index.ts';
import { linearStep } from '../../src/pipeline/box.ts';
import { pair } from '../../src/pipeline/roi/extent.ts';
import {
  connectivity,
  decodeZones,
  recordDistanceZones,
  recordVolumes,
  recordZoneForest,
  recordZones,
} from '../../src/pipeline/texture/components.ts';
import { type Axis, maxDistance, recordDistances } from '../../src/pipeline/texture/distance.ts';
import { recordGlcm } from '../../src/pipeline/texture/glcm.ts';
import { recordGldm } from '../../src/pipeline/texture/gldm.ts';
import { recordGlrlm } from '../../src/pipeline/texture/glrlm.ts';
import { findLines, firstOf, type RegionLines } from '../../src/pipeline/texture/lines.ts';
import type { Offset } from '../../src/pipeline/texture/matrices.ts';
import { recordNgtdm } from '../../src/pipeline/texture/ngtdm.ts';
import { offsets } from '../../src/pipeline/texture/offsets.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { components, zones } from '../reference/texture/components.ts';
import { distances, distanceZones } from '../reference/texture/distance.ts';
import { glcm } from '../reference/texture/glcm.ts';
import { gldm } from '../reference/texture/gldm.ts';
import { glrlm } from '../reference/texture/glrlm.ts';
import { lines } from '../reference/texture/lines.ts';
import { ngtdm } from '../reference/texture/ngtdm.ts';
import { useEngine } from '../support/engine.ts';
import { type RecordedLevels, randomGrid, recordGrid } from '../support/levels.ts';
import { awkwardSizes } from '../support/random.ts';
import { unpadded } from '../support/region.ts';

const NG = 5;
const middle: Vec3 = [14, 11, 9];
const cases = [
  ...awkwardSizes.map((size) => ({
    name: `${size.join(' x ')}, one region`,
    grid: randomGrid(size, 1, NG, 0.8, 4),
    distances: [1],
    force2Ddimension: null,
  })),
  { name: 'three regions', grid: randomGrid(middle, 3, NG, 0.7, 5), distances: [1], force2Ddimension: null },
  { name: 'solid region', grid: randomGrid(middle, 1, NG, 1, 9), distances: [1], force2Ddimension: null },
  { name: 'sparse region', grid: randomGrid(middle, 1, NG, 0.08, 6), distances: [1], force2Ddimension: null },
  { name: 'distances 1 and 2', grid: randomGrid(middle, 2, NG, 0.7, 7), distances: [1, 2], force2Ddimension: null },
  ...([0, 1, 2] as const).map((axis) => ({
    name: `force2D across axis ${axis}`,
    grid: randomGrid(middle, 2, NG, 0.8, 8),
    distances: [1],
    force2Ddimension: axis,
  })),
];
type Case = (typeof cases)[number];

const half = ({ force2Ddimension }: Case) => offsets([1], { bidirectional: false, force2Ddimension });
const pairs = ({ distances, force2Ddimension }: Case) => offsets(distances, { bidirectional: false, force2Ddimension });
const around = ({ distances, force2Ddimension }: Case) => offsets(distances, { bidirectional: true, force2Ddimension });
const record = (c: Case, angles = 0): RecordedLevels => recordGrid(c.grid, NG, Math.max(...c.distances), angles);
const steps = ({ cells }: RecordedLevels, list: readonly Offset[]) =>
  Int32Array.from(list, (o) => linearStep(cells.box, o));
const eachRegion = ({ count }: RecordedLevels) => Array.from({ length: count }, (_, r) => r);

/** Keeps what later recordings of a test need. */
const keepCells = ({ rec, cells, regions }: RecordedLevels) => {
  rec.keep(cells.cells);
  rec.keep(cells.voxels);
  rec.keep(regions);
};

/** The lines of a case, and the cells at which those of each angle begin, in ascending order. */
async function readLines(engine: Engine, c: Case): Promise<{ found: RegionLines; starts: number[][] }> {
  const grid = record(c);
  keepCells(grid);
  await engine.execute(grid.rec);
  const found = await findLines(engine, grid.cells, half(c), grid.count);
  const rec = new Recording('test');
  const download = rec.download(found.starts);
  const all = Array.from((await engine.execute(rec)).u32(download));
  engine.release(grid.cells.cells, grid.cells.voxels, grid.regions, found.starts);
  const first = firstOf(found.lines);
  const starts = Array.from(first, (from, a) => all.slice(from, from + found.lines[a]!).sort((x, y) => x - y));
  return { found, starts };
}

describe.each([true, false])('texture kernels, subgroups %s', (subgroups) => {
  const engine = useEngine({ subgroups });

  it.each(cases)('texture/glcm: $name equals the CPU twin', async (c) => {
    const list = pairs(c);
    const grid = record(c, list.length);
    const size = list.length * NG * NG;
    const download = grid.rec.download(
      recordGlcm(grid.rec, grid.cells, grid.regions, steps(grid, list), grid.count * size),
    );
    const counts = (await engine().execute(grid.rec)).u32(download);
    for (const r of eachRegion(grid))
      expect(Array.from(counts.subarray(r * size, (r + 1) * size))).toEqual(glcm(c.grid, r + 1, list, NG));
  });

  it.each(cases)('texture/lines: $name equals the CPU twin', async (c) => {
    const list = half(c);
    const { found, starts } = await readLines(engine(), c);
    const { box } = record(c).cells;
    const cellOf = (voxel: number) => {
      const [nx, ny] = c.grid.size;
      const row = Math.floor(voxel / nx);
      const at: Vec3 = [(voxel % nx) + box.pad, (row % ny) + box.pad, Math.floor(row / ny) + box.pad];
      return linearStep(box, at);
    };
    const regions = Array.from({ length: found.multiElement.length }, (_, r) => lines(c.grid, r + 1, list));
    list.forEach((_, angle) => {
      const expected = regions.flatMap((region) => region[angle]!.starts.map(cellOf));
      expect(starts[angle]).toEqual(expected.sort((a, b) => a - b));
    });
    regions.forEach((region, r) => {
      const bits = list.map((_, angle) => ((found.multiElement[r]! >>> angle) & 1) === 1);
      expect(bits).toEqual(region.map(({ multiElement }) => multiElement));
    });
  });

  it.each(cases)('texture/glrlm: $name equals the CPU twin', async (c) => {
    const list = half(c);
    const maxRun = Math.max(...c.grid.size);
    const grid = record(c);
    const rows = grid.count * NG;
    keepCells(grid);
    await engine().execute(grid.rec);
    const found = await findLines(engine(), grid.cells, list, grid.count);
    const rec = new Recording('test');
    const download = rec.download(recordGlrlm(rec, grid.cells, grid.regions, found, rows, maxRun));
    const counts = (await engine().execute(rec)).u32(download);
    engine().release(grid.cells.cells, grid.cells.voxels, grid.regions, found.starts);
    for (const r of eachRegion(grid)) {
      const ours = list.flatMap((_, angle) =>
        Array.from(counts.subarray((angle * rows + r * NG) * maxRun, (angle * rows + (r + 1) * NG) * maxRun)),
      );
      expect(ours).toEqual(glrlm(c.grid, r + 1, list, NG, maxRun));
    }
  });

  it.each(cases.flatMap((c) => [0, 1].map((alpha) => ({ ...c, alpha }))))(
    'texture/gldm: $name, alpha $alpha equals the CPU twin',
    async (c) => {
      const list = around(c);
      const grid = record(c);
      const size = NG * (list.length + 1);
      const download = grid.rec.download(
        recordGldm(grid.rec, grid.cells, grid.regions, steps(grid, list), grid.greyLevels, c.alpha),
      );
      const counts = (await engine().execute(grid.rec)).u32(download);
      for (const r of eachRegion(grid))
        expect(Array.from(counts.subarray(r * size, (r + 1) * size))).toEqual(gldm(c.grid, r + 1, list, NG, c.alpha));
    },
  );

  it.each(cases.flatMap((c) => [true, false].map((ranked) => ({ ...c, ranked }))))(
    'texture/ngtdm: $name, ranked $ranked equals the CPU twin',
    async (c) => {
      const list = around(c);
      const grid = record(c);
      const size = NG * list.length;
      const download = grid.rec.download(
        recordNgtdm(grid.rec, grid.cells, grid.regions, steps(grid, list), grid.greyLevels, c.ranked),
      );
      const sums = (await engine().execute(grid.rec)).u32(download);
      for (const r of eachRegion(grid)) {
        expect(Array.from({ length: size }, (_, k) => pair(sums, 2 * (r * size + k)))).toEqual(
          ngtdm(c.grid, r + 1, list, NG),
        );
      }
    },
  );

  it.each(cases)('texture/components: zones and volumes of $name equal the CPU twin', async (c) => {
    const grid = record(c);
    const how = connectivity(half(c), grid.cells.box);
    const rows = grid.count * NG;
    const forest = recordZoneForest(grid.rec, grid.cells, how);
    const zoneBuffers = recordZones(grid.rec, grid.cells, grid.regions, forest, rows);
    const [counts, large] = [grid.rec.download(zoneBuffers.counts), grid.rec.download(zoneBuffers.large)];
    const totals = grid.rec.download(recordVolumes(grid.rec, grid.cells, how, grid.count));
    const results = await engine().execute(grid.rec);
    for (const r of eachRegion(grid)) {
      const { row, size, count } = decodeZones(results.u32(counts), results.u32(large), r * NG, NG);
      expect(Array.from(row, (value, k) => [value, size[k], count[k]])).toEqual(zones(c.grid, r + 1, half(c)));
      expect(results.u32(totals)[r]).toBe(components(c.grid, r + 1, half(c), false).length);
    }
  });

  it.each(cases)('texture/distance: distances and their zones of $name equal the CPU twin', async (c) => {
    const grid = record(c);
    const { box } = grid.cells;
    const axes = ([0, 1, 2] as Axis[]).filter((axis) => c.force2Ddimension === null || axis !== 2 - c.force2Ddimension);
    const columns = maxDistance(box.size, axes);
    const before = grid.rec.download(recordDistances(grid.rec, grid.cells, axes));
    const forest = recordZoneForest(grid.rec, grid.cells, connectivity(half(c), box));
    const away = recordDistances(grid.rec, grid.cells, axes);
    const rows = grid.count * NG;
    const download = grid.rec.download(
      recordDistanceZones(grid.rec, grid.cells, grid.regions, forest, away, rows, columns),
    );
    const results = await engine().execute(grid.rec);
    const found = unpadded(results.u32(before), box);
    const counts = results.u32(download);
    for (const r of eachRegion(grid)) {
      const expected = distances(c.grid, r + 1, axes);
      const inside = expected.flatMap((d, i) => (d > 0 ? [i] : []));
      expect(inside.map((i) => found[i])).toEqual(inside.map((i) => expected[i]));
      expect(Math.max(...expected)).toBeLessThanOrEqual(columns);
      const part = counts.subarray(r * NG * columns, (r + 1) * NG * columns);
      expect(Array.from(part)).toEqual(distanceZones(c.grid, r + 1, half(c), expected, NG, columns));
    }
  });

  it('texture/components lists zones larger than the table', async () => {
    const size: Vec3 = [40, 30, 20];
    const flat = {
      size,
      regions: new Uint8Array(24000).fill(1),
      levels: Uint8Array.from({ length: 24000 }, (_, i) => (i % 40 < 20 ? 2 : 4)),
    };
    const grid = recordGrid(flat, NG, 1, 0);
    const how = connectivity(offsets([1], { bidirectional: false, force2Ddimension: null }), grid.cells.box);
    const buffers = recordZones(grid.rec, grid.cells, grid.regions, recordZoneForest(grid.rec, grid.cells, how), NG);
    const [counts, large] = [grid.rec.download(buffers.counts), grid.rec.download(buffers.large)];
    const results = await engine().execute(grid.rec);
    expect(decodeZones(results.u32(counts), results.u32(large), 0, NG)).toEqual({
      row: Uint32Array.of(1, 3),
      size: Uint32Array.of(12000, 12000),
      count: Uint32Array.of(1, 1),
    });
  });
});
