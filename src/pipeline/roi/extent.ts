/** roi/extent: voxel count, box and exact position moments of each region. */
import source from '../../../shaders/roi/extent.wgsl?raw';
import { type Download, defineKernel, type Recording } from '../../engine/index.ts';
import type { Box } from '../box.ts';
import type { AxisMoments } from '../shape/axes.ts';
import type { RegionCells } from './compact.ts';

export const extent = defineKernel({
  name: 'roi/extent',
  source,
  bindings: { params: 'uniform', cells: 'read', voxels: 'read', sums: 'read_write' },
  workgroup: 64,
  flags: ['SUBGROUPS'],
});

const STRIP = 16;
const ROW = 32;

export interface Extent {
  readonly voxels: number;
  /** Box in voxels of the unpadded box of the case; meaningless where `voxels` is 0. */
  readonly box: Box;
  /** Moments of the positions in the unpadded box. */
  readonly moments: AxisMoments;
}

export function recordExtent(rec: Recording, { cells, voxels, length, box }: RegionCells, regions: number): Download {
  const sums = rec.zeros('roi/extent.sums', regions * ROW * 4);
  rec.dispatch(
    extent,
    { params: { padded: box.padded, pad: box.pad, length, bounds: 6, moments: 9 }, cells, voxels, sums },
    Math.ceil(length / STRIP),
  );
  return rec.download(sums);
}

/** Value of a 64-bit pair (low, high); exact up to 2^53. */
export function pair(words: Uint32Array, at: number): number {
  return (words[at] as number) + (words[at + 1] as number) * 2 ** 32;
}

export function decodeExtent(sums: Uint32Array, region: number): Extent {
  const row = sums.subarray(region * ROW, (region + 1) * ROW);
  const low = (axis: number) => ~(row[1 + axis] as number) >>> 0;
  const high = (axis: number) => row[4 + axis] as number;
  return {
    voxels: row[0] as number,
    box: { first: [low(0), low(1), low(2)], last: [high(0), high(1), high(2)] },
    moments: {
      n: row[0] as number,
      sx: pair(row, 8),
      sy: pair(row, 10),
      sz: pair(row, 12),
      sxx: pair(row, 14),
      syy: pair(row, 16),
      szz: pair(row, 18),
      sxy: pair(row, 20),
      sxz: pair(row, 22),
      syz: pair(row, 24),
    },
  };
}
