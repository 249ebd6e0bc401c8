/** PyRadiomics' GLSZM features (glszm.py; IBSI 3.8) from zones, in float64. */
import type { FeatureValues } from '../../feature-values.ts';
import type { GlszmMatrix, LevelTable } from '../matrices.ts';
import { sizeFeatures } from './size-matrix.ts';

/** Feature names in PyRadiomics' order. */
export const glszmNames = [
  'GrayLevelNonUniformity',
  'GrayLevelNonUniformityNormalized',
  'GrayLevelVariance',
  'HighGrayLevelZoneEmphasis',
  'LargeAreaEmphasis',
  'LargeAreaHighGrayLevelEmphasis',
  'LargeAreaLowGrayLevelEmphasis',
  'LowGrayLevelZoneEmphasis',
  'SizeZoneNonUniformity',
  'SizeZoneNonUniformityNormalized',
  'SmallAreaEmphasis',
  'SmallAreaHighGrayLevelEmphasis',
  'SmallAreaLowGrayLevelEmphasis',
  'ZoneEntropy',
  'ZonePercentage',
  'ZoneVariance',
] as const;

/** The 16 GLSZM features of one region. @param voxels number of voxels of the region */
export function glszmFeatures(table: LevelTable, { row, size, count }: GlszmMatrix, voxels: number): FeatureValues {
  const level = Float64Array.from(row, (r) => table.levels[r] as number);
  const f = sizeFeatures({ level, size: Float64Array.from(size), count: Float64Array.from(count) });
  const values: Record<(typeof glszmNames)[number], number> = {
    GrayLevelNonUniformity: f.greySquares / f.total,
    GrayLevelNonUniformityNormalized: f.greySquares / f.total ** 2,
    GrayLevelVariance: f.greyVariance,
    HighGrayLevelZoneEmphasis: f.highGrey,
    LargeAreaEmphasis: f.largeEmphasis,
    LargeAreaHighGrayLevelEmphasis: f.largeHigh,
    LargeAreaLowGrayLevelEmphasis: f.largeLow,
    LowGrayLevelZoneEmphasis: f.lowGrey,
    SizeZoneNonUniformity: f.sizeSquares / f.total,
    SizeZoneNonUniformityNormalized: f.sizeSquares / f.total ** 2,
    SmallAreaEmphasis: f.smallEmphasis,
    SmallAreaHighGrayLevelEmphasis: f.smallHigh,
    SmallAreaLowGrayLevelEmphasis: f.smallLow,
    ZoneEntropy: f.entropy,
    ZonePercentage: f.total / voxels,
    ZoneVariance: f.sizeVariance,
  };
  return { values, reasons: {} };
}
