/** Spherical harmonics as PyRadiomics' LBP3D uses them, turned into a table that a kernel only has to sum up. */
import type { Vec3 } from '../volume.ts';

/** Associated Legendre function without its sign (-1)^m, for |x| <= 1. */
function legendre(degree: number, order: number, x: number): number {
  let below = 0;
  let value = 1;
  for (let k = 1; k <= order; k++) value *= (2 * k - 1) * Math.sqrt((1 - x) * (1 + x));
  for (let n = order + 1; n <= degree; n++) {
    [below, value] = [value, ((2 * n - 1) * x * value - (n + order - 1) * below) / (n - order)];
  }
  return value;
}

/**
 * Real functions r_j and signs s_j with sum over m of Y_m(v) Y_m(w) = sum over j of s_j r_j(v) r_j(w). The product is
 * without a conjugate, as PyRadiomics forms it, so that the functions with a sine count negatively.
 */
function realFunctions(degree: number, points: readonly Vec3[], radius: number): { sign: number; values: number[] }[] {
  // PyRadiomics hands the two angles over in the other order than SciPy takes them.
  const azimuths = points.map(([, , z]) => Math.acos(z / radius));
  const cosines = points.map(([x, y]) => Math.cos(Math.atan2(y, x)));
  const functions: { sign: number; values: number[] }[] = [];
  for (let m = 0; m <= degree; m++) {
    let ratio = (2 * degree + 1) / (4 * Math.PI);
    for (let k = degree - m + 1; k <= degree + m; k++) ratio /= k;
    const sizes = cosines.map((x) => Math.sqrt(ratio) * legendre(degree, m, x));
    if (m === 0) functions.push({ sign: 1, values: sizes });
    else {
      const wave = (f: (angle: number) => number) => sizes.map((s, v) => Math.SQRT2 * s * f(m * azimuths[v]!));
      functions.push({ sign: 1, values: wave(Math.cos) }, { sign: -1, values: wave(Math.sin) });
    }
  }
  return functions;
}

/** Lower triangle L with L L' = a, for a matrix without negative eigenvalues; directions without weight are left out. */
function cholesky(a: readonly (readonly number[])[]): number[][] {
  const n = a.length;
  const lower = a.map(() => new Array<number>(n).fill(0));
  const least = 1e-14 * Math.max(...a.map((row, i) => row[i]!));
  for (let j = 0; j < n; j++) {
    const rest = (i: number) => a[i]![j]! - lower[i]!.reduce((sum, x, k) => sum + x * lower[j]![k]!, 0);
    const pivot = rest(j);
    if (pivot <= least) continue;
    for (let i = n - 1; i >= j; i--) lower[i]![j] = rest(i) / Math.sqrt(pivot);
  }
  return lower;
}

/**
 * What the pattern of one degree is measured with: 2 degree + 1 rows of one number per point. PyRadiomics' value for a
 * pattern b is the norm over the points v of f(v) = sum over m, w of Y_m(v) Y_m(w) b(w), that is |R S R' b| with the real
 * functions R. With R'R = L L' it is |L' S R' b|; the rows are those of L' S R'.
 */
export function patternTable(degree: number, points: readonly Vec3[], radius: number): number[][] {
  const functions = realFunctions(degree, points, radius);
  const gram = functions.map((f) => functions.map((g) => f.values.reduce((sum, x, v) => sum + x * g.values[v]!, 0)));
  const lower = cholesky(gram);
  return functions.map((_, row) =>
    points.map((_point, v) => functions.reduce((sum, f, j) => sum + lower[j]![row]! * f.sign * f.values[v]!, 0)),
  );
}
