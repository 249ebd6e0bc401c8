/**
 * The features that GLRLM, GLSZM, GLDZM and GLDM share: each is a matrix of grey level by size (run length, zone volume, distance,
 * dependence).
 */
import { entropyTerm } from './averages.ts';

/** Non-zero entries of one matrix: grey level, size and (weighted) number. */
export interface SizeMatrix {
  readonly level: Float64Array;
  readonly size: Float64Array;
  readonly count: Float64Array;
}

export interface SizeFeatures {
  /** Sum of all entries: number of runs, zones or voxels. */
  readonly total: number;
  /** Sum of size times number: number of voxels covered. */
  readonly covered: number;
  readonly smallEmphasis: number;
  readonly largeEmphasis: number;
  readonly lowGrey: number;
  readonly highGrey: number;
  readonly smallLow: number;
  readonly smallHigh: number;
  readonly largeLow: number;
  readonly largeHigh: number;
  /** Sums of squares of the marginals, not divided. */
  readonly greySquares: number;
  readonly sizeSquares: number;
  readonly greyVariance: number;
  readonly sizeVariance: number;
  readonly entropy: number;
  /** Sum of the squared probabilities. */
  readonly energy: number;
}

/** Adds up a marginal by value. */
class Marginal {
  readonly #sums = new Map<number, number>();
  add(value: number, count: number): void {
    this.#sums.set(value, (this.#sums.get(value) ?? 0) + count);
  }
  squares(): number {
    let sum = 0;
    for (const count of this.#sums.values()) sum += count * count;
    return sum;
  }
  variance(total: number): number {
    let mean = 0;
    for (const [value, count] of this.#sums) mean += (count / total) * value;
    let variance = 0;
    for (const [value, count] of this.#sums) variance += (count / total) * (value - mean) ** 2;
    return variance;
  }
}

/** All shared features; emphases are divided by the total. The matrix must not be empty. */
export function sizeFeatures({ level, size, count }: SizeMatrix): SizeFeatures {
  const sums = { total: 0, covered: 0, se: 0, le: 0, lg: 0, hg: 0, sl: 0, sh: 0, ll: 0, lh: 0 };
  const greys = new Marginal();
  const sizes = new Marginal();
  for (let k = 0; k < count.length; k++) {
    const n = count[k] as number;
    const i2 = (level[k] as number) ** 2;
    const j2 = (size[k] as number) ** 2;
    sums.total += n;
    sums.covered += n * (size[k] as number);
    sums.se += n / j2;
    sums.le += n * j2;
    sums.lg += n / i2;
    sums.hg += n * i2;
    sums.sl += n / (i2 * j2);
    sums.sh += (n * i2) / j2;
    sums.ll += (n * j2) / i2;
    sums.lh += n * (j2 * i2);
    greys.add(level[k] as number, n);
    sizes.add(size[k] as number, n);
  }
  const { total } = sums;
  let entropy = 0;
  let energy = 0;
  for (const n of count) {
    entropy -= entropyTerm(n / total);
    energy += (n / total) ** 2;
  }
  return {
    total,
    covered: sums.covered,
    smallEmphasis: sums.se / total,
    largeEmphasis: sums.le / total,
    lowGrey: sums.lg / total,
    highGrey: sums.hg / total,
    smallLow: sums.sl / total,
    smallHigh: sums.sh / total,
    largeLow: sums.ll / total,
    largeHigh: sums.lh / total,
    greySquares: greys.squares(),
    sizeSquares: sizes.squares(),
    greyVariance: greys.variance(total),
    sizeVariance: sizes.variance(total),
    entropy,
    energy,
  };
}

/** Collects the non-zero entries of a dense table. */
export function sparse(
  rows: readonly number[],
  columns: number,
  levelOf: (row: number) => number,
  sizeOf: (column: number) => number,
  at: (row: number, column: number) => number,
): SizeMatrix {
  const level: number[] = [];
  const size: number[] = [];
  const count: number[] = [];
  for (const row of rows) {
    for (let column = 0; column < columns; column++) {
      const n = at(row, column);
      if (n === 0) continue;
      level.push(levelOf(row));
      size.push(sizeOf(column));
      count.push(n);
    }
  }
  return { level: Float64Array.from(level), size: Float64Array.from(size), count: Float64Array.from(count) };
}
