/** A grid of grey levels on the GPU: each value is its own bin, so the level is the value. */
import type { BufferRef, Recording } from '../../src/engine/index.ts';
import { recordLevels } from '../../src/pipeline/discretise/levels.ts';
import { type RegionRow, uploadRegions } from '../../src/pipeline/discretise/regions.ts';
import { keyOf } from '../../src/pipeline/keys.ts';
import type { RegionCells } from '../../src/pipeline/roi/compact.ts';
import type { LevelGrid } from '../reference/texture/grid.ts';
import { randomLabels, random, voxelCount } from './random.ts';
import { recordRegions } from './region.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';

export interface RecordedLevels {
  readonly rec: Recording;
  readonly cells: RegionCells;
  readonly regions: BufferRef;
  /** Levels 1 .. ng of every region; rows of region r start at r * ng. */
  readonly ng: number;
  readonly count: number;
  readonly greyLevels: Uint32Array;
}

/** Regions of random levels; neighbours are alike often enough for runs and zones. */
export function randomGrid(size: Vec3, regions: number, ng: number, fill: number, seed: number): LevelGrid {
  const next = random(seed + 1);
  let level = 1;
  const levels = Uint8Array.from({ length: voxelCount(size) }, () => {
    if (next() < 0.6) level = 1 + Math.floor(next() * ng);
    return level;
  });
  return { size, regions: Uint8Array.from([...randomLabels(size, regions, fill, seed).subarray(1), 1]), levels };
}

export function recordGrid(grid: LevelGrid, ng: number, pad: number, angles: number): RecordedLevels {
  const { rec, cells, image, count } = recordRegions(
    Uint8Array.from(grid.regions),
    Uint8Array.from(grid.levels),
    grid.size,
    pad,
  );
  const edges = Uint32Array.from({ length: ng }, (_, i) => keyOf('int', i + 1)[0]);
  const rows = Array.from(
    { length: count },
    (_, r): RegionRow => ({
      edge_first: 0,
      edge_count: ng,
      row_first: r * ng,
      rows: ng,
      glcm_first: r * angles * ng * ng,
      value_first: r * ng,
      value_low: edges[0]!,
    }),
  );
  const regions = uploadRegions(rec, rows);
  recordLevels(rec, cells, image, regions, edges, count * ng);
  const greyLevels = Uint32Array.from({ length: count * ng }, (_, row) => (row % ng) + 1);
  return { rec, cells, regions, ng, count, greyLevels };
}
