/** The input of a network: the crops of lesions, resized and normalised on the GPU. */
import source from '../../../shaders/nn/input.wgsl?raw';
import { type BufferRef, defineKernel, type Engine, type Kernel, Recording } from '../../engine/index.ts';
import { type Box, grownBox } from '../box.ts';
import { buffersOf, type DeviceVolume, gridOf, type PartialVolume, voxelCount } from '../device-volume.ts';
import type { DeviceMask } from '../device-mask.ts';
import { PipelineError } from '../errors.ts';
import { boxGrid } from '../geometry.ts';
import type { Affine } from '../normalise/maps.ts';
import { measure } from '../normalise/measure.ts';
import { findMap } from '../normalise/methods.ts';
import { statistics } from '../normalise/statistics.ts';
import { presentPart } from '../partial-volume.ts';
import { gather } from '../resample/gather.ts';
import { extentGrid, recordResample } from '../resample/index.ts';
import { linear } from '../resample/linear.ts';
import { parallelPositions } from '../resample/positions.ts';
import { recordNearest } from '../resample/separable.ts';
import { splitFloat } from '../twofold.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { inside, recordInside } from './inside.ts';
import { normalQuantiles } from './noise.ts';

export const input = defineKernel({
  name: 'nn/input',
  source,
  bindings: { params: 'uniform', voxels: 'read', inside: 'read', quantiles: 'read', prepared: 'read_write' },
  workgroup: 256,
});

/** The kernels that an input needs, to be compiled ahead. */
export const inputKernels = [gather, measure, linear, inside, input] as unknown as readonly Kernel[];

/** Voxels of a network's input along depth, height and width: z, y and x of the image. */
export type InputSize = readonly [depth: number, height: number, width: number];

/** Where mean and standard deviation of the z-score are measured: all of the crop, the region, the voxels above 0. */
export const zscoreRegions = ['crop', 'mask', 'positive'] as const;
export type ZScoreRegion = (typeof zscoreRegions)[number];

/** How far a crop reaches beyond the region. */
export interface Margin {
  readonly value: number;
  readonly unit: 'mm' | 'voxels';
}

/** How the input of a network is made of an image. */
export interface InputOptions {
  /** Default 64, 64, 64. Images of one slice keep their one slice: the depth is 1 then. */
  readonly size?: InputSize;
  /** Default 5 mm. Rounded up to whole voxels of each axis; the crop ends where the image does. */
  readonly margin?: Margin;
  /** (v - mean) / SD with the population's SD, measured on the crop before it is resized; null for none. Default crop. */
  readonly zscore?: ZScoreRegion | null;
  /** Voxels outside the region become 0, after the z-score. Default false: the whole crop. */
  readonly masked?: boolean;
  /**
   * Seed, an integer from 0 to 2^32 - 1. Background (voxels whose value is 0, and those outside the region of a masked crop)
   * becomes normally distributed noise, as MedicalNet's preparation has it (datasets/brains18.py). Default null: none.
   */
  readonly noise?: number | null;
}

/** All options decided. */
export type InputSettings = Required<InputOptions>;

/** A part of an image that becomes one sample. */
export interface Crop {
  readonly box: Box;
  /** The region, one bit per voxel of the box, see `insideOf`; null where it is the whole box. */
  readonly inside: Uint32Array<ArrayBuffer> | null;
}

const bad = (message: string) => new PipelineError('BadSetting', message);

/**
 * Decides all options.
 * @throws PipelineError BadSetting
 */
export function inputSettings(options: InputOptions = {}): InputSettings {
  const { size = [64, 64, 64], margin = { value: 5, unit: 'mm' }, zscore = 'crop', masked = false } = options;
  const { noise = null } = options;
  if (size.length !== 3 || !size.every((n) => Number.isInteger(n) && n > 0))
    throw bad(`size: expected three whole numbers above 0 (depth, height, width), found ${size.join(', ')}`);
  if (!(margin.value >= 0 && Number.isFinite(margin.value)))
    throw bad(`margin: expected 0 or more ${margin.unit}, found ${margin.value}`);
  if (noise !== null && !(Number.isInteger(noise) && noise >= 0 && noise < 2 ** 32))
    throw bad(`noise: expected a seed, an integer from 0 to 4294967295, found ${noise}`);
  return { size, margin, zscore, masked, noise };
}

/** The size of the input that an image gets: images of one slice have depth 1. */
export const inputSize = (image: Geometry, { size }: InputSettings): InputSize =>
  image.size[2] === 1 ? [1, size[1], size[2]] : size;

/** Millimetres that are whole voxels but for rounding must not gain one. */
const ROUNDING = 1e-9;

/** The box of a region with the margin round it, as far as the image goes. */
export function cropBox(image: Geometry, region: Box, { margin }: InputSettings): Box {
  const voxels = image.spacing.map((mm) =>
    Math.ceil((margin.unit === 'mm' ? margin.value / mm : margin.value) - ROUNDING),
  );
  return grownBox(region, voxels as unknown as Vec3, image);
}

/** A crop on the GPU. */
interface Cut {
  readonly image: DeviceVolume;
  readonly mask: DeviceMask | null;
}

const identity: Pick<Affine, 'origin' | 'scale'> = { origin: 0, scale: 1 };

