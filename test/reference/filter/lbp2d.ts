/** CPU twin of filter/lbp2d: scikit-image 0.22's _local_binary_pattern in float64, written into an array of the image's type. */
import { circle, type Lbp2dMethod } from '../../../src/pipeline/filter/lbp2d.ts';
import type { Volume, VoxelArray } from '../../../src/pipeline/volume.ts';

/** A slice as rows of columns. */
type Slice = readonly (readonly number[])[];

function sample(slice: Slice, r: number, c: number): number {
  const [minr, minc, maxr, maxc] = [Math.floor(r), Math.floor(c), Math.ceil(r), Math.ceil(c)];
  const [dr, dc] = [r - minr, c - minc];
  const pixel = (row: number, column: number) => slice[row]?.[column] ?? 0;
  const top = (1 - dc) * pixel(minr, minc) + dc * pixel(minr, maxc);
  const bottom = (1 - dc) * pixel(maxr, minc) + dc * pixel(maxr, maxc);
  return (1 - dr) * top + dr * bottom;
}

/** The mean of the squares less the square of the mean, summed in their order. */
function variance(values: readonly number[]): number {
  let [sum, squares] = [0, 0];
  for (const x of values) {
    sum += x;
    squares += x * x;
  }
  return (squares - (sum * sum) / values.length) / values.length;
}

function code(bits: readonly number[], textures: readonly number[], method: Lbp2dMethod): number {
  const number = (pattern: readonly number[]) => pattern.reduce((all, bit, i) => all + bit * 2 ** i, 0);
  if (method === 'default') return number(bits);
  if (method === 'ror') return Math.min(...bits.map((_, i) => number([...bits.slice(i), ...bits.slice(0, i)])));
  if (method === 'var') return variance(textures) || Number.NaN;
  const changes = bits.slice(1).filter((bit, i) => bit !== bits[i]).length;
  return changes <= 2 ? bits.reduce((a, b) => a + b, 0) : bits.length + 1;
}

function pattern(slice: Slice, samples: number, radius: number, method: Lbp2dMethod): number[][] {
  const { rows, columns } = circle(samples, radius);
  return slice.map((line, r) =>
    line.map((centre, c) => {
      const textures = rows.map((row, i) => sample(slice, r + row, c + columns[i]!));
      const bits = textures.map((texture) => Number(texture - centre >= 0));
      return code(bits, textures, method);
    }),
  );
}

/** NumPy's cast on x86: int32 and narrower by way of int32, uint32 by way of int64. */
function cast(value: number, data: VoxelArray): number {
  if (data instanceof Float32Array || data instanceof Float64Array) return value;
  const limit = data instanceof Uint32Array ? 2 ** 63 : 2 ** 31;
  const whole = Math.trunc(value);
  return whole >= -limit && whole < limit ? Number(BigInt.asIntN(32, BigInt(whole))) : -limit % 2 ** 32;
}

export interface Lbp2dCase {
  readonly samples: number;
  readonly radius: number;
  readonly method: Lbp2dMethod;
  /** 0, 1, 2: slices across z, y, x. */
  readonly across: 0 | 1 | 2;
}

export function lbp2d({ data, size }: Volume, { samples, radius, method, across }: Lbp2dCase): VoxelArray {
  const [nx, ny, nz] = size;
  const result = data.slice();
  const counts = [nz, ny, nx] as const;
  const [rows, columns] = ([[ny, nx] as const, [nz, nx] as const, [ny, nz] as const] as const)[across];
  const at = (s: number, r: number, c: number) => {
    const [x, y, z] = ([[c, r, s] as const, [c, s, r] as const, [s, r, c] as const] as const)[across];
    return x + nx * (y + ny * z);
  };
  for (let s = 0; s < counts[across]; s++) {
    const slice = Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => data[at(s, r, c)]!));
    pattern(slice, samples, radius, method).forEach((line, r) => {
      line.forEach((value, c) => {
        result[at(s, r, c)] = cast(value, data);
      });
    });
  }
  return result;
}
