/** The normalisation methods: what each of them is, and the map that it finds for an image. */
import { PipelineError } from '../errors.ts';
import type { Affine, IntensityMap } from './maps.ts';
import type { Statistics } from './measure.ts';
import { findNyulMap, type NyulScale } from './nyul.ts';
import { measureDistribution, measureSampling } from './statistics.ts';
import { type Region, type Subject, samplingIn } from './subject.ts';

/** (x - mean) / SD of the region, for all voxels. */
export interface ZScore {
  readonly name: 'zscore';
  /** Default: image. */
  readonly within?: Region;
  /** 0 (default): SD of the population (divisor n), 1: of the sample (n - 1). */
  readonly ddof?: 0 | 1;
}

/** The region's minimum and maximum become `low` and `high`; voxels outside the region are not clipped. */
export interface MinMax {
  readonly name: 'minmax';
  /** Default: image. */
  readonly within?: Region;
  /** Default 0 and 1. */
  readonly low?: number;
  readonly high?: number;
}

/** PyRadiomics' normalize: z-score of the image with the sample SD, clipped to +-outliers, times scale. */
export interface PyRadiomicsNormalize {
  readonly name: 'pyradiomics';
  /** Setting normalizeScale. Default 1. */
  readonly scale?: number;
  /** Setting removeOutliers, in SD; null (default) for none. */
  readonly outliers?: number | null;
}

/** Clipped to two percentiles of the region, and then perhaps normalised further. */
export interface Clip {
  readonly name: 'clip';
  /** Default: image. */
  readonly within?: Region;
  /** Per cent. */
  readonly percentiles: readonly [low: number, high: number];
  readonly followedBy?: ZScore | MinMax | null;
}

/** (x - median) / (1.4826 MAD) of the region. */
export interface Robust {
  readonly name: 'robust';
  /** Default: image. */
  readonly within?: Region;
}

/** Nyul's histogram standardisation with a scale learned by `fitNyul`. */
export interface Nyul {
  readonly name: 'nyul';
  readonly standard: NyulScale;
}

export type NormaliseMethod = ZScore | MinMax | PyRadiomicsNormalize | Clip | Robust | Nyul;
export type MethodName = NormaliseMethod['name'];

/** SD of a normal distribution in units of its median absolute deviation. */
const MAD_TO_SD = 1.4826;
const unclamped = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** A spread that can be divided by. */
function checkSpread(spread: number, what: string): number {
  if (spread > 0) return spread;
  throw new PipelineError(
    'ConstantImage',
    `expected intensities that differ, found ${what} ${spread}; leave this image out or measure other voxels`,
  );
}

const zscoreMap = ({ mean, populationSd, sampleSd }: Statistics, ddof: 0 | 1 = 0): Affine => {
  const sd = checkSpread(ddof === 0 ? populationSd : sampleSd, 'a standard deviation of');
  return { kind: 'affine', origin: mean, scale: 1 / sd, shift: 0, ...unclamped };
};

const minmaxMap = (minimum: number, maximum: number, { low = 0, high = 1 }: MinMax): Affine => ({
  kind: 'affine',
  origin: minimum,
  scale: (high - low) / checkSpread(maximum - minimum, 'a range of'),
  shift: low,
  ...unclamped,
});

/** The map after clipping to a range: clamps what it makes of the ends. */
function clipped(map: Affine, [low, high]: readonly [number, number]): Affine {
  const ends = [low, high].map((x) => (x - map.origin) * map.scale + map.shift);
  return { ...map, low: Math.min(...ends), high: Math.max(...ends) };
}

async function clipMap(subject: Subject, { within = 'image', percentiles, followedBy = null }: Clip): Promise<Affine> {
  const { engine } = subject;
  const found = await measureDistribution(engine, await samplingIn(subject, within), percentiles);
  const clip = found.percentiles as readonly [number, number];
  if (followedBy === null) return clipped({ kind: 'affine', origin: 0, scale: 1, shift: 0, ...unclamped }, clip);
  // Clamping keeps the order: extremes of the same region become the percentiles.
  const { within: measured = 'image' } = followedBy;
  if (followedBy.name === 'minmax' && measured === within) return clipped(minmaxMap(...clip, followedBy), clip);
  const statistics = await measureSampling(engine, { ...(await samplingIn(subject, measured)), clip });
  const map =
    followedBy.name === 'zscore'
      ? zscoreMap(statistics, followedBy.ddof)
      : minmaxMap(statistics.minimum, statistics.maximum, followedBy);
  return clipped(map, clip);
}

async function robustMap(subject: Subject, { within = 'image' }: Robust): Promise<Affine> {
  const sampling = await samplingIn(subject, within);
  const [median] = (await measureDistribution(subject.engine, sampling, [50])).percentiles as [number];
  const deviations = { ...sampling, deviationFrom: median };
  const [mad] = (await measureDistribution(subject.engine, deviations, [50])).percentiles as [number];
  const scale = 1 / (MAD_TO_SD * checkSpread(mad, 'a median absolute deviation of'));
  return { kind: 'affine', origin: median, scale, shift: 0, ...unclamped };
}

type Finders = {
  readonly [N in MethodName]: (s: Subject, m: Extract<NormaliseMethod, { name: N }>) => Promise<IntensityMap>;
};

/** How each method finds its map: the registry of methods. */
const finders: Finders = {
  zscore: async (subject, { within = 'image', ddof }) =>
    zscoreMap(await measureSampling(subject.engine, await samplingIn(subject, within)), ddof),
  minmax: async (subject, method) => {
    const { minimum, maximum } = await measureSampling(
      subject.engine,
      await samplingIn(subject, method.within ?? 'image'),
    );
    return minmaxMap(minimum, maximum, method);
  },
  pyradiomics: async (subject, { scale = 1, outliers = null }) => {
    const map = zscoreMap(await measureSampling(subject.engine, await samplingIn(subject, 'image')), 1);
    const bound = outliers === null ? Number.POSITIVE_INFINITY : outliers * scale;
    return { ...map, scale: map.scale * scale, low: -bound, high: bound };
  },
  clip: clipMap,
  robust: robustMap,
  nyul: (subject, { standard }) => findNyulMap(subject, standard),
};

/** Names of all methods. */
export const methodNames = Object.keys(finders) as readonly MethodName[];

/** Fits a method to an image. @throws PipelineError EmptyMask, NonFiniteImage, ConstantImage, BadSetting, GeometryMismatch */
export function findMap(subject: Subject, method: NormaliseMethod): Promise<IntensityMap> {
  const find = finders[method.name] as (s: Subject, m: NormaliseMethod) => Promise<IntensityMap>;
  return find(subject, method);
}
