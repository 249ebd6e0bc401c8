/** PyRadiomics' NGTDM features (ngtdm.py; IBSI 3.10) from exact neighbourhood differences, in float64. */
import type { FeatureValues } from '../../feature-values.ts';
import type { LevelTable, NgtdmMatrix } from '../matrices.ts';
import { occupiedRows } from './averages.ts';

/** Feature names in PyRadiomics' order. */
export const ngtdmNames = ['Busyness', 'Coarseness', 'Complexity', 'Contrast', 'Strength'] as const;

/** PyRadiomics' value where nothing differs from its neighbourhood. */
const FLAT_COARSENESS = 1e6;

/** s_i: the exact differences by number of neighbours, each divided by that number. */
function toneDifference({ differences, maxNeighbours }: NgtdmMatrix, row: number): number {
  let sum = 0;
  for (let c = 1; c <= maxNeighbours; c++) sum += (differences[row * maxNeighbours + c - 1] as number) / c;
  return sum;
}

/** The 5 NGTDM features of one region. */
export function ngtdmFeatures(table: LevelTable, matrix: NgtdmMatrix): FeatureValues {
  const rows = occupiedRows(table);
  const n = rows.length;
  const voxels = rows.reduce((sum, row) => sum + (matrix.voxels[row] as number), 0);
  const level = rows.map((row) => table.levels[row] as number);
  const p = rows.map((row) => (matrix.voxels[row] as number) / voxels);
  const s = rows.map((row) => toneDifference(matrix, row));
  const differences = s.reduce((sum, x) => sum + x, 0);
  const weighted = s.reduce((sum, x, i) => sum + x * (p[i] as number), 0);
  const pairs = { contrast: 0, busyness: 0, complexity: 0, strength: 0 };
  for (let i = 0; i < n; i++) {
    const [li, pi, si] = [level[i], p[i], s[i]] as [number, number, number];
    for (let j = 0; j < n; j++) {
      const [lj, pj, sj] = [level[j], p[j], s[j]] as [number, number, number];
      const gap = li - lj;
      pairs.contrast += pi * pj * gap * gap;
      pairs.busyness += Math.abs(li * pi - lj * pj);
      pairs.complexity += (Math.abs(gap) * (pi * si + pj * sj)) / (pi + pj);
      pairs.strength += (pi + pj) * gap * gap;
    }
  }
  const values: Record<(typeof ngtdmNames)[number], number> = {
    Busyness: pairs.busyness === 0 ? 0 : weighted / pairs.busyness,
    Coarseness: weighted === 0 ? FLAT_COARSENESS : 1 / weighted,
    Complexity: pairs.complexity / voxels,
    Contrast: n > 1 ? (pairs.contrast * differences) / voxels / (n * (n - 1)) : 0,
    Strength: differences === 0 ? 0 : pairs.strength / differences,
  };
  return { values, reasons: {} };
}
