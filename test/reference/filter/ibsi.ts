/** CPU twin of IBSI 2's filters: dense kernels in float64, every term of every sum, rotations of the whole kernel. */
import type { Boundary, Pooling } from '../../../src/pipeline/filter/ibsi/index.ts';
import type { Vec3, Volume } from '../../../src/pipeline/volume.ts';

type Point = readonly [number, number, number];

/** Offsets and weights: the response at k is the sum of weight times the sample at k - offset. */
export type DenseKernel = readonly (readonly [offset: Point, weight: number])[];

/** Steps from the end of a line to the sample that stands for a position beyond it. */
export function beyond(i: number, n: number, boundary: Boundary): number {
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

/** What a rotation by right angles does to an offset. */
type Turn = (offset: Point) => Point;

const aboutZ: Turn = ([x, y, z]) => [-y, x, z];
const aboutX: Turn = ([x, y, z]) => [x, -z, y];

/** All rotations that quarter turns about z, and about x in space, make one after the other: 4 or 24. */
export function allTurns(dimensions: 2 | 3): Turn[] {
  const quarter = dimensions === 3 ? [aboutZ, aboutX] : [aboutZ];
  const found = new Map<string, Turn>();
  const add = (turn: Turn) => {
    const image = JSON.stringify([turn([1, 2, 3])]);
    if (found.has(image)) return;
    found.set(image, turn);
    for (const next of quarter) add((offset) => next(turn(offset)));
  };
  add((offset) => offset);
  return [...found.values()];
}

const turned = (kernel: DenseKernel, turn: Turn): DenseKernel =>
  kernel.map(([offset, weight]) => [turn(offset), weight] as const);

/** The largest response of each voxel, or the mean. */
function pool(responses: readonly Float64Array[], pooling: Pooling): Float64Array {
  return responses[0]!.map((_, i) => {
    const values = responses.map((response) => response[i]!);
    return pooling === 'max' ? Math.max(...values) : values.reduce((a, b) => a + b, 0) / values.length;
  });
}

/** IBSI 2, table of Laws kernels, before normalisation. */
const lawsTaps: Readonly<Record<string, readonly number[]>> = {
  L3: [1, 2, 1],
  L5: [1, 4, 6, 4, 1],
  E3: [-1, 0, 1],
  E5: [-1, -2, 0, 2, 1],
  S3: [-1, 2, -1],
  S5: [-1, 0, 2, 0, -1],
  W5: [-1, 2, 0, -2, 1],
  R5: [1, -4, 6, -4, 1],
};

export function lawsTwin(
  image: Volume,
  names: readonly string[],
  boundary: Boundary,
  pooling?: Pooling,
  energy?: number,
): Float64Array {
  const dimensions = names.length as 2 | 3;
  const lines = names.map((name) => {
    const taps = lawsTaps[name]!;
    const norm = Math.sqrt(taps.reduce((sum, tap) => sum + tap * tap, 0));
    return taps.map((tap) => tap / norm);
  });
  const kernel = product(...lines);
  const kernels = pooling ? allTurns(dimensions).map((turn) => turned(kernel, turn)) : [kernel];
  const responses = kernels.map((one) => convolveDense(image, one, boundary));
  const pooled = pool(responses, pooling ?? 'max');
  if (energy === undefined) return pooled;
  return convolveDense(
    { data: pooled.map(Math.abs), size: image.size },
    meanKernel(2 * energy + 1, dimensions),
    boundary,
  );
}

/** @param sigma voxels */
export function logKernel(sigma: number, truncate: number, dimensions: 2 | 3): DenseKernel {
  const reach = Math.floor(truncate * sigma + 0.5);
  const side = new Array<number>(2 * reach + 1).fill(1);
  return product(...new Array<number[]>(dimensions).fill(side)).map(([offset]) => {
    const square = offset.reduce((sum, d) => sum + d * d, 0);
    const gaussian = Math.exp(-square / (2 * sigma ** 2)) / (Math.sqrt(2 * Math.PI) * sigma) ** dimensions;
    return [offset, -gaussian * (dimensions / sigma ** 2 - square / sigma ** 4)] as const;
  });
}

export const logTwin = (
  image: Volume,
  sigma: number,
  truncate: number,
  dimensions: 2 | 3,
  boundary: Boundary,
): Float64Array => convolveDense(image, logKernel(sigma, truncate, dimensions), boundary);

/** @param low, high the filters of decomposition */
export function waveletTwin(
  image: Volume,
  { low, high }: { readonly low: readonly number[]; readonly high: readonly number[] },
  bands: string,
  level: number,
  boundary: Boundary,
  pooling?: Pooling,
): Float64Array {
  const dimensions = bands.length as 2 | 3;
  const kernels = Array.from({ length: level }, (_, k): DenseKernel => {
    const letters = k === level - 1 ? [...bands] : new Array<string>(dimensions).fill('L');
    const near = product(...letters.map((letter) => (letter === 'H' ? high : low)));
    return near.map(([offset, weight]) => [offset.map((d) => d * 2 ** k) as unknown as Point, weight] as const);
  });
  const cascade = (turn: Turn) =>
    kernels.reduce<Values>(
      ({ data, size }, kernel) => ({ data: convolveDense({ data, size }, turned(kernel, turn), boundary), size }),
      image,
    ).data as Float64Array;
  return pool((pooling ? allTurns(dimensions) : [(offset: Point) => offset]).map(cascade), pooling ?? 'max');
}

/** All angles of a whole round, in a square beyond which the Gaussian is below 1e-7. Lengths in voxels, angles in degrees. */
export function gaborTwin(
  image: Volume,
  { sigma, lambda, gamma, theta }: { sigma: number; lambda: number; gamma: number; theta: number },
  step: number,
  planes: readonly (readonly [number, number])[],
  boundary: Boundary,
  pooling: Pooling,
): Float64Array {
  const reach = Math.ceil(6 * sigma * Math.max(1, 1 / gamma));
  const side = new Array<number>(2 * reach + 1).fill(1);
  const responses = planes.flatMap(([first, second]) =>
    Array.from({ length: Math.round(360 / step) }, (_, k) => {
      const angle = ((theta + k * step) * Math.PI) / 180;
      const lines = [0, 1, 2].map((axis) => (axis === first || axis === second ? side : [1]));
      const kernel = (part: (phase: number) => number): DenseKernel =>
        product(...lines).map(([offset]) => {
          const [u, v] = [offset[first]!, offset[second]!];
          const along = Math.cos(angle) * u + Math.sin(angle) * v;
          const across = -Math.sin(angle) * u + Math.cos(angle) * v;
          const size = Math.exp(-(along ** 2 + (gamma * across) ** 2) / (2 * sigma ** 2));
          return [offset, size * part((2 * Math.PI * along) / lambda)] as const;
        });
      const real = convolveDense(image, kernel(Math.cos), boundary);
      const imaginary = convolveDense(image, kernel(Math.sin), boundary);
      return real.map((value, i) => Math.hypot(value, imaginary[i]!));
    }),
  );
  return pool(responses, pooling);
}
