/** What the texture classes share: occupied rows, weights of angles, means over angles that leave NaN out. */
import type { FeatureValues } from '../../feature-values.ts';
import type { WeightingNorm } from '../../settings.ts';
import type { Vec3 } from '../../volume.ts';
import type { LevelTable, Offset } from '../matrices.ts';

/** numpy.spacing(1): PyRadiomics adds it inside logarithms. */
export const EPSILON = 2 ** -52;

/** p log2(p + eps), as PyRadiomics' entropies sum it. */
export const entropyTerm = (p: number): number => p * Math.log2(p + EPSILON);

/** The rows with voxels; PyRadiomics deletes the others. */
export function occupiedRows({ histogram }: LevelTable): number[] {
  const rows: number[] = [];
  for (let row = 0; row < histogram.length; row++) if (histogram[row] !== 0) rows.push(row);
  return rows;
}

/** Distance of a neighbour under a norm, in millimetres; 1 without weighting. */
export function offsetDistance(offset: Offset, spacing: Vec3, norm: WeightingNorm): number {
  const steps = offset.map((n, axis) => Math.abs(n) * (spacing[axis] as number));
  if (norm === 'manhattan') return steps.reduce((sum, d) => sum + d, 0);
  if (norm === 'euclidean') return Math.sqrt(steps.reduce((sum, d) => sum + d * d, 0));
  return norm === 'infinity' ? Math.max(...steps) : 1;
}

/** Sums of features over angles. */
export class AngleMeans {
  readonly #names: readonly string[];
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#sums = new Float64Array(names.length);
    this.#counts = new Uint32Array(names.length);
  }

  /** Adds the features of one angle; NaN is left out (numpy.nanmean). */
  add(values: Readonly<Record<string, number>>): void {
    this.#names.forEach((name, k) => {
      const value = values[name] as number;
      if (Number.isNaN(value)) return;
      this.#sums[k]! += value;
      this.#counts[k]!++;
    });
  }

  /** The means; `reason` for features that no angle defines. */
  values(reason: string): FeatureValues {
    const values: Record<string, number> = {};
    const reasons: Record<string, string> = {};
    this.#names.forEach((name, k) => {
      values[name] = (this.#sums[k] as number) / (this.#counts[k] as number);
      if (this.#counts[k] === 0) reasons[name] = reason;
    });
    return { values, reasons };
  }
}
