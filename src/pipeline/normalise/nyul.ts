/**
 * Histogram standardisation: percentiles of each image are moved to those of a standard scale, linearly between them.
 * Nyul and Udupa 1999 (landmarks p1, p10 ... p90, p99 of the voxels above the mean; the ends of the scale fixed).
 */
import { z } from 'zod';
import type { Engine } from '../../engine/index.ts';
import { maskToDevice } from '../device-mask.ts';
import { buffersOf, toDevice } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { Mask, Volume } from '../volume.ts';
import type { Piecewise } from './maps.ts';
import { measureDistribution } from './statistics.ts';
import { type Region, regions, type Subject, samplingIn } from './subject.ts';

const ascending = (values: readonly number[]): boolean =>
  values.every((v, i) => i === 0 || v > (values[i - 1] as number));

const schema = z
  .strictObject({
    format: z.literal('voxomics-nyul'),
    version: z.literal(1),
    within: z.enum(regions),
    /** Per cent, ascending. */
    percentiles: z
      .array(z.number().min(0).max(100))
      .min(2)
      .refine(ascending, 'expected ascending percentiles')
      .readonly(),
    /** Where the percentiles lie on the standard scale. */
    landmarks: z.array(z.number()).min(2).readonly(),
    /** Number of images it was learned from. */
    images: z.int().positive(),
  })
  .refine((s) => s.landmarks.length === s.percentiles.length, 'expected as many landmarks as percentiles');

/** A standard scale: plain data, to be stored as JSON. */
export type NyulScale = Readonly<z.output<typeof schema>>;

/**
 * Checks a stored scale.
 * @param json what JSON.parse made of the file
 * @throws PipelineError BadSetting
 */
export function parseNyul(json: unknown): NyulScale {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const path = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw new PipelineError(
    'BadSetting',
    `expected a Nyul scale of version 1 as fitNyul returns it, found ${path}${issue.message}; learn it again`,
  );
}

/** One image of a cohort. */
export interface NyulImage {
  readonly image: Volume;
  /** Needed where landmarks are taken inside masks. */
  readonly mask?: Mask;
}

export interface NyulOptions {
  /** Voxels that the landmarks are taken of. Default `above-mean`. */
  readonly within?: Region;
  /** Per cent, ascending, at least two. Default 1, 10, 20 ... 90, 99. */
  readonly percentiles?: readonly number[];
  /** Ends of the standard scale. Default 0 and 100. */
  readonly range?: readonly [number, number];
}

const DEFAULT_PERCENTILES = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99] as const;

async function landmarksOf(
  subject: Subject,
  within: Region,
  percentiles: readonly number[],
): Promise<readonly number[]> {
  return (await measureDistribution(subject.engine, await samplingIn(subject, within), percentiles)).percentiles;
}

async function landmarksOfImage(
  engine: Engine,
  { image, mask }: NyulImage,
  within: Region,
  percentiles: readonly number[],
): Promise<readonly number[]> {
  const device = await toDevice(engine, image);
  const deviceMask = mask ? await maskToDevice(engine, mask) : null;
  try {
    return await landmarksOf({ engine, image: device, mask: deviceMask }, within, percentiles);
  } finally {
    engine.release(...buffersOf(device), ...(deviceMask ? [deviceMask.inside] : []));
  }
}

/**
 * Learns a standard scale: the mean of the cohort's landmarks, each image's ends first moved to the ends of the scale.
 * Images are taken one after the other, so that a cohort may be read while it is learned from.
 * @throws PipelineError BadSetting for an empty cohort or options that make no scale; ConstantImage, EmptyMask, NonFiniteImage
 */
export async function fitNyul(
  engine: Engine,
  cohort: Iterable<NyulImage> | AsyncIterable<NyulImage>,
  { within = 'above-mean', percentiles = DEFAULT_PERCENTILES, range = [0, 100] }: NyulOptions = {},
): Promise<NyulScale> {
  if (percentiles.length < 2 || !ascending(percentiles)) {
    throw new PipelineError(
      'BadSetting',
      `expected two or more ascending percentiles, found ${percentiles.join(', ')}`,
    );
  }
  if (!ascending(range))
    throw new PipelineError('BadSetting', `expected an ascending range, found ${range.join(', ')}`);
  const [low, high] = range;
  const sums = percentiles.map(() => 0);
  let images = 0;
  for await (const member of cohort) {
    const landmarks = await landmarksOfImage(engine, member, within, percentiles);
    const [first, last] = [landmarks[0], landmarks.at(-1)] as [number, number];
    if (!(last > first)) {
      throw new PipelineError(
        'ConstantImage',
        `expected percentiles ${percentiles[0]} and ${percentiles.at(-1)} of image ${images + 1} to differ, found ${first} for both; leave it out`,
      );
    }
    landmarks.forEach((x, i) => {
      sums[i]! += low + ((x - first) / (last - first)) * (high - low);
    });
    images++;
  }
  if (images === 0) throw new PipelineError('BadSetting', 'expected images to learn a scale from, found none');
  const landmarks = sums.map((sum) => sum / images);
  return { format: 'voxomics-nyul', version: 1, within, percentiles: [...percentiles], landmarks, images };
}

/** The map from landmarks to the standard scale. Of equal landmarks (coarse integer images) the first counts. */
function mapTo(landmarks: readonly number[], { landmarks: standard }: NyulScale): Piecewise {
  const kept = landmarks.flatMap((x, i) => (i === 0 || x > (landmarks[i - 1] as number) ? [i] : []));
  if (kept.length < 2) {
    throw new PipelineError(
      'ConstantImage',
      `expected landmarks that differ, found ${landmarks[0]} for all; leave this image out or measure other voxels`,
    );
  }
  return {
    kind: 'piecewise',
    from: kept.map((i) => landmarks[i] as number),
    to: kept.map((i) => standard[i] as number),
  };
}

/** The map of an image to a standard scale. @throws PipelineError ConstantImage, EmptyMask, NonFiniteImage, BadSetting */
export async function findNyulMap(subject: Subject, standard: NyulScale): Promise<Piecewise> {
  return mapTo(await landmarksOf(subject, standard.within, standard.percentiles), standard);
}
