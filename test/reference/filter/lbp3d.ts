/** CPU twin of filter/lbp3d: PyRadiomics' getLBP3DImage with SciPy's spline, kurtosis and spherical harmonics, in float64. */
import { icosphere } from '../../../src/pipeline/filter/icosphere.ts';
import type { Vec3, Volume } from '../../../src/pipeline/volume.ts';

export interface Lbp3dCase {
  readonly lbp3DLevels: number;
  readonly lbp3DIcosphereRadius: number;
  readonly lbp3DIcosphereSubdivision: number;
}

const pole = Math.sqrt(3) - 2;

/** scipy.ndimage.spline_filter1d of order 3, mode mirror. */
function filterLine(samples: readonly number[]): number[] {
  const n = samples.length;
  if (n === 1) return [...samples];
  const c = samples.map((s) => 6 * s);
  let first = c[0]! + pole ** (n - 1) * c[n - 1]!;
  for (let k = 1; k < n - 1; k++) first += (pole ** k + pole ** (2 * n - 2 - k)) * c[k]!;
  c[0] = first / (1 - pole ** (2 * n - 2));
  for (let k = 1; k < n; k++) c[k]! += pole * c[k - 1]!;
  c[n - 1] = (pole / (pole * pole - 1)) * (c[n - 1]! + pole * c[n - 2]!);
  for (let k = n - 2; k >= 0; k--) c[k] = pole * (c[k + 1]! - c[k]!);
  return c;
}

function coefficientsOf({ data, size }: Volume): Float64Array {
  const values = Float64Array.from(data);
  const strides = [1, size[0], size[0] * size[1]];
  for (const axis of [0, 1, 2] as const) {
    values.forEach((_, start) => {
      if (Math.floor(start / strides[axis]!) % size[axis] !== 0) return;
      const places = Array.from({ length: size[axis] }, (_x, k) => start + k * strides[axis]!);
      filterLine(places.map((p) => values[p]!)).forEach((c, k) => {
        values[places[k]!] = c;
      });
    });
  }
  return values;
}

function mirror(index: number, n: number): number {
  if (n === 1) return 0;
  const phase = ((index % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2);
  return Math.min(phase, 2 * n - 2 - phase);
}

function basis(x: number): number {
  const a = Math.abs(x);
  return a < 1 ? 2 / 3 - a * a + (a * a * a) / 2 : a < 2 ? (2 - a) ** 3 / 6 : 0;
}

/** scipy.ndimage.map_coordinates of order 3, mode constant, rounded to the type of the image. */
function sampleAt(volume: Volume, coefficients: Float64Array, position: Vec3): number {
  const { size, data } = volume;
  if (position.some((p, a) => p < 0 || p > size[a]! - 1)) return 0;
  const floors = position.map(Math.floor) as unknown as Vec3;
  let sum = 0;
  for (let z = -1; z <= 2; z++)
    for (let y = -1; y <= 2; y++)
      for (let x = -1; x <= 2; x++) {
        const at = [x, y, z].map((d, a) => floors[a]! + d) as unknown as Vec3;
        const weight = at.reduce((product, i, a) => product * basis(position[a]! - i), 1);
        const [i, j, k] = at.map((index, a) => mirror(index, size[a]!)) as unknown as Vec3;
        sum += weight * coefficients[i + size[0] * (j + size[1] * k)]!;
      }
  if (data instanceof Float64Array) return sum;
  if (data instanceof Float32Array) return Math.fround(sum);
  const whole = Math.trunc(sum > 0 ? sum + 0.5 : sum - 0.5);
  const bits = 8 * data.BYTES_PER_ELEMENT;
  const signed = /^Int/.test(data.constructor.name);
  return Math.min(Math.max(whole, signed ? -(2 ** (bits - 1)) : 0), signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1);
}

/** scipy.stats.kurtosis. */
function kurtosis(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const moment = (power: number) => values.reduce((sum, x) => sum + (x - mean) ** power, 0) / values.length;
  return moment(2) <= (1e-15 * mean) ** 2 ? Number.NaN : moment(4) / moment(2) ** 2 - 3;
}

/** Legendre functions of degrees 0 to 3, without Condon and Shortley's sign. */
const legendre: Readonly<Record<string, (x: number, s: number) => number>> = {
  '0,0': () => 1,
  '1,0': (x) => x,
  '1,1': (_x, s) => s,
  '2,0': (x) => (3 * x * x - 1) / 2,
  '2,1': (x, s) => 3 * x * s,
  '2,2': (_x, s) => 3 * s * s,
  '3,0': (x) => (5 * x ** 3 - 3 * x) / 2,
  '3,1': (x, s) => (3 / 2) * (5 * x * x - 1) * s,
  '3,2': (x, s) => 15 * x * s * s,
  '3,3': (_x, s) => 15 * s ** 3,
};

type Complex = readonly [number, number];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const plus = ([a, b]: Complex, [c, d]: Complex): Complex => [a + c, b + d];
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** scipy.special.sph_harm(m, n, azimuth, polar). */
function harmonic(m: number, n: number, azimuth: number, polar: number): Complex {
  const k = Math.abs(m);
  const x = Math.cos(polar);
  const sign = m > 0 && k % 2 === 1 ? -1 : 1;
  const scale = Math.sqrt((((2 * n + 1) / (4 * Math.PI)) * factorial(n - k)) / factorial(n + k));
  const value = sign * scale * legendre[`${n},${k}`]!(x, Math.sqrt(1 - x * x));
  return [value * Math.cos(m * azimuth), value * Math.sin(m * azimuth)];
}

/** The square root of a complex number, real part. */
const rootOf = ([a, b]: Complex): number => Math.sqrt((Math.hypot(a, b) + a) / 2);

/** Values of the voxels of the mask, in their order, under the names of the images; up to four levels. */
export function lbp3d(volume: Volume, mask: ArrayLike<number>, settings: Lbp3dCase): Map<string, number[]> {
  const { lbp3DLevels: levels, lbp3DIcosphereRadius: radius } = settings;
  const { size, data } = volume;
  const points = icosphere(settings.lbp3DIcosphereSubdivision, radius);
  const coefficients = coefficientsOf(volume);
  // PyRadiomics hands over the polar angle as the azimuth and the other way round.
  const Y = Array.from({ length: levels }, (_, n) =>
    Array.from({ length: 2 * n + 1 }, (_x, k) =>
      points.map(([x, y, z]) => harmonic(k - n, n, Math.acos(z / radius), Math.atan2(y, x))),
    ),
  );
  const found = new Map<string, number[]>();
  const put = (name: string, value: number) => found.set(name, [...(found.get(name) ?? []), value]);
  Array.from(data).forEach((centre, index) => {
    if (mask[index] !== 1) return;
    const at = [index % size[0], Math.floor(index / size[0]) % size[1], Math.floor(index / size[0] / size[1])] as const;
    const samples = points.map(([a, b, c]) => sampleAt(volume, coefficients, [at[0] + c, at[1] + b, at[2] + a]));
    const bits = samples.map((s) => Number(s >= centre));
    Y.forEach((functions, n) => {
      const c = functions.map((y) => y.reduce<Complex>((sum, v, p) => plus(sum, times(v, [bits[p]!, 0])), [0, 0]));
      const f = points.map((_, p) => functions.reduce<Complex>((sum, y, m) => plus(sum, times(c[m]!, y[p]!)), [0, 0]));
      put(`lbp-3D-m${n + 1}`, rootOf(f.reduce<Complex>((sum, v) => plus(sum, times(v, v)), [0, 0])));
    });
    put('lbp-3D-k', kurtosis(samples));
  });
  return found;
}
