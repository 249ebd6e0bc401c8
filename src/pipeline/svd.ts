/**
 * Singular values of small matrices in the operation order of LINPACK's xSVDC (Dongarra et al. 1979), on which ITK's
 * matrix inverse rests. Rounding decides which voxel is nearest to a point half-way between two, and which of two
 * orientations of a NIfTI file ITK takes, so the order of operations is part of the definition.
 */

/** Rounds every intermediate result: `Math.fround` for float32, the identity for float64. */
type Round = (x: number) => number;
/** Columns of a matrix. */
type Columns = Float64Array[];

export interface SingularValues {
  /** Columns of U, V and the singular values in descending order. */
  readonly u: Columns;
  readonly v: Columns;
  readonly w: Float64Array;
}

const withSign = (magnitude: number, sign: number): number => (sign >= 0 ? Math.abs(magnitude) : -Math.abs(magnitude));

function norm(x: Float64Array, from: number, f: Round): number {
  if (x.length - from === 1) return Math.abs(x[from]!);
  let scale = 0;
  let squares = 1;
  for (let i = from; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (size === 0) continue;
    const ratio = scale < size ? f(scale / size) : f(size / scale);
    squares = scale < size ? f(f(squares * f(ratio * ratio)) + 1) : f(squares + f(ratio * ratio));
    scale = Math.max(scale, size);
  }
  return f(scale * Math.sqrt(squares));
}

function dot(x: Float64Array, y: Float64Array, from: number, f: Round): number {
  let sum = 0;
  for (let i = from; i < x.length; i++) sum = f(sum + f(x[i]! * y[i]!));
  return sum;
}

/** y += a x from an element on. */
function add(a: number, x: Float64Array, y: Float64Array, from: number, f: Round): void {
  for (let i = from; i < x.length; i++) y[i] = f(y[i]! + f(a * x[i]!));
}

function scale(a: number, x: Float64Array, from: number, f: Round): void {
  for (let i = from; i < x.length; i++) x[i] = f(a * x[i]!);
}

/** Subtracts the reflection along `x` from `y`. */
function reflect(x: Float64Array, y: Float64Array, from: number, f: Round): void {
  add(f(-dot(x, y, from, f) / x[from]!), x, y, from, f);
}

/** Givens rotation (xROTG): returns [r, c, s]. */
function givens(a: number, b: number, f: Round): [number, number, number] {
  const sum = f(Math.abs(a) + Math.abs(b));
  if (sum === 0) return [0, 1, 0];
  const [p, q] = [f(a / sum), f(b / sum)];
  const r = f(withSign(1, Math.abs(a) > Math.abs(b) ? a : b) * f(sum * Math.sqrt(f(f(p * p) + f(q * q)))));
  return [r, f(a / r), f(b / r)];
}

function rotate(x: Float64Array, y: Float64Array, c: number, s: number, f: Round): void {
  for (let i = 0; i < x.length; i++) {
    const mixed = f(f(c * x[i]!) + f(s * y[i]!));
    y[i] = f(f(c * y[i]!) - f(s * x[i]!));
    x[i] = mixed;
  }
}

/** The state of the reduction: a bidiagonal matrix (s, e) and the transformations that led to it. */
interface State {
  readonly n: number;
  readonly s: Float64Array;
  readonly e: Float64Array;
  readonly u: Columns;
  readonly v: Columns;
  readonly f: Round;
}

/** Turns a vector into a Householder reflector and returns the negated length. */
function reflector(x: Float64Array, from: number, f: Round): number {
  let length = norm(x, from, f);
  if (length === 0) return -0;
  if (x[from] !== 0) length = withSign(length, x[from]!);
  scale(f(1 / length), x, from, f);
  x[from] = f(1 + x[from]!);
  return -length;
}

