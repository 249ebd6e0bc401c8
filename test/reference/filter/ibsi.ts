/** CPU twin of IBSI 2's filters: dense kernels in float64, every term of every sum, rotations of the whole kernel. */
import type { Boundary } from '../../../src/pipeline/filter/ibsi/index.ts';
import type { Vec3, Volume } from '../../../src/pipeline/volume.ts';

type Point = readonly [number, number, number];

/** Offsets and weights: the response at k is the sum of weight times the sample at k - offset. */
export type DenseKernel = readonly (readonly [offset: Point, weight: number])[];

/** Steps from the end of a line to the sample that stands for a position beyond it. */
function beyond(i: number, n: number, boundary: Boundary): number {
  let at = i;
  while (at < 0 || at >= n) {
    if (boundary === 'zero') return Number.NaN;
    if (boundary === 'nearest') at = at < 0 ? 0 : n - 1;
    if (boundary === 'periodic') at += at < 0 ? n : -n;
    if (boundary === 'mirror') at = at < 0 ? -1 - at : 2 * n - 1 - at;
  }
  return at;
}

/** Values of an image, x fastest. */
export interface Values {
  readonly data: ArrayLike<number>;
  readonly size: Vec3;
}

export function convolveDense({ data, size }: Values, kernel: DenseKernel, boundary: Boundary): Float64Array {
  const [nx, ny, nz] = size;
  const at = (x: number, y: number, z: number) => {
    const [i, j, k] = [beyond(x, nx, boundary), beyond(y, ny, boundary), beyond(z, nz, boundary)];
    return Number.isNaN(i + j + k) ? 0 : data[i + nx * (j + ny * k)]!;
  };
  return Float64Array.from({ length: nx * ny * nz }, (_, k) => {
    const [x, y, z] = [k % nx, Math.floor(k / nx) % ny, Math.floor(k / nx / ny)];
    let sum = 0;
    for (const [[dx, dy, dz], weight] of kernel) sum += weight * at(x - dx, y - dy, z - dz);
    return sum;
  });
}

/** The product of kernels along the axes. Kernels of even length have their centre behind the middle. */
export function product(...lines: readonly (readonly number[])[]): DenseKernel {
  let kernel: DenseKernel = [[[0, 0, 0], 1]];
  lines.forEach((line, axis) => {
    const centre = Math.floor(line.length / 2);
    kernel = kernel.flatMap(([offset, weight]) =>
      line.map((tap, t): readonly [Point, number] => {
        const moved = offset.map((o, a) => (a === axis ? t - centre : o));
        return [moved as unknown as Point, weight * tap];
      }),
    );
  });
  return kernel;
}

export const meanKernel = (support: number, dimensions: 2 | 3): DenseKernel =>
  product(...new Array<number[]>(dimensions).fill(new Array<number>(support).fill(1 / support)));

export const meanTwin = (image: Volume, support: number, dimensions: 2 | 3, boundary: Boundary): Float64Array =>
  convolveDense(image, meanKernel(support, dimensions), boundary);
