/** N4 in float64 on the CPU: obvious and slow. Grids are x fastest; a 2D grid has one sample along z. */
import type { Vec3 } from '../../../src/pipeline/volume.ts';

export interface Grid {
  readonly size: Vec3;
  readonly data: Float64Array;
}

export interface TwinSettings {
  readonly iterations: readonly number[];
  readonly tolerance: number;
  /** Control points of the first level along each axis. */
  readonly points: Vec3;
  readonly bins: number;
  readonly fwhm: number;
  readonly wiener: number;
}

export const twinDefaults: TwinSettings = {
  iterations: [50, 50, 50, 50],
  tolerance: 1e-7,
  points: [4, 4, 4],
  bins: 200,
  fwhm: 0.15,
  wiener: 0.01,
};

const count = ([x, y, z]: Vec3): number => x * y * z;

/** Cubic weights [sample][control point] of n samples from one end of the lattice to the other. */
export function basis(n: number, points: number): number[][] {
  const spans = points - 3;
  return Array.from({ length: n }, (_, i) => {
    const row = new Array<number>(points).fill(0);
    if (n === 1) {
      row[0] = 1;
      return row;
    }
    const step = spans / (n - 1);
    const p = i === n - 1 ? spans - 1e-3 * step : (i * spans) / (n - 1);
    const first = Math.floor(p);
    const t = p - first;
    row[first] = (1 - t) ** 3 / 6;
    row[first + 1] = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    row[first + 2] = (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6;
    row[first + 3] = t ** 3 / 6;
    return row;
  });
}

/** Applies a matrix [out][in] along an axis. */
function contract({ size, data }: Grid, axis: 0 | 1 | 2, matrix: readonly (readonly number[])[]): Grid {
  const out = [...size] as [number, number, number];
  out[axis] = matrix.length;
  const result = new Float64Array(count(out));
  const stride = axis === 0 ? 1 : axis === 1 ? size[0] : size[0] * size[1];
  let k = 0;
  for (let z = 0; z < out[2]; z++) {
    for (let y = 0; y < out[1]; y++) {
      for (let x = 0; x < out[0]; x++, k++) {
        const at = [x, y, z] as [number, number, number];
        const row = matrix[at[axis]]!;
        at[axis] = 0;
        const first = at[0] + size[0] * (at[1] + size[1] * at[2]);
        let sum = 0;
        for (let i = 0; i < row.length; i++) sum += row[i]! * data[first + i * stride]!;
        result[k] = sum;
      }
    }
  }
  return { size: out, data: result };
}

const transpose = (m: readonly (readonly number[])[]): number[][] => m[0]!.map((_, c) => m.map((row) => row[c]!));
const all = (grid: Grid, matrices: readonly (readonly (readonly number[])[])[]): Grid =>
  matrices.reduce((g, m, axis) => contract(g, axis as 0 | 1 | 2, m), grid);

/** The lattice on a grid. */
export const evaluate = (lattice: Grid, size: Vec3): Grid =>
  all(
    lattice,
    size.map((n, axis) => basis(n, lattice.size[axis]!)),
  );

/** One-level approximation of scattered data: what a fit adds to the lattice. Weight 0 is outside. */
export function approximate(residual: Grid, weight: Float64Array, points: Vec3): Grid {
  const bases = residual.size.map((n, axis) => basis(n, points[axis]!));
  const numerators = bases.map((b) =>
    b.map((row) => {
      const squares = row.reduce((sum, w) => sum + w * w, 0);
      return row.map((w) => w ** 3 / squares);
    }),
  );
  const weighted = { size: residual.size, data: residual.data.map((r, i) => (weight[i]! > 0 ? r * weight[i]! : 0)) };
  const delta = all(weighted, numerators.map(transpose));
  const omega = all(
    { size: residual.size, data: weight },
    bases.map((b) => transpose(b.map((row) => row.map((w) => w * w)))),
  );
  return { size: points, data: delta.data.map((d, i) => (omega.data[i] === 0 ? 0 : d / omega.data[i]!)) };
}

/** k -> 2 k - 3 control points along every axis of more than one sample. */
export function refine(lattice: Grid, flat: boolean): Grid {
  return lattice.size.reduce((grid, k, axis) => {
    if (flat && axis === 2) return grid;
    const matrix = Array.from({ length: 2 * k - 3 }, (_, i) => {
      const row = new Array<number>(k).fill(0);
      const c = Math.floor(i / 2);
      if (i % 2 === 0) row[c] = row[c + 1] = 0.5;
      else [row[c], row[c + 1], row[c + 2]] = [1 / 8, 6 / 8, 1 / 8];
      return row;
    });
    return contract(grid, axis as 0 | 1 | 2, matrix);
  }, lattice);
}

export interface Histogram {
  readonly low: number;
  readonly width: number;
  readonly counts: Float64Array;
  /** Of every value, in bins. */
  readonly positions: Float64Array;
}

/** Triangular Parzen histogram; positions in float32, so that the largest value can fall out above the last bin. */
export function histogram(values: ArrayLike<number>, bins: number): Histogram {
  const v = Float32Array.from(values);
  const low = v.reduce((a, b) => Math.min(a, b));
  const high = v.reduce((a, b) => Math.max(a, b));
  const width = Math.fround(Math.fround(high - low) / (bins - 1));
  const positions = Float64Array.from(v, (x) => Math.fround(Math.fround(x - low) / width));
  const counts = new Float64Array(bins);
  for (const p of positions) {
    const bin = Math.floor(p);
    const rest = p - bin;
    if (rest > 0 && bin >= bins - 1) continue;
    counts[bin] = counts[bin]! + 1 - rest;
    if (rest > 0) counts[bin + 1] = counts[bin + 1]! + rest;
  }
  return { low, width, counts, positions };
}

/** E(u|v) at the bin centres: Wiener deconvolution by a plain DFT, then smoothing. */
export function expectation(h: Histogram, { bins, fwhm, wiener }: TwinSettings): Float64Array {
  const n = 2 ** (Math.ceil(Math.log2(bins)) + 1);
  const start = Math.floor((n - bins) / 2);
  const scaled = fwhm / h.width;
  const peak = (2 * Math.sqrt(Math.log(2) / Math.PI)) / scaled;
  const gauss = Float64Array.from(
    { length: n },
    (_, i) => peak * Math.exp(-4 * Math.log(2) * (Math.min(i, n - i) / scaled) ** 2),
  );
  const cosines = Float64Array.from({ length: n }, (_, i) => Math.cos((2 * Math.PI * i) / n));
  const even = (f: Float64Array) =>
    f.map((_, k) => f.reduce((sum, value, j) => sum + value * cosines[(j * k) % n]!, 0));
  const kernel = even(even(gauss).map((g) => g / (g * g + wiener))).map((w) => w / n);
  const sharp = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < bins; j++) sum += h.counts[j]! * kernel[(i - j - start + 2 * n) % n]!;
    sharp[i] = Math.max(sum, 0);
  }
  return Float64Array.from({ length: bins }, (_, bin) => {
    let [above, below] = [0, 0];
    for (let j = 0; j < n; j++) {
      const share = sharp[j]! * gauss[Math.abs(bin + start - j)]!;
      above += (h.low + (j - start) * h.width) * share;
      below += share;
    }
    return below === 0 ? 0 : above / below;
  });
}

