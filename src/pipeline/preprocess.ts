/** The steps between an image as it was scanned and the features: bias field, intensities, grid, in this order. */
import { type Engine, type Kernel, Recording } from '../engine/index.ts';
import { type Box, boxUnion, wholeBox } from './box.ts';
import { maskToDevice } from './device-mask.ts';
import { buffersOf, type DeviceVolume, fromDevice, gridOf, isIntegerType, toDevice } from './device-volume.ts';
import { PipelineError } from './errors.ts';
import { correctBias, fieldVolume, n4Kernels, type N4Options, type N4Report } from './n4/index.ts';
import { requireSameGrid } from './mask-geometry.ts';
import { type NormaliseMethod, normalise, normaliseKernels } from './normalise/index.ts';
import type { ProgressEvent } from './progress.ts';
import {
  ibsiGrid,
  type Interpolator,
  isSameGrid,
  itkGrid,
  parseInterpolator,
  pyradiomicsGrid,
  recordResample,
  resampleKernels,
} from './resample/index.ts';
import { findMaskLabels } from './selection.ts';
import type { GridRule, MaskRule, Settings } from './settings.ts';
import type { Geometry, Mask, Volume } from './volume.ts';

/** Resampling to a spacing. */
export interface ResampleStep {
  /** Millimetres along x, y, z; 0 keeps the spacing of an axis. */
  readonly spacing: readonly number[];
  /** Default: sitkBSpline. */
  readonly interpolator?: Interpolator;
  /** Default: pyradiomics. */
  readonly grid?: GridRule;
  /** Voxels of the new grid that PyRadiomics' rule keeps round the region. Default 5. */
  readonly padDistance?: number;
  /**
   * Interpolated intensities are rounded to whole numbers, as IBSI asks of CT. Default: on IBSI's grid for images of
   * integer types, which are cut off towards zero elsewhere as ITK does.
   */
  readonly round?: boolean;
  /** How masks come onto the grid. Default: majority on IBSI's grid, else nearest. */
  readonly mask?: MaskRule;
}

/** Which steps to take; those left out are skipped. */
export interface PreprocessSteps {
  readonly n4?: Omit<N4Options, 'signal' | 'onProgress'> | null;
  readonly normalise?: NormaliseMethod | null;
  readonly resample?: ResampleStep | null;
}

/** What the settings ask for; null where they ask for nothing. */
export function stepsOfSettings(settings: Settings): PreprocessSteps {
  const { normalize, normalizeScale: scale, removeOutliers: outliers, resampledPixelSpacing, padDistance } = settings;
  const { resampledGrid: grid, resampledRounding: round, resampledMask: mask } = settings;
  return {
    normalise: normalize ? { name: 'pyradiomics', scale, outliers } : null,
    resample: resampledPixelSpacing && {
      spacing: resampledPixelSpacing,
      interpolator: parseInterpolator(settings.interpolator),
      padDistance,
      grid,
      ...(round === null ? {} : { round }),
      ...(mask === null ? {} : { mask }),
    },
  };
}

/** Whether any step changes the image. */
export const hasSteps = ({ n4, normalise, resample }: PreprocessSteps): boolean => Boolean(n4 || normalise || resample);

/** The kernels that the steps most likely run, to be compiled ahead. @param exact as in `StepContext` */
export function stepKernels({ n4, normalise, resample }: PreprocessSteps, exact: boolean): Kernel[] {
  return [
    ...(n4 ? n4Kernels : []),
    ...(normalise ? normaliseKernels(normalise, exact) : []),
    ...(resample ? resampleKernels(exact, resample.interpolator) : []),
  ];
}

