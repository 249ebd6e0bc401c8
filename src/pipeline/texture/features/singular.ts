/** The largest singular value of a small matrix. */

/** Relative change below which a Ritz value counts as converged, and how often in a row it must stay below. */
const CONVERGED = 1e-14;
const STEADY = 3;

/** y = B x and y = B^T x for a row-major n x n matrix. */
function multiply(b: Float64Array, n: number, x: Float64Array, y: Float64Array): void {
  for (let i = 0, k = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++, k++) sum += (b[k] as number) * (x[j] as number);
    y[i] = sum;
  }
}

function multiplyTransposed(b: Float64Array, n: number, x: Float64Array, y: Float64Array): void {
  y.fill(0);
  for (let i = 0, k = 0; i < n; i++) {
    const xi = x[i] as number;
    for (let j = 0; j < n; j++, k++) y[j]! += (b[k] as number) * xi;
  }
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** Largest eigenvalue of a symmetric tridiagonal matrix by bisection on the Sturm sequence, to the last bits. */
function largestEigenvalue(diagonal: readonly number[], off: readonly number[]): number {
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  diagonal.forEach((d, i) => {
    const radius = Math.abs(off[i - 1] ?? 0) + Math.abs(i < diagonal.length - 1 ? (off[i] as number) : 0);
    low = Math.max(low, d);
    high = Math.max(high, d + radius);
  });
  while (high - low > CONVERGED * Math.max(Math.abs(high), Math.abs(low))) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (allBelow(diagonal, off, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Whether all eigenvalues are below x: every pivot of T - x is negative. */
function allBelow(diagonal: readonly number[], off: readonly number[], x: number): boolean {
  let pivot = -1;
  for (let i = 0; i < diagonal.length; i++) {
    const beta = i === 0 ? 0 : (off[i - 1] as number);
    pivot = (diagonal[i] as number) - x - (beta * beta) / pivot;
    if (pivot >= 0) return false;
  }
  return true;
}

/**
 * The largest singular value of a row-major n x n matrix: Lanczos on B B^T with full reorthogonalisation (Golub and Van Loan,
 * Matrix Computations, 10.1). Ritz values only grow towards the eigenvalue, and n steps are exact.
 */
export function largestSingularValue(b: Float64Array, n: number): number {
  const basis: Float64Array[] = [];
  // A fixed start without symmetry: it must not be orthogonal to the wanted vector.
  let v = Float64Array.from({ length: n }, (_, i) => 1 + 0.5 * Math.sin(12.9898 * (i + 1)));
  const scale = 1 / Math.sqrt(dot(v, v));
  v = v.map((x) => x * scale);
  const diagonal: number[] = [];
  const off: number[] = [];
  const half = new Float64Array(n);
  let value = 0;
  let steady = 0;
  for (let step = 0; step < n; step++) {
    basis.push(v);
    const w = new Float64Array(n);
    multiplyTransposed(b, n, v, half);
    multiply(b, n, half, w);
    diagonal.push(dot(v, w));
    // Twice, so that rounding leaves no part along the basis.
    for (let pass = 0; pass < 2; pass++) {
      for (const u of basis) {
        const along = dot(u, w);
        for (let i = 0; i < n; i++) w[i]! -= along * (u[i] as number);
      }
    }
    const beta = Math.sqrt(dot(w, w));
    const next = largestEigenvalue(diagonal, off);
    steady = Math.abs(next - value) <= CONVERGED * next ? steady + 1 : 0;
    value = next;
    if (steady >= STEADY || beta <= CONVERGED * Math.max(value, Number.MIN_VALUE)) break;
    off.push(beta);
    v = w.map((x) => x / beta);
  }
  return Math.sqrt(Math.max(value, 0));
}
