/** Deep features of the regions of a mask: their crops on the GPU, in batches through a network. */
import type { Engine } from '../../engine/index.ts';
import { wholeBox } from '../box.ts';
import { buffersOf, type DeviceVolume, type PartialVolume } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { PassSource } from '../pass/prepare.ts';
import type { ResampleStep } from '../preprocess.ts';
import { cropLabels } from '../roi/labels.ts';
import { type MaskLabels, resolveSelection } from '../selection.ts';
import type { Region } from '../view.ts';
import { planResampledViews } from '../view-plan.ts';
import type { Geometry, Mask } from '../volume.ts';
import { columnsOfSamples, type DeepNetwork, type DeepOptions, type DeepOutcome } from './deep.ts';
import { type Crop, cropBox, type InputSettings, inputSettings, prepareInput } from './input.ts';
import { insideOf } from './inside.ts';

/** Crops that are prepared, and go through the network, together. */
const CROPS = 4;

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

type SetOutcome = (region: Region, outcome: DeepOutcome) => void;

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
  set: SetOutcome,
): RegionCrop | null {
  try {
    const { box, indices } = resolveSelection(region.union, labels);
    const wide = cropBox(image, box, settings);
    const wanted = new Set(indices);
    const asked = settings.masked || settings.zscore === 'mask';
    const inside = asked ? insideOf(cropLabels(labels.packed, image.size, wide), (index) => wanted.has(index)) : null;
    return { region, crop: { box: wide, inside } };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    set(region, error);
    return null;
  }
}

interface RegionSample {
  readonly region: Region;
  readonly sample: DeviceVolume;
}

/** Makes the samples of crops together; where that fails, each by itself, so that one bad crop harms no other. */
async function samplesOf(
  engine: Engine,
  image: PartialVolume,
  crops: readonly RegionCrop[],
  settings: InputSettings,
  set: SetOutcome,
): Promise<RegionSample[]> {
  if (crops.length === 0) return [];
  try {
    const boxes = crops.map(({ crop }) => crop);
    const samples = await prepareInput(engine, image, boxes, settings);
    return samples.map((sample, k) => ({ region: crops[k]!.region, sample }));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    if (crops.length === 1) {
      set(crops[0]!.region, error);
      return [];
    }
    const made: RegionSample[] = [];
    for (const one of crops) made.push(...(await samplesOf(engine, image, [one], settings, set)));
    return made;
  }
}

/** Samples of regions on their way through a network, in batches whatever images they come from. */
class Passage {
  readonly #engine: Engine;
  readonly #network: DeepNetwork;
  readonly #set: SetOutcome;
  readonly #waiting: RegionSample[] = [];

  constructor(engine: Engine, network: DeepNetwork, set: SetOutcome) {
    this.#engine = engine;
    this.#network = network;
    this.#set = set;
  }

  /** Takes samples over, and computes the batches that are full. */
  async add(samples: readonly RegionSample[]): Promise<void> {
    this.#waiting.push(...samples);
    while (this.#waiting.length >= CROPS) await this.#compute(this.#waiting.splice(0, CROPS));
  }

  /** Computes what is left. */
  async finish(): Promise<void> {
    if (this.#waiting.length > 0) await this.#compute(this.#waiting.splice(0));
  }

  /** Gives back what has not been computed. */
  release(): void {
    this.#engine.release(...this.#waiting.splice(0).flatMap(({ sample }) => buffersOf(sample)));
  }

  async #compute(batch: readonly RegionSample[]): Promise<void> {
    const samples = batch.map(({ sample }) => sample);
    try {
      await this.#features(batch);
    } finally {
      this.#engine.release(...samples.flatMap(buffersOf));
    }
  }

  /** Where a batch fails, each of its samples by itself. */
  async #features(batch: readonly RegionSample[]): Promise<void> {
    try {
      const samples = batch.map(({ sample }) => sample);
      const columns = await columnsOfSamples(this.#engine, this.#network, samples);
      batch.forEach(({ region }, k) => {
        this.#set(region, columns[k]!);
      });
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      if (batch.length === 1) this.#set(batch[0]!.region, error);
      else for (const one of batch) await this.#features([one]);
    }
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
  work: DeepCase,
  regions: readonly Region[],
  { network, ...options }: DeepOptions,
  set: SetOutcome,
): Promise<void> {
  const passage = new Passage(engine, network, set);
  try {
    await addRegions(engine, work, regions, inputSettings(options), passage, set);
    await passage.finish();
  } finally {
    passage.release();
  }
}

/** Prepares the crops of regions, image after image. */
async function addRegions(
  engine: Engine,
  { image, mask, labels, resample, signal }: DeepCase,
  regions: readonly Region[],
  settings: InputSettings,
  passage: Passage,
  set: SetOutcome,
): Promise<void> {
  const onGrid = async (grid: PartialVolume, found: MaskLabels, some: readonly Region[]) => {
    for (let k = 0; k < some.length; k += CROPS) {
      signal?.throwIfAborted();
      const crops = some.slice(k, k + CROPS).map((region) => cropOf(grid, found, region, settings, set));
      await passage.add(
        await samplesOf(
          engine,
          grid,
          crops.filter((crop) => crop !== null),
          settings,
          set,
        ),
      );
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
