/** IBSI's grey level distance zone features (reference manual 3.9) from zones by their distance to the border, in float64. */
import type { FeatureValues } from '../../feature-values.ts';
import type { GldzmMatrix, LevelTable } from '../matrices.ts';
import { occupiedRows } from './averages.ts';
import { sizeFeatures, sparse } from './size-matrix.ts';

/** Tags of the features without `dzm_`, in the manual's order. */
export const dzmNames = [
  'sde',
  'lde',
  'lgze',
  'hgze',
  'sdlge',
  'sdhge',
  'ldlge',
  'ldhge',
  'glnu',
  'glnu_norm',
  'zdnu',
  'zdnu_norm',
  'z_perc',
  'gl_var',
  'zd_var',
  'zd_entr',
] as const;

/** The 16 features of one region. @param voxels number of voxels of the region */
export function dzmFeatures(table: LevelTable, { counts, maxDistance }: GldzmMatrix, voxels: number): FeatureValues {
  const f = sizeFeatures(
    sparse(
      occupiedRows(table),
      maxDistance,
      (row) => table.levels[row] as number,
      (column) => column + 1,
      (row, column) => counts[row * maxDistance + column] as number,
    ),
  );
  const values: Record<(typeof dzmNames)[number], number> = {
    sde: f.smallEmphasis,
    lde: f.largeEmphasis,
    lgze: f.lowGrey,
    hgze: f.highGrey,
    sdlge: f.smallLow,
    sdhge: f.smallHigh,
    ldlge: f.largeLow,
    ldhge: f.largeHigh,
    glnu: f.greySquares / f.total,
    glnu_norm: f.greySquares / f.total ** 2,
    zdnu: f.sizeSquares / f.total,
    zdnu_norm: f.sizeSquares / f.total ** 2,
    z_perc: f.total / voxels,
    gl_var: f.greyVariance,
    zd_var: f.sizeVariance,
    zd_entr: f.entropy,
  };
  return { values, reasons: {} };
}
