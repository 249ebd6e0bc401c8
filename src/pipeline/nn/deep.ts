/** Deep features of regions: crops of an image on the GPU through a network, and the columns that they become. */
import type { Engine } from '../../engine/index.ts';
import { wholeBox } from '../box.ts';
import { buffersOf, type DeviceVolume, type PartialVolume } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { PassSource } from '../pass/prepare.ts';
import type { ResampleStep } from '../preprocess.ts';
import { cropLabels } from '../roi/labels.ts';
import type { Row } from '../row.ts';
import { type MaskLabels, resolveSelection } from '../selection.ts';
import type { Region } from '../view.ts';
import { planResampledViews } from '../view-plan.ts';
import type { Geometry, Mask } from '../volume.ts';
import {
  checkFinite,
  type Crop,
  cropBox,
  type InputOptions,
  type InputSize,
  type InputSettings,
  inputSettings,
  inputSize,
  insideOf,
  prepareInput,
} from './input.ts';

/** What a network keeps in memory, known before it runs. Bytes. */
export interface NetworkMemory {
  /** Of the weights, which stay until `release`. */
  readonly weightBytes: number;
  /** Samples that are computed at once: as many as were asked for, or fewer where they would take too much. */
  readonly batch: number;
  /** Of the activations of such a batch, as they are planned; null on the CPU, whose runtime decides. */
  readonly activationBytes: number | null;
  /** Of the samples of such a batch. */
  readonly inputBytes: number;
}

/** A network with its weights, ready to run. */
export interface DeepNetwork {
  /** Names the columns: `deep_medicalnet_000`. */
  readonly arch: string;
  /** `pool` after the last layer, or the layer whose channels are averaged. */
  readonly layer: string;
  /** The beginning of the network: stride of the first convolution (of torchvision's within planes), and whether a max pool follows. */
  readonly stem: { readonly stride: 1 | 2; readonly maxPool: boolean };
  /**
   * Where the weights come from, without folders, the SHA-256 of their file (null where there is none), and what
   * was left out of it.
   */
  readonly weights: { readonly source: string; readonly sha256: string | null; readonly notes: readonly string[] };
  readonly precision: 'f32' | 'f16';
  /** What computes it: `gpu`, or the runtime on the CPU. */
  readonly backend: string;
  /** Features per sample. */
  readonly count: number;
  /** Samples that should go through it together, where there are as many; 1 where that gains nothing. */
  readonly batch: number;
  /**
   * What it keeps for samples of a size. What prepares the samples takes no more than a few times the crop beside it.
   * @param images default: a batch
   * @throws PipelineError BadSetting, TooLarge where one sample is more than the adapter can bind
   */
  memory(size: InputSize, images?: number): NetworkMemory;
  /**
   * Features of samples, float32 on the GPU, which stay their owner's.
   * @param engine that holds the samples; weights are brought to it when it is first used
   * @throws PipelineError TooLarge, BadSetting after `release`; EngineError
   */
  run(engine: Engine, samples: readonly DeviceVolume[]): Promise<readonly Float32Array[]>;
  /** Gives the weights back; the network cannot be used any more. Twice is no error. */
  release(): Promise<void>;
}

/** Deep features as an extraction takes them. */
export interface DeepOptions extends InputOptions {
  readonly network: DeepNetwork;
}

/** Crops that are prepared together. */
const CROPS = 4;

/** Columns of features, and why they are NaN where they are. */
export interface DeepColumns {
  readonly values: Row;
  readonly reasons: Readonly<Record<string, string>>;
}

/** Names of the columns. Those of a layer before the last tell which. */
function columnNames({ arch, layer, count }: DeepNetwork): string[] {
  const prefix = layer === 'pool' ? `deep_${arch}` : `deep_${arch}_${layer}`;
  return Array.from({ length: count }, (_, k) => `${prefix}_${String(k).padStart(3, '0')}`);
}

const OVERFLOW = 'the network’s activations overflow; check the weights and the intensities, or use precision f32';

/** The columns of one sample. */
function columnsOf(network: DeepNetwork, features: Float32Array): DeepColumns {
  const values: Row = {};
  const reasons: Record<string, string> = {};
  columnNames(network).forEach((name, k) => {
    const value = features[k] as number;
    values[name] = Number.isFinite(value) ? value : Number.NaN;
    if (!Number.isFinite(value)) reasons[name] = OVERFLOW;
  });
  return { values, reasons };
}

/** The columns of a region without features. */
export function missingColumns(network: DeepNetwork, error: PipelineError): DeepColumns {
  const names = columnNames(network);
  return {
    values: Object.fromEntries(names.map((name) => [name, Number.NaN])),
    reasons: Object.fromEntries(names.map((name) => [name, `${error.code}: ${error.message}`])),
  };
}

/** What the features depend on beside the image. @param input null for an image as it is */
export function deepDiagnostics(network: DeepNetwork, size: readonly number[], input: InputSettings | null): Row {
  const { arch, layer, stem, weights, precision, backend } = network;
  const prepared = input && {
    margin: `${input.margin.value} ${input.margin.unit}`,
    zscore: input.zscore ?? 'none',
    masked: input.masked,
    noise: input.noise,
  };
  return {
    diagnostics_Deep_Architecture: arch,
    diagnostics_Deep_Weights: weights.source,
    diagnostics_Deep_Weights_Sha256: weights.sha256,
    diagnostics_Deep_Layer: layer,
    diagnostics_Deep_Stem: { ...stem },
    diagnostics_Deep_Size: size,
    diagnostics_Deep_Input: prepared ?? 'raw',
    diagnostics_Deep_Precision: precision,
    diagnostics_Deep_Backend: backend,
  };
}

