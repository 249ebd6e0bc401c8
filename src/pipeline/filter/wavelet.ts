/** filter/wavelet: undecimated wavelet decomposition on the GPU, as PyRadiomics makes its wavelet images. */
import source from '../../../shaders/filter/wavelet.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { type Box, boxSize, wholeBox } from '../box.ts';
import type { PartialVolume } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { Stretch } from '../resample/axis.ts';
import { splitPairs } from '../twofold.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { boxGrid } from '../geometry.ts';
import type { FilteredImage } from './filtered-image.ts';
import { singleBank, type WaveletBank, waveletBank } from './wavelet-bank.ts';

export const wavelet = defineKernel({
  name: 'filter/wavelet',
  source,
  bindings: {
    params: 'uniform',
    samples: 'read',
    tails: 'read',
    places: 'read',
    filters: 'read',
    low: 'read_write',
    low_tails: 'read_write',
    high: 'read_write',
    high_tails: 'read_write',
  },
  workgroup: 64,
});

/** PyRadiomics' settings of the wavelet images, by their names there. */
export interface WaveletSettings {
  /** A discrete wavelet of PyWavelets. Default coif1. */
  readonly wavelet?: string;
  /** Number of decompositions, each of the approximation of the one before. Default 1. */
  readonly level?: number;
  /** Decompositions before the first whose images are wanted. Default 0. */
  readonly start_level?: number;
  /** Leave one axis unfiltered. Default false. */
  readonly force2D?: boolean;
  /** That axis, counted from the slowest: 0 is z of an image of three dimensions. Default 0. */
  readonly force2Ddimension?: number;
}

type Axis = 0 | 1 | 2;
type Stretches = readonly [Stretch, Stretch, Stretch];

/** Samples on the GPU and the part of the padded image that they cover. Positions are periodic. */
interface Samples {
  readonly buffer: BufferRef;
  readonly tails: BufferRef | null;
  /** First position (may be negative) and count along each axis. */
  readonly covers: Stretches;
}

/** What decides which samples a decomposition reads. */
interface Lengths {
  readonly taps: number;
  /** Filtered axes in the order of the letters of a name. */
  readonly axes: readonly Axis[];
  /** Sizes of the padded image: even along filtered axes. */
  readonly period: readonly [number, number, number];
}

/** What stays the same during a decomposition. */
interface Transform extends Lengths {
  readonly rec: Recording;
  readonly single: boolean;
  /** Both filters, as the shader takes them. */
  readonly filters: BufferRef;
}

const LOW = 1;
const HIGH = 2;
const BOTH = 3;

/** Pairs of samples per invocation. */
const STRIP = 8;

const modulo = (position: number, period: number): number => ((position % period) + period) % period;

/** Offset along an axis of a position; PyRadiomics pads odd axes of the image with its first voxel. */
function indexOf(position: number, { first, count }: Stretch, period: number): number {
  const index = modulo(position - first, period);
  return index < count ? index : 0;
}

/** What a filter reads to make a stretch: the whole period where it would wrap round. */
function support({ first, count }: Stretch, taps: number, period: number): Stretch {
  if (count + taps - 1 >= period) return { first: 0, count: period };
  return { first: first + taps / 2 - (taps - 1), count: count + taps - 1 };
}

/** The shader's `places`. */
function placesOf(
  { taps, period }: Transform,
  covers: Stretches,
  axis: Axis,
  out: Stretches,
  pairs: Vec3,
): Uint32Array {
  const strides = [1, covers[0].count, covers[0].count * covers[1].count] as const;
  const offset = (i: Axis, position: number) => strides[i] * indexOf(position, covers[i], period[i]);
  const others = ([0, 1, 2] as const).flatMap((i) =>
    Array.from({ length: pairs[i] }, (_, k) => (i === axis ? 0 : offset(i, out[i].first + k))),
  );
  const from = out[axis].first + taps / 2 - (taps - 1);
  const along = Array.from({ length: 2 * pairs[axis] + taps - 1 }, (_, k) => offset(axis, from + k));
  return Uint32Array.from([...others, ...along]);
}

const sizeOf = (covers: Stretches) => [covers[0].count, covers[1].count, covers[2].count] as const;

