/** Extraction: from an image, a mask and settings to one row per region. */
import type { Engine, Kernel } from '../engine/index.ts';
import { wholeBox } from './box.ts';
import { type ClassSelection, type WantedFeatures, wantedFeatures } from './classes.ts';
import { caseDiagnostics, stepColumns } from './diagnostics.ts';
import { PipelineError } from './errors.ts';
import type { DeviceVolume } from './device-volume.ts';
import { derivedTypes, type ImageType, type ImageTypeSelection, wantedImageTypes } from './image-types.ts';
import { boxOfRegions, openSource, sharedBox } from './image-source.ts';
import { isIntegerImage, kernelsFor } from './kernels.ts';
import { alignMaskTo, type GeometryMode, ignoredDifference } from './mask-geometry.ts';
import { passNeeds } from './pass/needs.ts';
import { type DeepOptions, type DeepOutcome, deepDiagnostics, deepSize, missingColumns } from './nn/deep.ts';
import { deepRegions } from './nn/deep-regions.ts';
import { inputKernels, inputSettings } from './nn/input.ts';
import type { Outcome } from './pass/run.ts';
import { encode } from './roi/encode.ts';
import { hasSteps, type PreprocessSteps, stepsOfSettings } from './preprocess.ts';
import type { ProgressEvent } from './progress.ts';
import type { Row } from './row.ts';
import { findMaskLabels, type LabelUnion, labelUnions } from './selection.ts';
import { parseSettings, type Settings, type SettingsInput } from './settings.ts';
import { giveImages, type UsedImage } from './used-images.ts';
import { type Region, runView, type View, type ViewContext } from './view.ts';
import { planResampledViews, planViews, type ViewPlan } from './view-plan.ts';
import type { Mask, Volume } from './volume.ts';

export interface ExtractOptions {
  /**
   * Regions: label values, unions of them, or all labels of the mask. Default: the setting `label`; of a mask whose labels
   * have names (DICOM), each of these.
   */
  readonly labels?: readonly (number | LabelUnion)[] | 'all';
  /** What to do with a mask on another grid than the image's. Default: strict, or resample-mask with the setting correctMask. */
  readonly geometry?: GeometryMode;
  /** What is known of the input that may surprise: kept in the column `voxomics_notes`. */
  readonly notes?: readonly string[];
  readonly settings?: SettingsInput;
  /** Images to compute features on. Default: Original. */
  readonly imageTypes?: ImageTypeSelection;
  /** Feature classes, or features by class. Default: all classes but shape2D. */
  readonly classes?: ClassSelection;
  /** Features of a network beside the others, of the same image: see `deepFeatures`. */
  readonly deep?: DeepOptions;
  /** Steps before the features, beside those that PyRadiomics' settings ask for. */
  readonly preprocess?: PreprocessSteps;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
  /**
   * Takes the images that features are computed on, whole, one after the other; the next one waits for it. Without it they
   * never leave the GPU. What it throws ends the extraction.
   */
  readonly onImage?: (image: UsedImage) => Promise<void> | void;
}

/**
 * Extracts PyRadiomics' features of the original image and of images derived from it, for one or more regions of a
 * mask, after the preprocessing that the settings and `preprocess` ask for; processed and derived images stay on the GPU.
 *
 * All regions share one pass over the GPU, so a hundred labels cost little more than one. Rows come in the order of
 * `labels`; a region that cannot be processed gives a row with `voxomics_error` when there are several.
 * @param image scalar image
 * @param mask label map on the image's grid, or on another one that `geometry` lets through
 * @returns one flat row per region: diagnostics first, then features; NaN values have a reason in `voxomics_reasons`
 * @throws PipelineError on bad input, or the region's error when only one was asked for; EngineError from the GPU;
 * `signal.reason` when cancelled
 */