/** What the steps report to while they run. */
export interface StepContext {
  /** Where methods measure that ask for a mask; N4 has its own. */
  readonly mask?: Mask | null;
  /** Values of a float64 computation, where features follow; N4 is float32. Default false. */
  readonly exact?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** What correction and normalisation leave on the GPU. */
export interface CorrectedImage {
  /** The input itself where there was nothing to do. */
  readonly image: DeviceVolume;
  /** Bias field, where N4 ran and it was asked for; the caller releases it. */
  readonly field: DeviceVolume | null;
  readonly report: N4Report | null;
}

/**
 * Bias field correction and normalisation of an image on the GPU. The input stays; the caller releases it and what
 * comes back.
 * @param keepField evaluate the bias field on the grid of the image
 * @throws PipelineError of the steps; `signal.reason` when cancelled
 */
export async function correctImage(
  engine: Engine,
  image: DeviceVolume,
  steps: PreprocessSteps,
  { mask, exact, signal, onProgress }: StepContext = {},
  keepField = false,
): Promise<CorrectedImage> {
  let current = image;
  let field: DeviceVolume | null = null;
  let report: N4Report | null = null;
  /** Goes on with the result of a step; what lies between the steps is given back. */
  const advance = (next: DeviceVolume) => {
    if (current !== image) engine.release(...buffersOf(current));
    current = next;
  };
  try {
    if (steps.n4) {
      const found = await correctBias(engine, image, {
        ...steps.n4,
        signal,
        onProgress: (progress) => onProgress?.({ stage: 'n4', ...progress }),
      });
      advance(found.corrected);
      report = found.report;
      if (keepField) field = await fieldVolume(engine, found.field);
    }
    signal?.throwIfAborted();
    if (steps.normalise) {
      onProgress?.({ stage: 'normalise', done: 0, total: 1 });
      const within = mask ? await maskToDevice(engine, mask) : null;
      try {
        advance(await normalise(engine, current, steps.normalise, within, exact));
      } finally {
        if (within) engine.release(within.inside);
      }
      onProgress?.({ stage: 'normalise', done: 1, total: 1 });
    }
    signal?.throwIfAborted();
    return { image: current, field, report };
  } catch (error) {
    if (current !== image) engine.release(...buffersOf(current));
    if (field) engine.release(...buffersOf(field));
    throw error;
  }
}

/**
 * The grid of a resampled image.
 * @param region box in voxels of the image that PyRadiomics' rule crops to; null for the whole image
 * @throws PipelineError BadSetting on a spacing that the image cannot have
 */
export function gridOfStep(
  image: Geometry,
  { spacing, grid = 'pyradiomics', padDistance = 5 }: ResampleStep,
  region: Box | null,
): Geometry {
  if (spacing.length !== image.dimension || spacing.some((s) => !(s >= 0 && Number.isFinite(s))))
    throw new PipelineError(
      'BadSetting',
      `spacing: expected ${image.dimension} millimetres of 0 (keep) or more, found ${spacing.join(', ')}`,
    );
  if (grid === 'pyradiomics') return pyradiomicsGrid(image, region ?? wholeBox(image), spacing, padDistance);
  return grid === 'ibsi' ? ibsiGrid(image, spacing) : itkGrid(image, spacing);
}

/** The box of everything that a mask marks. */
function boxOfMask(mask: Mask): Box {
  const { found } = findMaskLabels(mask);
  if (found.length === 0)
    throw new PipelineError('EmptyMask', 'the mask has no voxel above 0, there is no region to resample round');
  return found.map((f) => f.box).reduce(boxUnion);
}

/** How a mask comes onto the grid of a step: IBSI interpolates it and takes what is at least one half. */
export const maskRuleOf = ({ grid, mask }: Pick<ResampleStep, 'grid' | 'mask'>): MaskRule =>
  mask ?? (grid === 'ibsi' ? 'majority' : 'nearest');

/**
 * Resamples an image on the GPU; the input stays, the result is the caller's to release. To the grid that it has already it
 * is handed back, with the same voxels.
 */
export async function resampleImage(
  engine: Engine,
  image: DeviceVolume,
  grid: Geometry,
  { interpolator, grid: rule, round = rule === 'ibsi' && isIntegerType(image.type) }: Omit<ResampleStep, 'spacing'>,
  exact = false,
): Promise<DeviceVolume> {
  if (isSameGrid(grid, image)) return { ...image, ...gridOf(grid) };
  const rec = new Recording('resample');
  const resampled = recordResample(rec, image, grid, { interpolator, round, software: engine.caps.software, exact });
  await engine.execute(rec);
  return resampled;
}

export interface PreprocessResult {
  readonly image: Volume;
  /** The bias field on the grid of the input, where N4 ran and `field` was asked for. */
  readonly field: Volume | null;
  readonly report: N4Report | null;
}

export interface PreprocessOptions extends Omit<StepContext, 'exact'> {
  /** Read the bias field back too. */
  readonly field?: boolean;
}

/** An image after the steps, on the GPU. */
export interface ProcessedImage {
  readonly image: DeviceVolume;
  readonly field: DeviceVolume | null;
  readonly report: N4Report | null;
  /** Gives everything back. */
  release(): void;
}

/**
 * Takes an image through the steps and leaves it on the GPU: one upload.
 * @throws as `preprocess`
 */
export async function preprocessOnDevice(
  engine: Engine,
  volume: Volume,
  steps: PreprocessSteps,
  options: PreprocessOptions = {},
): Promise<ProcessedImage> {
  const { mask, signal, onProgress, field: wantsField = false } = options;
  // A failed compilation surfaces where the kernel is used.
  engine.prepare(stepKernels(steps, false)).catch(() => undefined);
  if (mask) requireSameGrid(volume, mask);
  const owned: DeviceVolume[] = [];
  const own = <V extends DeviceVolume>(device: V): V => {
    owned.push(device);
    return device;
  };
  const release = () => engine.release(...owned.flatMap(buffersOf));
  try {
    const input = own(await toDevice(engine, volume));
    const { image, field, report } = await correctImage(engine, input, steps, options, wantsField);
    own(image);
    if (field) own(field);
    let result = image;
    if (steps.resample) {
      onProgress?.({ stage: 'resample', done: 0, total: 1 });
      const grid = gridOfStep(volume, steps.resample, mask ? boxOfMask(mask) : null);
      result = own(await resampleImage(engine, image, grid, steps.resample));
      onProgress?.({ stage: 'resample', done: 1, total: 1 });
    }
    signal?.throwIfAborted();
    return { image: result, field, report, release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Takes an image through the steps: one upload, one download.
 * @param options.mask measured by the methods that ask for a mask; PyRadiomics' grid is laid round it (default: the image)
 * @throws PipelineError of the steps, GeometryMismatch where the mask is on another grid; EngineError from the GPU;
 * `signal.reason` when cancelled
 */
export async function preprocess(
  engine: Engine,
  volume: Volume,
  steps: PreprocessSteps,
  options: PreprocessOptions = {},
): Promise<PreprocessResult> {
  const { image, field, report, release } = await preprocessOnDevice(engine, volume, steps, options);
  try {
    return {
      image: await fromDevice(engine, image),
      field: field && (await fromDevice(engine, field)),
      report,
    };
  } finally {
    release();
  }
}