/** Filters along one axis. @param out what the results cover */
function recordStep(
  transform: Transform,
  { buffer, tails, covers }: Samples,
  axis: Axis,
  out: Stretches,
  bands: typeof LOW | typeof BOTH | typeof HIGH,
): readonly [low: Samples, high: Samples] {
  const { rec, single, taps, filters } = transform;
  const size = sizeOf(out);
  const bytes = 4 * size[0] * size[1] * size[2];
  const result = (name: string, made: boolean) => rec.buffer(`filter/wavelet.${name}`, made ? bytes : 4);
  const low = result('low', (bands & LOW) !== 0);
  const high = result('high', (bands & HIGH) !== 0);
  const low_tails = result('low_tails', !single && (bands & LOW) !== 0);
  const high_tails = result('high_tails', !single && (bands & HIGH) !== 0);
  const halved = (i: Axis) => (i === axis ? Math.ceil(size[i] / 2) : size[i]);
  const pairs: Vec3 = [halved(0), halved(1), halved(2)];
  const strips = Math.ceil(pairs[1] / STRIP);
  const length = pairs[0] * strips * pairs[2];
  const params = {
    size,
    axis,
    pairs,
    taps,
    first: modulo(out[axis].first, transform.period[axis]),
    period: transform.period[axis],
    strip: STRIP,
    strips,
    length,
    has_tails: Number(tails !== null),
    single: Number(single),
    bands,
    zero: 0,
  };
  const places = rec.upload('filter/wavelet.places', placesOf(transform, covers, axis, out, pairs));
  const buffers = { samples: buffer, tails: tails ?? buffer, places, filters, low, low_tails, high, high_tails };
  rec.dispatch(wavelet, { params, ...buffers }, length);
  const samples = (values: BufferRef, rest: BufferRef): Samples => ({
    buffer: values,
    tails: single ? null : rest,
    covers: out,
  });
  return [samples(low, low_tails), samples(high, high_tails)];
}

/** What a step along `axes[0]` must make so that the later axes can make `wanted`. */
const stepCovers = ({ taps, period }: Lengths, wanted: Stretches, later: readonly Axis[]): Stretches => {
  const cover = (i: Axis) => (later.includes(i) ? support(wanted[i], taps, period[i]) : wanted[i]);
  return [cover(0), cover(1), cover(2)];
};

/** The low pass along all axes. */
function recordApproximation(transform: Transform, samples: Samples, wanted: Stretches): Samples {
  return transform.axes.reduce((current, axis, k) => {
    const out = stepCovers(transform, wanted, transform.axes.slice(k + 1));
    return recordStep(transform, current, axis, out, LOW)[0];
  }, samples);
}

/** A band and its letters, one per filtered axis. */
type Band = readonly [letters: string, samples: Samples];

/**
 * All bands in the order of their letters, L before H.
 * @param approximation whether the low pass along all axes is wanted, which comes first
 */
function recordBands(transform: Transform, samples: Samples, wanted: Stretches, approximation: boolean): Band[] {
  let bands: Band[] = [['', samples]];
  transform.axes.forEach((axis, k) => {
    const later = transform.axes.slice(k + 1);
    const out = stepCovers(transform, wanted, later);
    bands = bands.flatMap(([letters, current]): Band[] => {
      const detailOnly = !approximation && later.length === 0 && !letters.includes('H');
      const [low, high] = recordStep(transform, current, axis, out, detailOnly ? HIGH : BOTH);
      const highBand: Band = [`${letters}H`, high];
      return detailOnly ? [highBand] : [[`${letters}L`, low], highBand];
    });
  });
  return bands;
}

function checkCount(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new PipelineError('BadSetting', `${name}: expected a whole number of at least ${least}, found ${value}`);
}

const nameOf = ({ wavelet: name = 'coif1' }: WaveletSettings): string => name;

/** Decompositions before the first whose images are wanted, and all. */
function levelsOf({ level = 1, start_level = 0 }: WaveletSettings): { readonly start: number; readonly last: number } {
  checkCount('level', level, 1);
  checkCount('start_level', start_level, 0);
  return { start: start_level, last: start_level + level };
}

/** The axes that are filtered, in the order of the letters. */
function axesOf(dimension: 2 | 3, { force2D = false, force2Ddimension = 0 }: WaveletSettings): Axis[] {
  const axes: Axis[] = dimension === 3 ? [0, 1, 2] : [0, 1];
  if (!force2D) return axes;
  if (!Number.isInteger(force2Ddimension) || force2Ddimension < 0 || force2Ddimension >= dimension)
    throw new PipelineError(
      'BadSetting',
      `force2Ddimension: expected 0 to ${dimension - 1}, found ${force2Ddimension}; 0 is the slowest axis`,
    );
  return axes.filter((axis) => axis !== dimension - 1 - force2Ddimension);
}