export async function extract(engine: Engine, image: Volume, mask: Mask, options: ExtractOptions = {}): Promise<Row[]> {
  const { signal, onProgress, onImage } = options;
  signal?.throwIfAborted();
  const { geometry, settings } = geometryOf(parseSettings(options.settings), options.geometry);
  const types = wantedImageTypes(options.imageTypes, options.settings);
  const wanted = wantedFeatures(options.classes);
  const steps = allSteps(settings, options.preprocess);
  const { deep } = options;
  const input = deep && inputSettings(deep);
  const kernels = kernelsFor(wanted, settings, isIntegerImage(image), types, steps);
  const compiling = engine.prepare(deep ? [...kernels, encode as unknown as Kernel, ...inputKernels] : kernels);
  // A failed compilation surfaces where the kernel is used.
  compiling.catch(() => undefined);
  const common = settings.additionalInfo
    ? caseDiagnostics(engine, image, mask, settings, types)
    : Promise.resolve(null);
  common.catch(() => undefined);

  const asked = options.labels ?? (options.settings?.label === undefined ? namedLabels(mask) : undefined);
  const aligned = await alignMaskTo(image, mask, { mode: geometry, settings, labels: asked });
  const notes = [...(options.notes ?? [])];
  if (geometry === 'ignore-tiny' && aligned !== mask) notes.push(ignoredDifference(image, mask));
  notes.push(...cutReach(image, settings, steps, types, wanted));
  const labels = findMaskLabels(aligned);
  if (labels.found.length === 0)
    throw new PipelineError(
      'EmptyMask',
      'the mask has no voxel above 0, nothing is segmented; check that it is the right file',
    );
  const regions = labelUnions(labels, asked, settings.label).map((union) => ({
    name: union.join('+'),
    union,
  }));
  const outcomes = new Map<Region, Outcome>();
  const set = (region: Region, outcome: Outcome) => {
    outcomes.set(region, outcome);
    onProgress?.({ stage: 'regions', done: outcomes.size, total: regions.length });
  };
  const succeeded = (region: Region) => !(outcomes.get(region) instanceof PipelineError);
  onProgress?.({ stage: 'labels', done: 0, total: regions.length });
  const context = { engine, settings, types, wanted, loaded: mask, signal, onProgress };
  // Images that are asked for come from the GPU, the original too; cropped before filtering, an image is cropped there.
  const derives = onImage !== undefined || derivedTypes(types).length > 0;
  const whole = hasSteps(steps) || onImage !== undefined || (derives && settings.preCrop);
  const read = input && sharedBox(image, boxOfRegions(labels, regions), input, derivedTypes(types), wanted);
  const source = await openSource(engine, image, steps, {
    box: whole ? wholeBox(image) : (read ?? null),
    forKeys: deep !== undefined,
    mask: aligned,
    signal,
    onProgress,
  });
  const deeper = new Map<Region, DeepOutcome>();
  try {
    const { resample } = steps;
    const plans = resample
      ? planResampledViews(engine, source.device as DeviceVolume, aligned, labels, regions, resample)
      : planViews(
          engine,
          source.intensities,
          derives ? (source.device ?? image) : null,
          aligned,
          labels,
          regions,
          settings,
        );
    const untouched = hasSteps(steps) || settings.preCrop ? null : image;
    for (const plan of plans) {
      const region = plans.length > 1 ? plan.regions.map(({ name }) => `label-${name}`).join(' ') : null;
      const give = onImage && ((name: string, given: Volume) => onImage({ name, image: given, region }));
      await runPlan(context, plan, set, async (view) => {
        if (give) await giveImages(context, view, plan.regions, untouched, give);
      });
    }
    if (deep && source.device) {
      const on = { image: source.device, mask: aligned, labels, resample: resample ?? null, signal };
      await deepRegions(engine, on, regions.filter(succeeded), deep, (region, outcome) => {
        deeper.set(region, outcome);
        onProgress?.({ stage: 'deep', done: deeper.size, total: regions.length });
      });
    }
  } finally {
    source.release();
  }

  const shared = await common;
  const before = shared && stepColumns(image, options.preprocess ?? {});
  return regions.map((region) => {
    const found = outcomes.get(region) as Outcome;
    const learned = deeper.get(region);
    // Where nothing else is wanted, what hinders the network is the region's error.
    const outcome = wanted.size === 0 && learned instanceof PipelineError ? learned : found;
    const first = { ...regionColumns(mask, region), ...shared?.before(region.name) };
    const all = outcome instanceof PipelineError ? notes : [...notes, ...outcome.notes];
    const remarks: Row = all.length > 0 ? { voxomics_notes: all } : {};
    if (outcome instanceof PipelineError) {
      if (regions.length === 1) throw outcome;
      return { ...first, ...remarks, voxomics_error: { code: outcome.code, message: outcome.message } };
    }
    const columns = learned instanceof PipelineError ? missingColumns(deep!.network, learned) : learned;
    const network = deep && input ? deepDiagnostics(deep.network, deepSize(image, deep), input) : {};
    const diagnostics = { ...first, ...before, ...outcome.diagnostics, ...network, ...shared?.after };
    const reasons = { ...nanDiagnostics(diagnostics), ...outcome.features.reasons, ...columns?.reasons };
    return {
      ...diagnostics,
      ...outcome.features.values,
      ...columns?.values,
      ...remarks,
      voxomics_reasons: reasons,
    };
  });
}

