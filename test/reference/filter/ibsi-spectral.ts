/** CPU twin of IBSI 2's filters that are defined by their frequencies: plain Fourier transforms, complex filters, float64. */
import type { Boundary } from '../../../src/pipeline/filter/ibsi/index.ts';
import type { Vec3, Volume } from '../../../src/pipeline/volume.ts';
import { type ComplexVolume, dftAxes } from '../fourier/transform.ts';
import { beyond, type DenseKernel, logKernel } from './ibsi.ts';

/** Least length from n on whose only prime factors are 2, 3 and 5. */
function smooth(n: number): number {
  const rest = [2, 3, 5].reduce((m, p) => {
    let left = m;
    while (left % p === 0) left /= p;
    return left;
  }, n);
  return rest === 1 ? n : smooth(n + 1);
}

const positionOf = (k: number, [nx, ny]: Vec3): Vec3 => [k % nx, Math.floor(k / nx) % ny, Math.floor(k / nx / ny)];

/** How a filter sees the image: repeated, after what is beyond its border has been added. */
interface Spectral {
  readonly dimensions: 2 | 3;
  readonly boundary: Boundary;
  /** Voxels added on both sides where the image is not periodic. */
  readonly reach: number;
  readonly riesz: readonly number[];
}

/**
 * @param filterOf the frequencies of the filter on a grid
 * @returns the real part of the response
 */
function spectralTwin(
  image: Volume,
  { dimensions, boundary, reach, riesz }: Spectral,
  filterOf: (size: Vec3, radius: (k: number) => number) => ArrayLike<number>,
): Float64Array {
  const isContinued = (a: number) => boundary !== 'periodic' && a < dimensions;
  const before = image.size.map((_, a) => (isContinued(a) ? reach : 0)) as unknown as Vec3;
  const size = image.size.map((n, a) => (isContinued(a) ? smooth(n + 2 * reach) : n)) as unknown as Vec3;
  const count = size[0] * size[1] * size[2];
  const [nx, ny, nz] = image.size;
  const re = Float64Array.from({ length: count }, (_, k) => {
    const [x, y, z] = positionOf(k, size).map((p, a) =>
      beyond(p - before[a]!, image.size[a]!, boundary),
    ) as unknown as Vec3;
    return Number.isNaN(x + y + z) ? 0 : image.data[x + nx * (y + ny * z)]!;
  });
  const axes = ([0, 1, 2] as const).slice(0, dimensions);
  const spectrum = dftAxes({ re, im: new Float64Array(count), size }, axes, -1);
  // Frequencies in the order of the transform: -1 to 1 with 0 in the middle, halves of the line exchanged.
  const coordinates = (k: number) =>
    positionOf(k, size).map((p, a) => {
      const n = size[a]!;
      if (a >= dimensions || n === 1) return 0;
      return (((p + Math.floor(n / 2)) % n) - (n - 1) / 2) / ((n - 1) / 2);
    });
  const radius = (k: number) => Math.hypot(...coordinates(k));
  const filter = filterOf(size, radius);
  const order = riesz.reduce((a, b) => a + b, 0);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const norm = Math.sqrt(factorial(order) / riesz.reduce((product, l) => product * factorial(l), 1));
  /** (-i)^order */
  const [turnRe, turnIm] = [
    [1, 0],
    [0, -1],
    [-1, 0],
    [0, 1],
  ][order % 4] as [number, number];
  const made: ComplexVolume = { re: new Float64Array(count), im: new Float64Array(count), size };
  for (let k = 0; k < count; k++) {
    const powers = riesz.reduce((product, l, a) => product * coordinates(k)[a]! ** l, 1);
    const direction = order === 0 ? 1 : radius(k) === 0 ? 0 : (norm * powers) / radius(k) ** order;
    const value = filter[k]! * direction;
    const [a, b] = [spectrum.re[k]!, spectrum.im[k]!];
    made.re[k] = value * (a * turnRe - b * turnIm);
    made.im[k] = value * (a * turnIm + b * turnRe);
  }
  const back = dftAxes(made, axes, 1).re;
  const turns = axes.reduce<number>((product, a) => product * size[a], 1);
  return Float64Array.from({ length: nx * ny * nz }, (_, k) => {
    const [x, y, z] = positionOf(k, image.size).map((p, a) => p + before[a]!) as unknown as Vec3;
    return back[x + size[0] * (y + size[1] * z)]! / turns;
  });
}

export const simoncelliTwin = (image: Volume, level: number, how: Omit<Spectral, 'reach'>): Float64Array =>
  spectralTwin(image, { ...how, reach: 8 * 2 ** level }, (size, radius) => {
    const top = 2 ** (1 - level);
    return Float64Array.from({ length: size[0] * size[1] * size[2] }, (_, k) => {
      const r = radius(k);
      return r >= top / 4 && r <= top ? Math.cos((Math.PI / 2) * Math.log2((2 * r) / top)) : 0;
    });
  });

/** The frequencies of a kernel of any shape, which is its own mirror image: they are real. */
function frequenciesOf(kernel: DenseKernel, size: Vec3, dimensions: 2 | 3): Float64Array {
  const re = new Float64Array(size[0] * size[1] * size[2]);
  const planes = dimensions === 2 ? size[2] : 1;
  for (const [offset, weight] of kernel) {
    const [x, y, z] = offset.map((d, a) => ((d % size[a]!) + size[a]!) % size[a]!) as unknown as Vec3;
    // In planes each has the kernel to itself.
    for (let plane = 0; plane < planes; plane++) re[x + size[0] * (y + size[1] * (z + plane))]! += weight;
  }
  const axes = ([0, 1, 2] as const).slice(0, dimensions);
  return dftAxes({ re, im: new Float64Array(re.length), size }, axes, -1).re;
}

/** The Riesz transform of a Laplacian of Gaussian. @param sigma voxels */
export const rieszLogTwin = (
  image: Volume,
  sigma: number,
  truncate: number,
  how: Omit<Spectral, 'reach'>,
): Float64Array =>
  spectralTwin(image, { ...how, reach: 2 * Math.floor(truncate * sigma + 0.5) }, (size) =>
    frequenciesOf(logKernel(sigma, truncate, how.dimensions), size, how.dimensions),
  );