function lengthsOf({ dimension, size }: Geometry, { low }: WaveletBank, settings: WaveletSettings): Lengths {
  const axes = axesOf(dimension, settings);
  const padded = (i: Axis) => (axes.includes(i) ? size[i] + (size[i] % 2) : size[i]);
  return { taps: low.length, axes, period: [padded(0), padded(1), padded(2)] };
}

/**
 * The voxels of an image that its wavelet images read to make a box: all along an axis where a filter would wrap round.
 * @throws PipelineError as `recordWavelet` does
 */
export function waveletSupport(image: Geometry, settings: WaveletSettings, box: Box): Box {
  const { last: steps } = levelsOf(settings);
  const lengths = lengthsOf(image, waveletBank(nameOf(settings)), settings);
  const covers = remainingSupport(lengths, stretchesOf(box), steps);
  const inside = ({ first, count }: Stretch, i: Axis) => first >= 0 && first + count <= image.size[i];
  const first = (i: Axis) => (inside(covers[i], i) ? covers[i].first : 0);
  const last = (i: Axis) => (inside(covers[i], i) ? covers[i].first + covers[i].count : image.size[i]) - 1;
  return { first: [first(0), first(1), first(2)], last: [last(0), last(1), last(2)] };
}

/**
 * The wavelet images of PyRadiomics, in its order and by its names (`wavelet-LLH` … `wavelet-LLL`, the first letter is that
 * of x; `wavelet2-…` from the second level on). PyRadiomics filters every level with the same, undilated filters and pads
 * odd axes at their end with their first voxel; lines are periodic.
 *
 * Values are those of a float64 computation: float32 voxels and tails. Images of type float32 are filtered in float32
 * arithmetic and stay float32, because PyWavelets does so. A voxel that is not finite makes NaN.
 * @param image stays; where it is not whole it covers `waveletSupport` of the box
 * @param box voxels of the image that are wanted; null for all. The images cover the box alone: their voxel 0 is the box's
 *   first. Nothing is computed that the box does not need, and its values are those of the whole image.
 * @returns images whose buffers are kept and are the caller's to release
 * @throws PipelineError BadSetting on an unknown wavelet, a level below 1, a start_level below 0, a force2Ddimension that
 *   the image does not have
 */
export function recordWavelet(
  rec: Recording,
  image: PartialVolume,
  settings: WaveletSettings = {},
  box: Box | null = null,
): FilteredImage[] {
  const { start, last } = levelsOf(settings);
  const single = image.type === 'float32' && image.tails === null;
  const bank = single ? singleBank(nameOf(settings)) : waveletBank(nameOf(settings));
  const transform: Transform = {
    rec,
    single,
    filters: rec.upload('filter/wavelet.filters', splitPairs(interleaved(bank))),
    ...lengthsOf(image, bank, settings),
  };
  const part = box ?? wholeBox(image);
  const grid = boxGrid(image, part);
  const wanted = stretchesOf(part);
  const covers = stretchesOf(image.covers ?? wholeBox(image));
  let current: Samples = { buffer: image.voxels, tails: image.tails, covers };
  const images: FilteredImage[] = [];
  for (let done = 0; done < last; done++) {
    const isLast = done === last - 1;
    if (done >= start) {
      const number = done - start + 1;
      const prefix = number === 1 ? 'wavelet' : `wavelet${number}`;
      const bands = recordBands(transform, current, wanted, isLast);
      for (const [letters, { buffer, tails }] of isLast ? [...bands.slice(1), bands[0]!] : bands) {
        const kept = { voxels: rec.keep(buffer), tails: tails && rec.keep(tails) };
        images.push({
          name: `${prefix}-${letters}`,
          image: { ...grid, ...kept, type: single ? 'float32' : 'float64' },
        });
      }
    }
    if (!isLast)
      current = recordApproximation(transform, current, remainingSupport(transform, wanted, last - 1 - done));
  }
  return images;
}

/** What an approximation must cover so that `steps` further decompositions can make `wanted`. */
function remainingSupport(transform: Lengths, wanted: Stretches, steps: number): Stretches {
  let covers = wanted;
  for (let k = 0; k < steps; k++) covers = stepCovers(transform, covers, transform.axes);
  return covers;
}

function stretchesOf(box: Box): Stretches {
  const size = boxSize(box);
  const stretch = (i: Axis): Stretch => ({ first: box.first[i], count: size[i] });
  return [stretch(0), stretch(1), stretch(2)];
}

/** Coefficients of low and high pass by turns. */
const interleaved = ({ low, high }: WaveletBank): Float64Array =>
  Float64Array.from({ length: 2 * low.length }, (_, k) => (k % 2 === 0 ? low : high)[k >> 1]!);