/** The geometry mode, and the settings that say the same. */
function geometryOf(
  settings: Settings,
  asked: GeometryMode | undefined,
): { readonly geometry: GeometryMode; readonly settings: Settings } {
  const geometry = asked ?? (settings.correctMask ? 'resample-mask' : 'strict');
  if (settings.correctMask && geometry !== 'resample-mask')
    throw new PipelineError(
      'BadSetting',
      `the setting correctMask resamples the mask, the geometry ${geometry} does not; pass one of them`,
    );
  return { geometry, settings: { ...settings, correctMask: geometry === 'resample-mask' } };
}

/** A note where PyRadiomics' rules crop the image nearer to the regions than classes look; none where they do not. */
function cutReach(
  { spacing, dimension }: Volume,
  settings: Settings,
  { resample }: PreprocessSteps,
  types: readonly ImageType[],
  wanted: WantedFeatures,
): string[] {
  const resampled = resample && (resample.grid ?? 'pyradiomics') === 'pyradiomics' ? resample : null;
  const { reach } = passNeeds(wanted);
  if (reach === 0 || !(resampled || (settings.preCrop && derivedTypes(types).length > 0))) return [];
  const kept = resampled?.padDistance ?? settings.padDistance;
  const voxels = spacing.slice(0, dimension).map((s, axis) => Math.floor(reach / (resample?.spacing[axis] || s)));
  const needed = Math.max(...voxels);
  if (kept >= needed) return [];
  return [
    `class loc: the image ends ${kept} voxels from the region (padDistance), spheres of 1 cm³ reach ${needed}; set padDistance=${needed}`,
  ];
}

const namedLabels = ({ names }: Mask): number[] | undefined => (names ? [...names.keys()] : undefined);

/** The name of a region whose labels have names. */
function regionColumns({ names }: Mask, { union }: Region): Row {
  if (!names) return {};
  return { voxomics_region: union.map((label) => names.get(label) ?? String(label)).join('+') };
}

/** Makes a view, gives out its images and computes its regions; where it cannot be made, they all get the reason. */
async function runPlan(
  context: ViewContext,
  { regions, open }: ViewPlan,
  set: (region: Region, outcome: Outcome) => void,
  give: (view: View) => Promise<void>,
): Promise<void> {
  context.signal?.throwIfAborted();
  let opened: Awaited<ReturnType<ViewPlan['open']>>;
  try {
    opened = await open();
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    for (const region of regions) set(region, error);
    return;
  }
  try {
    await give(opened.view);
    await runView(context, opened.view, regions, set);
  } finally {
    opened.release();
  }
}

/** The steps of the settings and of the options together. */
function allSteps(settings: Settings, preprocess: PreprocessSteps = {}): PreprocessSteps {
  const asked = stepsOfSettings(settings);
  for (const [step, setting] of [
    ['normalise', 'normalize'],
    ['resample', 'resampledPixelSpacing'],
  ] as const) {
    if (asked[step] && preprocess[step])
      throw new PipelineError(
        'BadSetting',
        `the setting ${setting} and the step ${step} ask for the same; pass one of them`,
      );
  }
  const resample = preprocess.resample && { padDistance: settings.padDistance, ...preprocess.resample };
  return {
    n4: preprocess.n4,
    normalise: asked.normalise ?? preprocess.normalise,
    resample: asked.resample ?? resample,
  };
}

/** Why diagnostics are NaN: only the image's own values make them so. */
function nanDiagnostics(row: Row): Record<string, string> {
  const columns = Object.keys(row).filter((column) => Number.isNaN(row[column]));
  return Object.fromEntries(columns.map((column) => [column, 'the image holds NaN']));
}
