/** Extraction of the original image: from an image, a mask and settings to one row per region. */
import { type Engine, EngineError } from '../engine/index.ts';
import { type ClassSelection, type WantedFeatures, wantedFeatures } from './classes.ts';
import { caseDiagnostics, regionDiagnostics } from './diagnostics.ts';
import { PipelineError } from './errors.ts';
import type { FeatureValues } from './feature-values.ts';
import { alignMask } from './geometry.ts';
import { hostIntensities } from './intensities.ts';
import { isIntegerImage, kernelsFor } from './kernels.ts';
import { type Counts, countPass } from './pass/count.ts';
import { measureMask } from './pass/facts.ts';
import { finaliseRegion } from './pass/finalise.ts';
import { needsLevels, regionEdges } from './pass/layout.ts';
import { checkRange, type PassInput, passBox, preparePass, type PreparedPass } from './pass/prepare.ts';
import { findLabels } from './roi/bounds.ts';
import { checkRegion } from './roi/checks.ts';
import type { RegionFacts } from './roi/facts.ts';
import { packLabels } from './roi/labels.ts';
import type { Row } from './row.ts';
import { disjointGroups, type LabelUnion, resolveSelection, type Selection } from './selection.ts';
import { parseSettings, type Settings, type SettingsInput } from './settings.ts';
import type { Mask, Volume } from './volume.ts';

/** What happened last, for progress displays. */
export interface ProgressEvent {
  readonly stage: 'labels' | 'regions';
  /** Regions finished. */
  readonly done: number;
  readonly total: number;
}