/** The map of the z-score. Every voxel of the crop takes part in the input: one that is not finite is refused. */
async function mapOf(engine: Engine, { image, mask }: Cut, { zscore }: InputSettings) {
  if (zscore !== 'crop') await statistics(engine, image);
  if (zscore === null) return identity;
  const within = zscore === 'crop' || (zscore === 'mask' && !mask) ? 'image' : zscore;
  return (await findMap({ engine, image, mask }, { name: 'zscore', within })) as Affine;
}

/** Cuts a box out of an image; the part is kept. Fractions stay: integers would be cut off after their interpolation. */
function recordCut(rec: Recording, image: PartialVolume, box: Box, software: boolean): DeviceVolume {
  const plain: DeviceVolume = { ...presentPart(image), tails: null, type: 'float32' };
  return recordResample(rec, plain, boxGrid(image, box), { interpolator: 'sitkNearestNeighbor', software });
}

/** Voxels per invocation: enough to hide the cost of a workgroup on a software driver. */
const STRIP = 16;

/** Makes the sample of a crop. @returns it, kept, and what has to be given back afterwards */
function recordSample(
  rec: Recording,
  { image, mask }: Cut,
  grid: Geometry,
  { origin, scale }: Pick<Affine, 'origin' | 'scale'>,
  { masked, noise }: InputSettings,
  quantiles: BufferRef | null,
  software: boolean,
): { readonly sample: DeviceVolume; readonly spent: readonly BufferRef[] } {
  const resized = recordResample(rec, image, grid, { interpolator: 'sitkLinear', software });
  const { voxels } = resized;
  const length = voxelCount(grid);
  const region = masked ? mask : null;
  const within = region && recordNearestMask(rec, region, grid, software);
  const prepared = rec.keep(rec.buffer('nn/input.prepared', 4 * length));
  const [origin_high, origin_low] = splitFloat(origin);
  const params = {
    length,
    strip: STRIP,
    masked: Number(within !== null),
    noisy: Number(quantiles !== null),
    seed: noise ?? 0,
    origin_high,
    origin_low,
    scale,
  };
  // What is not read still has to be bound.
  const buffers = { voxels, inside: within ?? voxels, quantiles: quantiles ?? voxels, prepared };
  rec.dispatch(input, { params, ...buffers }, Math.ceil(length / STRIP));
  return { sample: { ...resized, voxels: prepared }, spent: buffersOf(resized) };
}

/** A mask on the grid: that of the nearest voxel. */
function recordNearestMask(rec: Recording, mask: DeviceMask, grid: Geometry, software: boolean): BufferRef {
  // The grid covers the crop's own axes.
  const axes = parallelPositions(grid, mask)!;
  return recordNearest(rec, { voxels: mask.inside, tails: null }, mask.size, grid, axes, 0, software).voxels;
}

/** @throws PipelineError TooLarge */
function checkSize({ caps }: Engine, size: InputSize): void {
  const limit = caps.limits.maxStorageBufferBindingSize;
  const bytes = size.reduce((product, n) => product * n, 4);
  if (bytes > limit)
    throw new PipelineError(
      'TooLarge',
      `an input of ${size.join(' x ')} voxels has ${bytes} bytes, the adapter binds ${limit}; take a smaller size`,
    );
}

/**
 * Makes the samples of crops of one image: cut out, resized to the same number of voxels over the same extent (linear along
 * each axis; beyond the centres of the outer voxels these are repeated), z-score, background. Two submits for all crops, and
 * one for each measurement.
 * @param image holds the crops and stays its owner's; what float32 loses of its values is left out
 * @returns float32 samples in the order of the crops, the caller's to release
 * @throws PipelineError NonFiniteImage (NaN or infinity in a crop), ConstantImage (SD 0), EmptyMask (no voxel above 0), TooLarge
 * where the adapter cannot bind a sample
 */
export async function prepareInput(
  engine: Engine,
  image: PartialVolume,
  crops: readonly Crop[],
  settings: InputSettings,
): Promise<DeviceVolume[]> {
  const { software } = engine.caps;
  checkSize(engine, inputSize(image, settings));
  const owned: BufferRef[] = [];
  try {
    const cutting = new Recording('nn/input.crop');
    const cuts = crops.map(({ box, inside: bits }): Cut => {
      const part = recordCut(cutting, image, box, software);
      const mask = bits && {
        ...gridOf(part),
        inside: cutting.keep(recordInside(cutting, bits, voxelCount(part))),
      };
      owned.push(...buffersOf(part), ...(mask ? [mask.inside] : []));
      return { image: part, mask };
    });
    await engine.execute(cutting);
    // All have ended before the crops are given back.
    const measured = await Promise.allSettled(cuts.map((cut) => mapOf(engine, cut, settings)));
    const maps = measured.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
    const [depth, height, width] = inputSize(image, settings);
    const rec = new Recording('nn/input');
    const quantiles = settings.noise === null ? null : rec.upload('nn/input.quantiles', normalQuantiles());
    const samples = cuts.map((cut, k) => {
      const grid = extentGrid(cut.image, [width, height, depth]);
      const { sample, spent } = recordSample(rec, cut, grid, maps[k]!, settings, quantiles, software);
      owned.push(...spent);
      return sample;
    });
    await engine.execute(rec).catch((error: unknown) => {
      engine.release(...samples.flatMap(buffersOf));
      throw error;
    });
    return samples;
  } finally {
    engine.release(...owned);
  }
}

/** Refuses an image that a network cannot take as it is. @throws PipelineError NonFiniteImage */
export async function checkFinite(engine: Engine, image: DeviceVolume): Promise<void> {
  await statistics(engine, image);
}
