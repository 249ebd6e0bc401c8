/** PyRadiomics' GLDM features (gldm.py; IBSI 3.11, NGLDM) from dependence counts, in float64. */
import type { FeatureValues } from '../../feature-values.ts';
import type { GldmMatrix, LevelTable } from '../matrices.ts';
import { occupiedRows } from './averages.ts';
import { type SizeFeatures, sizeFeatures, sparse } from './size-matrix.ts';

/** Feature names in PyRadiomics' order. */
export const gldmNames = [
  'DependenceEntropy',
  'DependenceNonUniformity',
  'DependenceNonUniformityNormalized',
  'DependenceVariance',
  'GrayLevelNonUniformity',
  'GrayLevelVariance',
  'HighGrayLevelEmphasis',
  'LargeDependenceEmphasis',
  'LargeDependenceHighGrayLevelEmphasis',
  'LargeDependenceLowGrayLevelEmphasis',
  'LowGrayLevelEmphasis',
  'SmallDependenceEmphasis',
  'SmallDependenceHighGrayLevelEmphasis',
  'SmallDependenceLowGrayLevelEmphasis',
] as const;

/** What GLDM and NGLDM share. A dependence counts the voxel itself: its size is one more than its neighbours. */
export function dependenceFeatures(table: LevelTable, { counts, maxDependence }: GldmMatrix): SizeFeatures {
  const at = (row: number, column: number) => counts[row * maxDependence + column] as number;
  return sizeFeatures(
    sparse(
      occupiedRows(table),
      maxDependence,
      (row) => table.levels[row] as number,
      (column) => column + 1,
      at,
    ),
  );
}

/** The 14 GLDM features of one region. */
export function gldmFeatures(table: LevelTable, matrix: GldmMatrix): FeatureValues {
  const f = dependenceFeatures(table, matrix);
  const values: Record<(typeof gldmNames)[number], number> = {
    DependenceEntropy: f.entropy,
    DependenceNonUniformity: f.sizeSquares / f.total,
    DependenceNonUniformityNormalized: f.sizeSquares / f.total ** 2,
    DependenceVariance: f.sizeVariance,
    GrayLevelNonUniformity: f.greySquares / f.total,
    GrayLevelVariance: f.greyVariance,
    HighGrayLevelEmphasis: f.highGrey,
    LargeDependenceEmphasis: f.largeEmphasis,
    LargeDependenceHighGrayLevelEmphasis: f.largeHigh,
    LargeDependenceLowGrayLevelEmphasis: f.largeLow,
    LowGrayLevelEmphasis: f.lowGrey,
    SmallDependenceEmphasis: f.smallEmphasis,
    SmallDependenceHighGrayLevelEmphasis: f.smallHigh,
    SmallDependenceLowGrayLevelEmphasis: f.smallLow,
  };
  return { values, reasons: {} };
}
