/** Interpolators by SimpleITK's names: how much each sample of a line counts at a position between them. */
import { PipelineError } from '../errors.ts';
import { suggest } from '../settings.ts';

/** SimpleITK's names of the interpolators that PyRadiomics offers. */
export const interpolators = [
  'sitkNearestNeighbor',
  'sitkLinear',
  'sitkBSpline',
  'sitkGaussian',
  'sitkLabelGaussian',
  'sitkHammingWindowedSinc',
  'sitkCosineWindowedSinc',
  'sitkWelchWindowedSinc',
  'sitkLanczosWindowedSinc',
  'sitkBlackmanWindowedSinc',
] as const;
export type Interpolator = (typeof interpolators)[number];

const shortNames: Record<string, Interpolator> = {
  nearest: 'sitkNearestNeighbor',
  linear: 'sitkLinear',
  bspline: 'sitkBSpline',
  gaussian: 'sitkGaussian',
  labelgaussian: 'sitkLabelGaussian',
  hamming: 'sitkHammingWindowedSinc',
  cosine: 'sitkCosineWindowedSinc',
  welch: 'sitkWelchWindowedSinc',
  lanczos: 'sitkLanczosWindowedSinc',
  blackman: 'sitkBlackmanWindowedSinc',
};

/** The names that the command line takes beside SimpleITK's. */
export const interpolatorNames: readonly string[] = Object.keys(shortNames);

/** SimpleITK's enumeration, which PyRadiomics takes as numbers too. */
const numbered: readonly Interpolator[] = [
  'sitkNearestNeighbor',
  'sitkLinear',
  'sitkBSpline',
  'sitkGaussian',
  'sitkLabelGaussian',
  'sitkHammingWindowedSinc',
  'sitkCosineWindowedSinc',
  'sitkWelchWindowedSinc',
  'sitkLanczosWindowedSinc',
  'sitkBlackmanWindowedSinc',
];

/**
 * The interpolator of a name (SimpleITK's or its short form) or of a number of SimpleITK's enumeration (1 to 10).
 * @throws PipelineError BadSetting
 */
export function parseInterpolator(text: string): Interpolator {
  const exact =
    interpolators.find((name) => name === text) ?? shortNames[text.toLowerCase()] ?? numbered[Number(text) - 1];
  if (exact) return exact;
  const known = [...interpolators, ...interpolatorNames];
  throw new PipelineError(
    'BadSetting',
    `unknown interpolator ${text}.${suggest(text, known)} Known: ${known.join(', ')}`,
  );
}

/** Samples `base`, `base + 1` … of a line with their weights; indices may lie outside it. */
export interface Stencil {
  readonly base: number;
  readonly weights: readonly number[];
}

/** One-dimensional interpolation, and how a line goes on beyond its ends. */
export interface Profile {
  /** The samples that count at a position on a line of `length` samples. */
  stencil(position: number, length: number): Stencil;
  /** Mirrored about the end samples, the end sample repeated, or samples beyond left out and the others normalised. */
  readonly boundary: 'mirror' | 'clamp' | 'cut';
  /** Changes samples even at their own places. */
  readonly smooths?: boolean;
}

/** Pole of the cubic B-spline's recursive filter (Unser 1993). */
export const splinePole = Math.sqrt(3) - 2;

/** Cubic B-spline. */
function spline(x: number): number {
  const a = Math.abs(x);
  if (a < 1) return 2 / 3 - a * a * (1 - a / 2);
  return a < 2 ? (2 - a) ** 3 / 6 : 0;
}

/**
 * Half width beyond which samples count less than 1e-16: prefilter and spline together are one kernel that decays with the
 * pole. ITK cuts its prefilter at 1e-10.
 */
const splineReach = 28;

/**
 * Weight of each sample in the coefficient at distance `k`: the two-sided exponential that inverts the sampled spline.
 */
const prefilter = (k: number): number => ((-6 * splinePole) / (1 - splinePole ** 2)) * splinePole ** Math.abs(k);

/** The cubic B-spline on its coefficients. */
export const splineProfile: Profile = {
  boundary: 'mirror',
  stencil(position) {
    const floor = Math.floor(position);
    return { base: floor - 1, weights: [-1, 0, 1, 2].map((k) => spline(position - floor - k)) };
  },
};