export interface ExtractOptions {
  /** Regions: label values, unions of them, or all labels of the mask. Default: the setting `label`. */
  readonly labels?: readonly (number | LabelUnion)[] | 'all';
  readonly settings?: SettingsInput;
  /** Feature classes, or features by class. Default: all classes but shape2D. */
  readonly classes?: ClassSelection;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** A region's features, or why there are none. */
type Outcome = { readonly features: FeatureValues; readonly diagnostics: Row } | PipelineError;
type Outcomes = Map<Selection, Outcome>;

/** Splits a pass that needs more memory than the adapter binds at once; a single region that does is refused. */
function halves(selections: readonly Selection[], need: number, limit: number): [Selection[], Selection[]] {
  if (selections.length === 1) {
    const { name, box } = selections[0] as Selection;
    throw new PipelineError(
      'TooLarge',
      `label ${name}: its box ${box.first} to ${box.last} needs a buffer of ${need} bytes, this adapter binds ${limit} (maxStorageBufferBindingSize); use an adapter with more, or crop or resample the image`,
    );
  }
  // Neighbours along z share a box; cutting there shrinks both halves.
  const ordered = [...selections].sort((a, b) => a.box.first[2] + a.box.last[2] - b.box.first[2] - b.box.last[2]);
  const middle = ordered.length >> 1;
  return [ordered.slice(0, middle), ordered.slice(middle)];
}

/** Runs one pass; regions that fail get their error, the others go on. */
async function runPass(
  input: PassInput,
  wanted: WantedFeatures,
  outcomes: Outcomes,
  done: (n: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  if (input.selections.length === 0) return;
  signal?.throwIfAborted();
  const limit = input.engine.caps.limits.maxStorageBufferBindingSize;
  const need = passBox(input.selections, input.settings).cells * input.image.keyBytes;
  if (need > limit) return runHalves(input, need, limit, wanted, outcomes, done, signal);
  const pass = await preparePass(input);
  try {
    const failed = failedRegions(input, pass, wanted);
    if (failed.size > 0) {
      for (const [selection, error] of failed) outcomes.set(selection, error);
      done(failed.size);
      const rest = input.selections.filter((s) => !failed.has(s));
      return await runPass({ ...input, selections: rest }, wanted, outcomes, done, signal);
    }
    const counts = await countPass(input, pass, wanted);
    for (const [region, selection] of input.selections.entries()) {
      signal?.throwIfAborted();
      outcomes.set(selection, finish(input, pass, counts, region, wanted));
      done(1);
    }
  } catch (error) {
    const tooLarge =
      (error instanceof EngineError && error.code === 'LimitExceeded') ||
      (error instanceof PipelineError && error.code === 'TooLarge');
    if (!tooLarge) throw error;
    if (input.selections.length === 1) {
      outcomes.set(
        input.selections[0] as Selection,
        error instanceof PipelineError ? error : new PipelineError('TooLarge', error.message, { cause: error }),
      );
      return done(1);
    }
    await runHalves(input, need, limit, wanted, outcomes, done, signal);
  } finally {
    input.engine.release(...pass.buffers);
  }
}

/** The features and diagnostics of one region, or the error of a class that cannot be computed for it. */
function finish(input: PassInput, pass: PreparedPass, counts: Counts, region: number, wanted: WantedFeatures): Outcome {
  try {
    return {
      features: finaliseRegion(input, pass, counts, region, wanted),
      diagnostics: input.settings.additionalInfo ? regionDiagnostics(input, pass, counts, region) : {},
    };
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

async function runHalves(
  input: PassInput,
  need: number,
  limit: number,
  wanted: WantedFeatures,
  outcomes: Outcomes,
  done: (n: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  let parts: [Selection[], Selection[]];
  try {
    parts = halves(input.selections, need, limit);
  } catch (error) {
    outcomes.set(input.selections[0] as Selection, error as PipelineError);
    return done(1);
  }
  for (const selections of parts) await runPass({ ...input, selections }, wanted, outcomes, done, signal);
}

/** The regions that resegmentation or the image's values make impossible. */
function failedRegions(input: PassInput, pass: PreparedPass, wanted: WantedFeatures): Map<Selection, PipelineError> {
  const failed = new Map<Selection, PipelineError>();
  for (const state of pass.states) {
    try {
      const { extent, selection } = state;
      if (pass.states !== pass.original) {
        if (extent.voxels <= 1) {
          throw new PipelineError(
            'ResegmentationEmpty',
            `label ${selection.name}: resegmentRange ${JSON.stringify(input.settings.resegmentRange)} (${input.settings.resegmentMode}) keeps ${extent.voxels} of ${selection.voxels} voxels; widen the range`,
          );
        }
        checkRegion(selection.name, extent.voxels, extent.box, input.settings);
      }
      checkRange(state, pass.image);
      if (needsLevels(wanted)) regionEdges(input, state);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      failed.set(state.selection, error);
    }
  }
  return failed;
}

/** The selections of a call; labels that are not there or too small become errors. */
function selectRegions(
  found: Awaited<ReturnType<typeof findLabels>>,
  packed: ReturnType<typeof packLabels>,
  settings: Settings,
  labels: ExtractOptions['labels'],
): (Selection | { name: string; error: PipelineError })[] {
  if (found.length === 0)
    throw new PipelineError(
      'EmptyMask',
      'the mask has no voxel above 0, nothing is segmented; check that it is the right file',
    );
  const unions: LabelUnion[] =
    labels === 'all'
      ? found
          .map((f) => packed.valueOf(f.index))
          .sort((a, b) => a - b)
          .map((label) => [label])
      : (labels ?? [settings.label]).map((l) => (typeof l === 'number' ? [l] : l));
  return unions.map((union) => {
    try {
      const selection = resolveSelection(union, packed, found);
      checkRegion(selection.name, selection.voxels, selection.box, settings);
      return selection;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return { name: union.join('+'), error };
    }
  });
}

/**
 * Extracts PyRadiomics' features of the original image for one or more regions of a mask.
 *
 * All regions share one pass over the GPU, so a hundred labels cost little more than one. Rows come in the order of
 * `labels`; a region that cannot be processed gives a row with `voxomics_error` when there are several.
 * @param image scalar image
 * @param mask label map on the image's grid (or resampled to it with the setting correctMask)
 * @returns one flat row per region: diagnostics first, then features; NaN values have a reason in `voxomics_reasons`
 * @throws PipelineError on bad input, or the region's error when only one was asked for; EngineError from the GPU;
 * `signal.reason` when cancelled
 */
export async function extract(engine: Engine, image: Volume, mask: Mask, options: ExtractOptions = {}): Promise<Row[]> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const settings = parseSettings(options.settings);
  const wanted = wantedFeatures(options.classes);
  const compiling = engine.prepare(kernelsFor(wanted, settings, isIntegerImage(image)));
  // A failed compilation surfaces where the kernel is used.
  compiling.catch(() => undefined);
  const common = settings.additionalInfo ? caseDiagnostics(engine, image, mask, settings) : Promise.resolve(null);
  common.catch(() => undefined);

  const aligned = await alignMask(engine, image, mask, settings, options.labels);
  const packed = packLabels(aligned);
  const found = await findLabels(engine, packed, aligned.size);
  const regions = selectRegions(found, packed, settings, options.labels);
  const selections = regions.filter((r): r is Selection => !('error' in r));
  onProgress?.({ stage: 'labels', done: 0, total: selections.length });

  const corrected = aligned !== mask && settings.additionalInfo;
  const uncorrected = corrected ? await regionsBefore(engine, mask, selections) : null;
  const outcomes: Outcomes = new Map();
  let finished = 0;
  const done = (n: number) => {
    finished += n;
    onProgress?.({ stage: 'regions', done: finished, total: selections.length });
  };
  for (const group of disjointGroups(selections)) {
    const input = {
      engine,
      image: hostIntensities(image),
      labels: packed,
      selections: group,
      settings,
      mask,
      uncorrected,
    };
    await runPass(input, wanted, outcomes, done, signal);
  }
  const shared = await common;
  return regions.map((region) => {
    const outcome = 'error' in region ? region.error : (outcomes.get(region) as Outcome);
    if (outcome instanceof PipelineError) {
      if (regions.length === 1) throw outcome;
      return { ...shared?.before(region.name), voxomics_error: { code: outcome.code, message: outcome.message } };
    }
    const diagnostics = { ...shared?.before(region.name), ...outcome.diagnostics, ...shared?.after };
    const reasons = { ...nanDiagnostics(diagnostics), ...outcome.features.reasons };
    return { ...diagnostics, ...outcome.features.values, voxomics_reasons: reasons };
  });
}

/** Facts of the selected regions in a mask that correctMask has resampled since. */
async function regionsBefore(
  engine: Engine,
  mask: Mask,
  selections: readonly Selection[],
): Promise<Map<string, RegionFacts>> {
  const packed = packLabels(mask);
  const found = await findLabels(engine, packed, mask.size);
  const before = selections.map((s) => resolveSelection(s.labels, packed, found));
  return measureMask(engine, packed, mask.size, before);
}

/** Why diagnostics are NaN: only the image's own values make them so. */
function nanDiagnostics(row: Row): Record<string, string> {
  const columns = Object.keys(row).filter((column) => Number.isNaN(row[column]));
  return Object.fromEntries(columns.map((column) => [column, 'the image holds NaN']));
}