/** The columns of samples. */
async function run(engine: Engine, network: DeepNetwork, samples: readonly DeviceVolume[]): Promise<DeepColumns[]> {
  return (await network.run(engine, samples)).map((features) => columnsOf(network, features));
}

/** What became of a region. */
export type DeepOutcome = DeepColumns | PipelineError;

/** Where the regions of a case are. */
export interface DeepCase {
  /** Holds all that the crops reach, see `cropBox`; stays its owner's. */
  readonly image: PartialVolume;
  readonly mask: Mask;
  readonly labels: MaskLabels;
  /** Resampling before the crops, for which all of the image has to be there, or null. */
  readonly resample: ResampleStep | null;
  readonly signal?: AbortSignal;
}

interface RegionCrop {
  readonly region: Region;
  readonly crop: Crop;
}

/** The crop of a region; null where it cannot be made, with the reason in `set`. */
function cropOf(
  image: Geometry,
  labels: MaskLabels,
  region: Region,
  settings: InputSettings,
  set: (region: Region, outcome: DeepOutcome) => void,
): RegionCrop | null {
  try {
    const { box, indices } = resolveSelection(region.union, labels);
    const wide = cropBox(image, box, settings);
    const wanted = new Set(indices);
    const asked = settings.masked || settings.zscore === 'mask';
    const inside = asked
      ? insideOf(cropLabels(labels.packed, image.size, wide), wide, (index) => wanted.has(index))
      : null;
    return { region, crop: { box: wide, inside } };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    set(region, error);
    return null;
  }
}

/** Features of some crops in one batch; where that fails, of each by itself, so that one bad crop harms no other. */
async function runBatch(
  engine: Engine,
  image: PartialVolume,
  crops: readonly RegionCrop[],
  network: DeepNetwork,
  settings: InputSettings,
  set: (region: Region, outcome: DeepOutcome) => void,
): Promise<void> {
  try {
    const boxes = crops.map(({ crop }) => crop);
    const samples = await prepareInput(engine, image, boxes, settings);
    const columns = await run(engine, network, samples).finally(() => engine.release(...samples.flatMap(buffersOf)));
    crops.forEach(({ region }, k) => {
      set(region, columns[k]!);
    });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    if (crops.length === 1) set(crops[0]!.region, error);
    else for (const one of crops) await runBatch(engine, image, [one], network, settings, set);
  }
}

/** PyRadiomics' grid is cropped to the region: as wide as the margin needs. */
function wideEnough(image: Geometry, step: ResampleStep, { margin }: InputSettings): ResampleStep {
  const voxels = image.spacing.map((mm, axis) =>
    margin.unit === 'mm' ? Math.ceil(margin.value / (step.spacing[axis] || mm)) : margin.value,
  );
  return { ...step, padDistance: Math.max(step.padDistance ?? 5, ...voxels) };
}

/**
 * Features of regions; each gets its columns or its error by `set`. The image is resampled as for the other features, on the
 * same grid, and reaches as far as the margin.
 */
export async function deepRegions(
  engine: Engine,
  { image, mask, labels, resample, signal }: DeepCase,
  regions: readonly Region[],
  { network, ...options }: DeepOptions,
  set: (region: Region, outcome: DeepOutcome) => void,
): Promise<void> {
  const settings = inputSettings(options);
  const onGrid = async (grid: PartialVolume, found: MaskLabels, some: readonly Region[]) => {
    const crops = some.map((region) => cropOf(grid, found, region, settings, set)).filter((crop) => crop !== null);
    for (let k = 0; k < crops.length; k += CROPS) {
      signal?.throwIfAborted();
      await runBatch(engine, grid, crops.slice(k, k + CROPS), network, settings, set);
    }
  };
  if (!resample) return onGrid(image, labels, regions);
  const step = wideEnough(image, resample, settings);
  for (const plan of planResampledViews(engine, image, mask, labels, regions, step)) {
    try {
      const { view, release } = await plan.open();
      try {
        // Resampled views hold their image on the GPU.
        const source = view.source as PassSource;
        const { image: resampled } = await source.open(wholeBox(source.grid));
        await onGrid(resampled, view.labels, plan.regions);
      } finally {
        release();
      }
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      for (const region of plan.regions) set(region, error);
    }
  }
}

/** Size of the input that a region of an image gets. */
export const deepSize = (image: Geometry, options: InputOptions): InputSize => inputSize(image, inputSettings(options));

/**
 * Features of a whole image.
 * @param raw as it is, without resizing and normalisation
 * @throws PipelineError NonFiniteImage, ConstantImage, TooLarge
 */
export async function deepImage(
  engine: Engine,
  image: DeviceVolume,
  { network, ...options }: DeepOptions,
  raw: boolean,
): Promise<DeepColumns> {
  if (raw) {
    await checkFinite(engine, image);
    // Values of an integer type are float32 there too.
    return (await run(engine, network, [{ ...image, tails: null, type: 'float32' }]))[0]!;
  }
  const samples = await prepareInput(engine, image, [{ box: wholeBox(image), inside: null }], inputSettings(options));
  const columns = await run(engine, network, samples).finally(() => engine.release(...samples.flatMap(buffersOf)));
  return columns[0]!;
}
