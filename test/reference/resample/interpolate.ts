/** CPU twin of resampling: every voxel by itself, from the definitions, in float64. */
import { gridToGrid } from '../../../src/pipeline/geometry.ts';
import type { Interpolator } from '../../../src/pipeline/resample/index.ts';
import type { Geometry, Vec3 } from '../../../src/pipeline/volume.ts';

export interface Samples extends Geometry {
  readonly data: ArrayLike<number>;
}

/** Value at a position in voxels inside the image. */
type Sampler = (position: readonly number[]) => number;

const clamp = (k: number, n: number) => Math.min(Math.max(k, 0), n - 1);

/** Mirrored about the end samples. */
function mirror(k: number, n: number): number {
  let index = k;
  while (n > 1 && (index < 0 || index > n - 1)) index = index < 0 ? -index : 2 * (n - 1) - index;
  return n === 1 ? 0 : index;
}

/** The weights of the samples `first`, `first + 1` … along an axis. */
interface Weights {
  readonly first: number;
  readonly weights: readonly number[];
}

/** The sum over the product of three lists of weights. */
function weigh(
  { size, data }: Pick<Samples, 'size' | 'data'>,
  [x, y, z]: readonly [Weights, Weights, Weights],
  fold: (k: number, n: number) => number,
): number {
  let sum = 0;
  z.weights.forEach((wz, c) => {
    y.weights.forEach((wy, b) => {
      x.weights.forEach((wx, a) => {
        const [i, j, k] = [fold(x.first + a, size[0]), fold(y.first + b, size[1]), fold(z.first + c, size[2])];
        sum += wx * wy * wz * data[i + size[0] * (j + size[1] * k)]!;
      });
    });
  });
  return sum;
}

const along = (f: (axis: 0 | 1 | 2) => Weights): [Weights, Weights, Weights] => [f(0), f(1), f(2)];

function linearWeights(p: number): Weights {
  const first = Math.floor(p);
  return { first, weights: [1 - (p - first), p - first] };
}

/** Solves (c[k - 1] + 4 c[k] + c[k + 1]) / 6 = s[k], mirrored at the ends, by elimination. */
function splineCoefficients(line: readonly number[]): number[] {
  const n = line.length;
  if (n === 1) return [...line];
  const upper = line.map((_, k) => (k === 0 ? 2 / 6 : 1 / 6));
  const lower = line.map((_, k) => (k === n - 1 ? 2 / 6 : 1 / 6));
  const diagonal = line.map(() => 4 / 6);
  const right = [...line];
  for (let k = 1; k < n; k++) {
    const factor = lower[k]! / diagonal[k - 1]!;
    diagonal[k]! -= factor * upper[k - 1]!;
    right[k]! -= factor * right[k - 1]!;
  }
  for (let k = n - 1; k >= 0; k--) {
    right[k] = (right[k]! - (k === n - 1 ? 0 : upper[k]! * right[k + 1]!)) / diagonal[k]!;
  }
  return right;
}

/** Coefficients of the interpolating spline of an image. */
function splineImage({ data, size }: Samples): { data: number[]; size: Vec3 } {
  const values = Array.from(data);
  const strides = [1, size[0], size[0] * size[1]];
  for (const axis of [0, 1, 2] as const) {
    const [n, step] = [size[axis], strides[axis]!];
    for (let start = 0; start < values.length; start++) {
      if (Math.floor(start / step) % n !== 0) continue;
      const places = Array.from({ length: n }, (_, k) => start + k * step);
      splineCoefficients(places.map((i) => values[i]!)).forEach((c, k) => {
        values[places[k]!] = c;
      });
    }
  }
  return { data: values, size };
}

/** The cubic B-spline. */
function basis(x: number): number {
  const a = Math.abs(x);
  if (a < 1) return (4 - 6 * a ** 2 + 3 * a ** 3) / 6;
  return a < 2 ? (2 - a) ** 3 / 6 : 0;
}

function splineWeights(p: number): Weights {
  const first = Math.floor(p) - 1;
  return { first, weights: [0, 1, 2, 3].map((k) => basis(p - first - k)) };
}

/** Samples on each side in SimpleITK's windowed sincs. */
const RADIUS = 5;