/** Linear look-up at a position in bins. */
export function lookUp(e: Float64Array, position: number): number {
  const i = Math.floor(position);
  if (position >= e.length - 1) return e.at(-1)!;
  return e[i]! + (e[i + 1]! - e[i]!) * (position - i);
}

export interface Twin {
  readonly lattice: Grid;
  readonly logField: Grid;
  readonly convergence: number[][];
}

/** SD / mean of exp(-step). */
export function variation(steps: readonly number[]): number {
  const ratios = steps.map((s) => Math.exp(-s));
  const mean = ratios.reduce((a, b) => a + b, 0) / ratios.length;
  const squares = ratios.reduce((a, b) => a + (b - mean) ** 2, 0);
  return Math.sqrt(squares / (ratios.length - 1)) / mean;
}

/**
 * N4 on one grid.
 * @param weight of each voxel, 0 outside the mask
 */
export function n4Twin(image: Grid, weight: Float64Array, settings: Partial<TwinSettings>): Twin {
  const s = { ...twinDefaults, ...settings };
  const inside = [...weight.keys()].filter((i) => weight[i]! > 0);
  const logs = image.data.map((x) => (x > 0 ? Math.log(x) : x));
  let lattice: Grid = { size: s.points, data: new Float64Array(count(s.points)) };
  let field = evaluate(lattice, image.size);
  const convergence: number[][] = [];
  s.iterations.forEach((most, level) => {
    const done: number[] = [];
    while (done.length < most && (done.length === 0 || done.at(-1)! > s.tolerance)) {
      const values = inside.map((i) => logs[i]! - field.data[i]!);
      const h = histogram(values, s.bins);
      const e = expectation(h, s);
      const residual = new Float64Array(image.data.length);
      inside.forEach((i, k) => {
        residual[i] = values[k]! - lookUp(e, h.positions[k]!);
      });
      const added = approximate({ size: image.size, data: residual }, weight, lattice.size);
      lattice = { size: lattice.size, data: lattice.data.map((c, i) => c + added.data[i]!) };
      const next = evaluate(lattice, image.size);
      done.push(variation(inside.map((i) => next.data[i]! - field.data[i]!)));
      field = next;
    }
    convergence.push(done);
    if (level < s.iterations.length - 1) lattice = refine(lattice, image.size[2] === 1);
  });
  return { lattice, logField: field, convergence };
}

/** Every `factor`-th voxel from `offset` on. */
export function shrink({ size, data }: Grid, factor: Vec3, offset: Vec3, kept: Vec3): Grid {
  const out: number[] = [];
  for (let z = 0; z < kept[2]; z++) {
    for (let y = 0; y < kept[1]; y++) {
      for (let x = 0; x < kept[0]; x++) {
        const at = [x * factor[0] + offset[0], y * factor[1] + offset[1], z * factor[2] + offset[2]] as const;
        out.push(data[at[0] + size[0] * (at[1] + size[1] * at[2])]!);
      }
    }
  }
  return { size: kept, data: Float64Array.from(out) };
}
