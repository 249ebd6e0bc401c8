/** The table of regions that the counting kernels share (shaders/common/region.wgsl). */
import { type BufferRef, packStructs, type Recording } from '../../engine/index.ts';
import { levels } from './levels.ts';

/** Fields of the WGSL struct `Region`. */
export interface RegionRow {
  readonly edge_first: number;
  readonly edge_count: number;
  readonly row_first: number;
  readonly rows: number;
  readonly glcm_first: number;
  readonly value_first: number;
  readonly value_low: number;
}

/** A region without levels or intensities: what a kernel does not read. */
export const emptyRegion: RegionRow = {
  edge_first: 0,
  edge_count: 0,
  row_first: 0,
  rows: 0,
  glcm_first: 0,
  value_first: 0,
  value_low: 0,
};

/** Uploads the table, packed by reflection. */
export function uploadRegions(rec: Recording, rows: readonly RegionRow[]): BufferRef {
  return rec.upload('discretise/regions', packStructs(levels, 'Region', rows as unknown as Record<string, number>[]));
}