const windows: Partial<Record<Interpolator, (x: number) => number>> = {
  sitkHammingWindowedSinc: (x) => 0.54 + 0.46 * Math.cos((Math.PI * x) / RADIUS),
  sitkCosineWindowedSinc: (x) => Math.cos((Math.PI * x) / (2 * RADIUS)),
  sitkWelchWindowedSinc: (x) => 1 - (x / RADIUS) ** 2,
  sitkLanczosWindowedSinc: (x) => sinc(x / RADIUS),
  sitkBlackmanWindowedSinc: (x) =>
    0.42 + 0.5 * Math.cos((Math.PI * x) / RADIUS) + 0.08 * Math.cos((2 * Math.PI * x) / RADIUS),
};

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

function sincWeights(p: number, window: (x: number) => number): Weights {
  const first = Math.floor(p) - RADIUS + 1;
  if (Number.isInteger(p)) return { first: p, weights: [1] };
  return { first, weights: Array.from({ length: 2 * RADIUS }, (_, k) => sinc(p - first - k) * window(p - first - k)) };
}

/** The integral of a Gaussian of unit height over a voxel, by Simpson's rule. */
function gaussianMass(distance: number, sigma: number): number {
  const STEPS = 200;
  let sum = 0;
  for (let i = 0; i <= STEPS; i++) {
    const x = distance - 0.5 + i / STEPS;
    sum += (i === 0 || i === STEPS ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-(x ** 2) / (2 * sigma ** 2));
  }
  return sum;
}

/** Weights inside the line within `cutOff` sigmas, their sum one. */
export function gaussianWeights(p: number, n: number, sigma: number, cutOff: number): Weights {
  const first = Math.max(0, Math.floor(p + 0.5 - sigma * cutOff));
  const end = Math.min(n, Math.ceil(p + 0.5 + sigma * cutOff));
  const masses = Array.from({ length: end - first }, (_, k) => gaussianMass(first + k - p, sigma));
  const total = masses.reduce((a, b) => a + b, 0);
  return { first, weights: masses.map((m) => m / total) };
}

/** The interpolator of an image, but for those that pick values. */
function samplerOf(image: Samples, interpolator: Interpolator): Sampler {
  const { size } = image;
  if (interpolator === 'sitkNearestNeighbor')
    return (p) =>
      weigh(
        image,
        along((i) => ({ first: Math.floor(p[i]! + 0.5), weights: [1] })),
        clamp,
      );
  if (interpolator === 'sitkLinear')
    return (p) =>
      weigh(
        image,
        along((i) => linearWeights(p[i]!)),
        clamp,
      );
  if (interpolator === 'sitkGaussian')
    return (p) =>
      weigh(
        image,
        along((i) => gaussianWeights(p[i]!, size[i], 0.8, 4)),
        clamp,
      );
  if (interpolator === 'sitkBSpline') {
    const coefficients = splineImage(image);
    return (p) =>
      weigh(
        coefficients,
        along((i) => splineWeights(p[i]!)),
        mirror,
      );
  }
  const window = windows[interpolator];
  if (!window) throw new Error(`no twin of ${interpolator}`);
  return (p) =>
    weigh(
      image,
      along((i) => sincWeights(p[i]!, window)),
      clamp,
    );
}

/** Positions within this of a sample are on it: what two changes of coordinates in float64 leave. */
const ON_SAMPLE = 1e-9;

/** The positions of all voxels of a grid in voxels of an image; null outside: half a voxel beyond the outer centres. */
export function positionsIn(image: Geometry, grid: Geometry): (number[] | null)[] {
  const toImage = gridToGrid(grid, image);
  const [nx, ny, nz] = grid.size;
  return Array.from({ length: nx * ny * nz }, (_, k) => {
    const index = [k % nx, Math.floor(k / nx) % ny, Math.floor(k / nx / ny)];
    const at = toImage(index).map((x) => (Math.abs(x - Math.round(x)) < ON_SAMPLE ? Math.round(x) : x));
    const position = [at[0]!, at[1]!, at[2] ?? index[2]!];
    return position.every((x, i) => x >= -0.5 && x < image.size[i]! - 0.5) ? position : null;
  });
}

/** The image on a grid. @param outside value beyond the image */
export function interpolate(image: Samples, grid: Geometry, interpolator: Interpolator, outside: number): Float64Array {
  const sample = samplerOf(image, interpolator);
  return Float64Array.from(positionsIn(image, grid), (p) => (p === null ? outside : sample(p)));
}