/** From samples to coefficients. */
export const prefilterProfile: Profile = {
  boundary: 'mirror',
  stencil: (position) => ({
    base: position - splineReach,
    weights: Array.from({ length: 2 * splineReach + 1 }, (_, t) => prefilter(t - splineReach)),
  }),
};

/** Interpolating cubic B-spline with mirrored boundary, as ITK's BSplineInterpolateImageFunction of order 3. */
function cardinalSpline(reach: number): Profile {
  return {
    boundary: 'mirror',
    stencil(position) {
      const basis = splineProfile.stencil(position, 0);
      const base = basis.base - reach + 2;
      const weights = Array.from({ length: 2 * reach }, (_, t) =>
        basis.weights.reduce((sum, w, k) => sum + w * prefilter(base + t - basis.base - k), 0),
      );
      return { base, weights };
    },
  };
}

const linear: Profile = {
  boundary: 'clamp',
  stencil(position) {
    const base = Math.floor(position);
    const w = position - base;
    return { base, weights: [1 - w, w] };
  },
};

/** Half width of SimpleITK's windowed sincs. */
const RADIUS = 5;

/** Windows of itkWindowedSincInterpolateImageFunction.h. */
const windows = {
  sitkHammingWindowedSinc: (x: number) => 0.54 + 0.46 * Math.cos((x * Math.PI) / RADIUS),
  sitkCosineWindowedSinc: (x: number) => Math.cos((x * Math.PI) / (2 * RADIUS)),
  sitkWelchWindowedSinc: (x: number) => 1 - (x / RADIUS) ** 2,
  sitkLanczosWindowedSinc: (x: number) => (x === 0 ? 1 : Math.sin((x * Math.PI) / RADIUS) / ((x * Math.PI) / RADIUS)),
  sitkBlackmanWindowedSinc: (x: number) =>
    0.42 + 0.5 * Math.cos((x * Math.PI) / RADIUS) + 0.08 * Math.cos((2 * x * Math.PI) / RADIUS),
};

/** The weights are not normalised, as in ITK: a constant image ripples by up to a per cent. */
function windowedSinc(window: (x: number) => number): Profile {
  return {
    boundary: 'clamp',
    stencil(position) {
      const floor = Math.floor(position);
      const fraction = position - floor;
      const weights = Array.from({ length: 2 * RADIUS }, (_, i) => {
        const x = fraction - (i - RADIUS + 1);
        if (fraction === 0) return i === RADIUS - 1 ? 1 : 0;
        return (window(x) * Math.sin(Math.PI * x)) / (Math.PI * x);
      });
      return { base: floor - RADIUS + 1, weights };
    },
  };
}

/** Error function: the series for small arguments, the continued fraction for large ones; 1e-15. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 100; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

/**
 * Each voxel counts with the Gaussian's integral over it, cut to the line and normalised
 * (itkGaussianInterpolateImageFunction.hxx). @param sigma in voxels @param cutOff in sigmas; SimpleITK sets both
 */
const gaussian = (sigma: number, cutOff: number): Profile => ({
  boundary: 'cut',
  smooths: true,
  stencil(position, length) {
    const reach = sigma * cutOff;
    const base = Math.max(Math.floor(position + 0.5 - reach), 0);
    const end = Math.min(Math.ceil(position + 0.5 + reach), length);
    const edge = (k: number) => erf((k - 0.5 - position) / (Math.SQRT2 * sigma));
    const weights = Array.from({ length: end - base }, (_, i) => edge(base + i + 1) - edge(base + i));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { base, weights: weights.map((w) => w / sum) };
  },
});

const profiles: Record<Exclude<Interpolator, 'sitkNearestNeighbor'>, Profile> = {
  sitkLinear: linear,
  sitkBSpline: cardinalSpline(splineReach),
  sitkGaussian: gaussian(0.8, 4),
  sitkLabelGaussian: gaussian(1, 1),
  sitkHammingWindowedSinc: windowedSinc(windows.sitkHammingWindowedSinc),
  sitkCosineWindowedSinc: windowedSinc(windows.sitkCosineWindowedSinc),
  sitkWelchWindowedSinc: windowedSinc(windows.sitkWelchWindowedSinc),
  sitkLanczosWindowedSinc: windowedSinc(windows.sitkLanczosWindowedSinc),
  sitkBlackmanWindowedSinc: windowedSinc(windows.sitkBlackmanWindowedSinc),
};

export const profileOf = (interpolator: Exclude<Interpolator, 'sitkNearestNeighbor'>): Profile =>
  profiles[interpolator];