/** Householder reduction to bidiagonal form; leaves the reflectors in u and v. */
function bidiagonalise(x: Columns, { n, s, e, u, v, f }: State): void {
  for (let l = 0; l < n - 1; l++) {
    s[l] = reflector(x[l]!, l, f);
    for (let j = l + 1; j < n; j++) {
      if (s[l] !== 0) reflect(x[l]!, x[j]!, l, f);
      e[j] = x[j]![l]!;
    }
    for (let i = l; i < n; i++) u[l]![i] = x[l]![i]!;
    if (l >= n - 2) continue;
    e[l] = reflector(e, l + 1, f);
    if (e[l] !== 0) reflectRows(x, e, l, f);
    for (let i = l + 1; i < n; i++) v[l]![i] = e[i]!;
  }
  s[n - 1] = x[n - 1]![n - 1]!;
  if (n > 1) e[n - 2] = x[n - 1]![n - 2]!;
  e[n - 1] = 0;
}

function reflectRows(x: Columns, e: Float64Array, l: number, f: Round): void {
  const work = new Float64Array(e.length);
  for (let j = l + 1; j < x.length; j++) add(e[j]!, x[j]!, work, l + 1, f);
  for (let j = l + 1; j < x.length; j++) add(f(-e[j]! / e[l + 1]!), work, x[j]!, l + 1, f);
}

/** Multiplies the reflectors out to U and V. */
function accumulate({ n, s, e, u, v, f }: State): void {
  u[n - 1]!.fill(0);
  u[n - 1]![n - 1] = 1;
  for (let l = n - 2; l >= 0; l--) {
    const column = u[l]!;
    if (s[l] === 0) {
      column.fill(0);
      column[l] = 1;
      continue;
    }
    for (let j = l + 1; j < n; j++) reflect(column, u[j]!, l, f);
    scale(-1, column, l, f);
    column[l] = f(1 + column[l]!);
    column.fill(0, 0, l);
  }
  for (let l = n - 1; l >= 0; l--) {
    const column = v[l]!;
    if (l < n - 2 && e[l] !== 0) for (let j = l + 1; j < n; j++) reflect(column, v[j]!, l + 1, f);
    column.fill(0);
    column[l] = 1;
  }
}

/** The largest l < m whose superdiagonal element is negligible (set to 0), or -1. */
function negligibleE({ s, e, f }: State, m: number): number {
  for (let l = m - 1; l >= 0; l--) {
    const test = f(Math.abs(s[l]!) + Math.abs(s[l + 1]!));
    if (f(test + Math.abs(e[l]!)) === test) {
      e[l] = 0;
      return l;
    }
  }
  return -1;
}

/** The largest index in (l, m] whose singular value is negligible (set to 0), or l. */
function negligibleS({ s, e, f }: State, l: number, m: number): number {
  for (let i = m; i > l; i--) {
    let test = i === m ? 0 : Math.abs(e[i]!);
    if (i !== l + 1) test = f(test + Math.abs(e[i - 1]!));
    if (f(test + Math.abs(s[i]!)) === test) {
      s[i] = 0;
      return i;
    }
  }
  return l;
}

/** Removes a zero at the end of the diagonal. */
function deflate({ s, e, v, f }: State, l: number, m: number): void {
  let value = e[m - 1]!;
  e[m - 1] = 0;
  for (let k = m - 1; k >= l; k--) {
    const [r, c, sn] = givens(s[k]!, value, f);
    s[k] = r;
    if (k !== l) {
      value = f(-sn * e[k - 1]!);
      e[k - 1] = f(c * e[k - 1]!);
    }
    rotate(v[k]!, v[m]!, c, sn, f);
  }
}

/** Splits the matrix at a zero within the diagonal. */
function split({ s, e, u, f }: State, l: number, m: number): void {
  let value = e[l - 1]!;
  e[l - 1] = 0;
  for (let k = l; k <= m; k++) {
    const [r, c, sn] = givens(s[k]!, value, f);
    s[k] = r;
    value = f(-sn * e[k]!);
    e[k] = f(c * e[k]!);
    rotate(u[k]!, u[l - 1]!, c, sn, f);
  }
}

