/** texture/components: connected components by union-find; grey level zones (GLSZM, GLDZM) and connected volumes. */
import source from '../../../shaders/texture/components.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { linearStep, type PaddedBox } from '../box.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { Offset } from './matrices.ts';

const file = { source, workgroup: 64 };
const list = { params: 'uniform', voxels: 'read' } as const;

export const start = defineKernel({
  ...file,
  name: 'texture/components:start',
  entryPoint: 'start',
  bindings: { ...list, cells: 'read', parents: 'read_write', sizes: 'read_write' },
});
export const link = defineKernel({
  ...file,
  name: 'texture/components:link',
  entryPoint: 'link',
  bindings: { ...list, cells: 'read', steps: 'read', parents: 'read_write' },
});
export const measure = defineKernel({
  ...file,
  name: 'texture/components:measure',
  entryPoint: 'measure',
  bindings: { ...list, cells: 'read', parents: 'read_write', sizes: 'read_write' },
});
export const nearest = defineKernel({
  ...file,
  name: 'texture/components:nearest',
  entryPoint: 'nearest',
  bindings: { ...list, cells: 'read', parents: 'read_write', sizes: 'read_write' },
});
export const tally = defineKernel({
  ...file,
  name: 'texture/components:tally',
  entryPoint: 'tally',
  bindings: {
    ...list,
    cells: 'read',
    regions: 'read',
    parents: 'read_write',
    sizes: 'read_write',
    counts: 'read_write',
    large: 'read_write',
  },
});
export const volumes = defineKernel({
  ...file,
  name: 'texture/components:volumes',
  entryPoint: 'volumes',
  bindings: { ...list, cells: 'read', parents: 'read_write', totals: 'read_write' },
});

/** Bits of a cell that must agree for two neighbours to be connected. */
const MATCH = { zones: 0xffffffff, volumes: 0xffff0000 } as const;

/** Zones of up to this many voxels are counted in a table, larger ones listed. */
const COLUMNS = 64;

/** How voxels may touch: the neighbouring rows of one half of the neighbourhood, and whether x is a direction. */
export interface Connectivity {
  /** Linear steps to the rows. */
  readonly rows: Int32Array;
  readonly alongX: boolean;
}

/** @param half one of each pair of opposite unit offsets */
export function connectivity(half: readonly Offset[], box: PaddedBox): Connectivity {
  const rows = half.filter(([x]) => x === 0);
  return {
    rows: Int32Array.from(rows, (o) => linearStep(box, o)),
    alongX: half.some(([, y, z]) => y === 0 && z === 0),
  };
}

/** The forest of one set of cells: components by the voxel at their root. */
export interface Forest {
  readonly parents: BufferRef;
  readonly sizes: BufferRef;
}

const params = (
  length: number,
  columns = 0,
  match_mask = 0,
  { rows, alongX }: Connectivity = { rows: new Int32Array(0), alongX: false },
) => ({
  length,
  rows: rows.length,
  along_x: Number(alongX),
  match_mask,
  columns,
});

/** Connects the voxels of the list that match. */
function recordForest(
  rec: Recording,
  { cells, voxels, length, box }: RegionCells,
  how: Connectivity,
  match: number,
): Forest {
  const forest = {
    parents: rec.buffer('texture/components.parents', box.cells * 4),
    sizes: rec.buffer('texture/components.sizes', box.cells * 4),
  };
  const values = params(length, 0, match, how);
  rec.dispatch(start, { params: values, voxels, cells, ...forest }, length);
  const steps = rec.upload('texture/components.steps', how.rows);
  rec.dispatch(link, { params: values, voxels, cells, steps, parents: forest.parents }, length);
  return forest;
}

export interface ZoneBuffers {
  /** By row, size - 1, for sizes up to COLUMNS. */
  readonly counts: BufferRef;
  /** Number of larger zones, then (row, size) of each. */
  readonly large: BufferRef;
}

/** Connects the voxels of each grey level zone. */
export const recordZoneForest = (rec: Recording, region: RegionCells, how: Connectivity): Forest =>
  recordForest(rec, region, how, MATCH.zones);

/** Counts the zones by size. @param rows rows of all regions */
export function recordZones(
  rec: Recording,
  region: RegionCells,
  regions: BufferRef,
  forest: Forest,
  rows: number,
): ZoneBuffers {
  const { cells, voxels, length } = region;
  rec.dispatch(measure, { params: params(length), voxels, cells, ...forest }, length);
  const counts = rec.zeros('texture/components.counts', rows * COLUMNS * 4);
  const large = rec.zeros('texture/components.large', (1 + 2 * Math.floor(length / (COLUMNS + 1))) * 4);
  rec.dispatch(tally, { params: params(length, COLUMNS), voxels, cells, regions, ...forest, counts, large }, length);
  return { counts, large };
}

/**
 * Counts the zones by the least distance of their voxels; returns counts by row, distance - 1.
 * @param distances of every cell, from `recordDistances`; overwritten
 * @param rows rows of all regions @param columns largest distance there can be
 */
export function recordDistanceZones(
  rec: Recording,
  region: RegionCells,
  regions: BufferRef,
  { parents }: Forest,
  distances: BufferRef,
  rows: number,
  columns: number,
): BufferRef {
  const { cells, voxels, length } = region;
  const forest = { parents, sizes: distances };
  rec.dispatch(nearest, { params: params(length), voxels, cells, ...forest }, length);
  const counts = rec.zeros('texture/components.distance_counts', rows * columns * 4);
  // Nothing is beyond the last column.
  const large = rec.zeros('texture/components.beyond', 4);
  rec.dispatch(tally, { params: params(length, columns), voxels, cells, regions, ...forest, counts, large }, length);
  return counts;
}

/** Counts the connected volumes of each region. @param regions their number */
export function recordVolumes(rec: Recording, region: RegionCells, how: Connectivity, regions: number): BufferRef {
  const { cells, voxels, length } = region;
  const { parents } = recordForest(rec, region, how, MATCH.volumes);
  const totals = rec.zeros('texture/components.totals', regions * 4);
  rec.dispatch(volumes, { params: params(length), voxels, cells, parents, totals }, length);
  return totals;
}

/** The zones of the rows `first` to `first + rows - 1` in sparse form, by row, then size. */
export function decodeZones(
  counts: Uint32Array,
  large: Uint32Array,
  first: number,
  rows: number,
): { row: Uint32Array; size: Uint32Array; count: Uint32Array } {
  const found: [row: number, size: number, count: number][] = [];
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < COLUMNS; c++) {
      const count = counts[(first + row) * COLUMNS + c] as number;
      if (count > 0) found.push([row, c + 1, count]);
    }
  }
  const listed = new Map<number, number>();
  for (let k = 0; k < (large[0] as number); k++) {
    const row = (large[1 + 2 * k] as number) - first;
    if (row < 0 || row >= rows) continue;
    const key = row * 2 ** 32 + (large[2 + 2 * k] as number);
    listed.set(key, (listed.get(key) ?? 0) + 1);
  }
  for (const [key, count] of listed) found.push([Math.floor(key / 2 ** 32), key % 2 ** 32, count]);
  found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const column = (k: 0 | 1 | 2) => Uint32Array.from(found, (zone) => zone[k]);
  return { row: column(0), size: column(1), count: column(2) };
}
