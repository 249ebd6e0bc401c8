/** IBSI's neighbouring grey level dependence features (reference manual 3.11) from PyRadiomics' dependence counts, in float64. */
import type { FeatureValues } from '../../feature-values.ts';
import type { GldmMatrix, LevelTable } from '../matrices.ts';
import { dependenceFeatures } from './gldm.ts';

/** Tags of the features without `ngl_`, in the manual's order. */
export const nglNames = [
  'lde',
  'hde',
  'lgce',
  'hgce',
  'ldlge',
  'ldhge',
  'hdlge',
  'hdhge',
  'glnu',
  'glnu_norm',
  'dcnu',
  'dcnu_norm',
  'dc_perc',
  'gl_var',
  'dc_var',
  'dc_entr',
  'dc_energy',
] as const;

/** The 17 features of one region. @param voxels number of voxels of the region */
export function nglFeatures(table: LevelTable, matrix: GldmMatrix, voxels: number): FeatureValues {
  const f = dependenceFeatures(table, matrix);
  const values: Record<(typeof nglNames)[number], number> = {
    lde: f.smallEmphasis,
    hde: f.largeEmphasis,
    lgce: f.lowGrey,
    hgce: f.highGrey,
    ldlge: f.smallLow,
    ldhge: f.smallHigh,
    hdlge: f.largeLow,
    hdhge: f.largeHigh,
    glnu: f.greySquares / f.total,
    glnu_norm: f.greySquares / f.total ** 2,
    dcnu: f.sizeSquares / f.total,
    dcnu_norm: f.sizeSquares / f.total ** 2,
    dc_perc: f.total / voxels,
    gl_var: f.greyVariance,
    dc_var: f.sizeVariance,
    dc_entr: f.entropy,
    dc_energy: f.energy,
  };
  return { values, reasons: {} };
}