/** The shift of a QR step, scaled. Returns the first elements to chase. */
function shifted({ s, e, f }: State, l: number, m: number): [number, number] {
  const largest = Math.max(...[s[m], s[m - 1], e[m - 1], s[l], e[l]].map((x) => Math.abs(x!)));
  const [sm, before, coupling, sl, el] = [s[m], s[m - 1], e[m - 1], s[l], e[l]].map((x) => f(x! / largest)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const b = f(f(f(f(before + sm) * f(before - sm)) + f(coupling * coupling)) / 2);
  const product = f(sm * coupling);
  const c = f(product * product);
  let shift = 0;
  if (b !== 0 || c !== 0) {
    shift = f(Math.sqrt(f(f(b * b) + c)));
    shift = f(c / f(b + (b < 0 ? -shift : shift)));
  }
  return [f(f(f(sl + sm) * f(sl - sm)) + shift), f(sl * el)];
}

function qrStep(state: State, l: number, m: number): void {
  const { n, s, e, u, v, f } = state;
  let [value, bulge] = shifted(state, l, m);
  for (let k = l; k < m; k++) {
    let [r, c, sn] = givens(value, bulge, f);
    if (k !== l) e[k - 1] = r;
    value = f(f(c * s[k]!) + f(sn * e[k]!));
    e[k] = f(f(c * e[k]!) - f(sn * s[k]!));
    bulge = f(sn * s[k + 1]!);
    s[k + 1] = f(c * s[k + 1]!);
    rotate(v[k]!, v[k + 1]!, c, sn, f);
    [r, c, sn] = givens(value, bulge, f);
    s[k] = r;
    value = f(f(c * e[k]!) + f(sn * s[k + 1]!));
    s[k + 1] = f(f(-sn * e[k]!) + f(c * s[k + 1]!));
    bulge = f(sn * e[k + 1]!);
    e[k + 1] = f(c * e[k + 1]!);
    if (k < n - 1) rotate(u[k]!, u[k + 1]!, c, sn, f);
  }
  e[m - 1] = value;
}

/** A singular value has converged: makes it positive and sorts it in. */
function converge({ n, s, u, v }: State, at: number): void {
  let l = at;
  if (s[l]! < 0) {
    s[l] = -s[l]!;
    scale(-1, v[l]!, 0, (x) => x);
  }
  for (; l < n - 1 && s[l]! < s[l + 1]!; l++) {
    [s[l], s[l + 1]] = [s[l + 1]!, s[l]!];
    [v[l], v[l + 1]] = [v[l + 1]!, v[l]!];
    [u[l], u[l + 1]] = [u[l + 1]!, u[l]!];
  }
}

const maxIterations = 1000;

/**
 * Singular value decomposition M = U diag(w) V'.
 * @param matrix square, row-major, finite
 * @param n rows
 * @param round `Math.fround` for float32 arithmetic; float64 without it
 */
export function singularValues(matrix: readonly number[], n: number, round: Round = (x) => x): SingularValues {
  const square = () => Array.from({ length: n }, () => new Float64Array(n));
  const state: State = { n, s: new Float64Array(n), e: new Float64Array(n), u: square(), v: square(), f: round };
  bidiagonalise(
    Array.from({ length: n }, (_, j) => Float64Array.from({ length: n }, (_, i) => matrix[i * n + j]!)),
    state,
  );
  accumulate(state);
  let m = n - 1;
  for (let iteration = 0; m >= 0 && iteration < maxIterations; iteration++) {
    const l = negligibleE(state, m);
    if (l === m - 1) {
      converge(state, m--);
      continue;
    }
    const zero = negligibleS(state, l, m);
    if (zero === l) qrStep(state, l + 1, m);
    else if (zero === m) deflate(state, l + 1, m);
    else split(state, zero + 1, m);
  }
  return { u: state.u, v: state.v, w: state.s };
}

/** Inverse of a regular square matrix as V diag(1/w) U', row-major: what ITK's Matrix::GetInverse computes. */
export function inverse(matrix: readonly number[], n: number): number[] {
  const { u, v, w } = singularValues(matrix, n);
  return Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    let sum = 0;
    for (let c = 0; c < n; c++) sum += v[c]![i]! * (1 / w[c]!) * u[c]![j]!;
    return sum;
  });
}
