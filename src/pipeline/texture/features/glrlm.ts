/** PyRadiomics' GLRLM features (glrlm.py; IBSI 3.7) from run counts, in float64. */
import type { FeatureValues } from '../../feature-values.ts';
import type { WeightingNorm } from '../../settings.ts';
import type { Vec3 } from '../../volume.ts';
import type { GlrlmMatrix, LevelTable, Offset } from '../matrices.ts';
import { AngleMeans, occupiedRows, offsetDistance } from './averages.ts';
import { type SizeMatrix, sizeFeatures, sparse } from './size-matrix.ts';

/** Feature names in PyRadiomics' order. */
export const glrlmNames = [
  'GrayLevelNonUniformity',
  'GrayLevelNonUniformityNormalized',
  'GrayLevelVariance',
  'HighGrayLevelRunEmphasis',
  'LongRunEmphasis',
  'LongRunHighGrayLevelEmphasis',
  'LongRunLowGrayLevelEmphasis',
  'LowGrayLevelRunEmphasis',
  'RunEntropy',
  'RunLengthNonUniformity',
  'RunLengthNonUniformityNormalized',
  'RunPercentage',
  'RunVariance',
  'ShortRunEmphasis',
  'ShortRunHighGrayLevelEmphasis',
  'ShortRunLowGrayLevelEmphasis',
] as const;

type GlrlmValues = Record<(typeof glrlmNames)[number], number>;

export interface GlrlmOptions {
  /** Sum the angles with the distance as weight instead of averaging their features. */
  readonly weightingNorm: WeightingNorm | null;
  /** Millimetres along x, y, z. */
  readonly spacing: Vec3;
}

const NO_LINES = 'no line through the region holds more than one of its voxels';

function runFeatures(matrix: SizeMatrix): GlrlmValues {
  const f = sizeFeatures(matrix);
  return {
    GrayLevelNonUniformity: f.greySquares / f.total,
    GrayLevelNonUniformityNormalized: f.greySquares / f.total ** 2,
    GrayLevelVariance: f.greyVariance,
    HighGrayLevelRunEmphasis: f.highGrey,
    LongRunEmphasis: f.largeEmphasis,
    LongRunHighGrayLevelEmphasis: f.largeHigh,
    LongRunLowGrayLevelEmphasis: f.largeLow,
    LowGrayLevelRunEmphasis: f.lowGrey,
    RunEntropy: f.entropy,
    RunLengthNonUniformity: f.sizeSquares / f.total,
    RunLengthNonUniformityNormalized: f.sizeSquares / f.total ** 2,
    RunPercentage: f.total / f.covered,
    RunVariance: f.sizeVariance,
    ShortRunEmphasis: f.smallEmphasis,
    ShortRunHighGrayLevelEmphasis: f.smallHigh,
    ShortRunLowGrayLevelEmphasis: f.smallLow,
  };
}

/** The 16 GLRLM features of one region: means over the angles, or of their weighted sum. */
export function glrlmFeatures(
  table: LevelTable,
  matrix: GlrlmMatrix,
  { weightingNorm, spacing }: GlrlmOptions,
): FeatureValues {
  const rows = occupiedRows(table);
  const tableRows = table.levels.length;
  const { counts, maxRun, offsets, multiElement } = matrix;
  const used = offsets.map((_, angle) => angle).filter((angle) => multiElement[angle] === 1);
  const weights = offsets.map((o: Offset) => (weightingNorm === null ? 1 : offsetDistance(o, spacing, weightingNorm)));
  const means = new AngleMeans(glrlmNames);
  for (const group of weightingNorm === null ? used.map((angle) => [angle]) : [used]) {
    const at = (row: number, column: number) => {
      let sum = 0;
      for (const angle of group) {
        sum += (weights[angle] as number) * (counts[(angle * tableRows + row) * maxRun + column] as number);
      }
      return sum;
    };
    const runs = sparse(
      rows,
      maxRun,
      (row) => table.levels[row] as number,
      (column) => column + 1,
      at,
    );
    if (runs.count.length > 0) means.add(runFeatures(runs));
  }
  return means.values(NO_LINES);
}
