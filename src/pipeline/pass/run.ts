/** Runs the passes of a group of regions: in one trip over the GPU where it fits, in halves where it does not. */
import { EngineError } from '../../engine/index.ts';
import { intensityClasses, maskClasses, type WantedFeatures } from '../classes.ts';
import { regionDiagnostics } from '../diagnostics.ts';
import { PipelineError } from '../errors.ts';
import type { FeatureValues } from '../feature-values.ts';
import { PEAK_BYTES } from '../firstorder/peak.ts';
import type { ImageType } from '../image-types.ts';
import { checkRegion } from '../roi/checks.ts';
import type { WorkContext } from '../progress.ts';
import type { Row } from '../row.ts';
import type { Selection } from '../selection.ts';
import type { Settings } from '../settings.ts';
import { correlateRegions } from './correlate.ts';
import { type Counts, countPass } from './count.ts';
import { derivePasses, type ImagePass } from './derive.ts';
import { finaliseRegion } from './finalise.ts';
import { needsLevels, neighbourhoods, regionEdges } from './layout.ts';
import { encodedFor, passNeeds } from './needs.ts';
import { checkRange, type PassInput, passBox, preparePass, type PreparedPass, type RegionState } from './prepare.ts';

/** Bytes of the key of a voxel of a derived image. */
const DERIVED_KEY_BYTES = 8;

/** A region's features, or why there are none. */
export type Outcome =
  | {
      readonly features: FeatureValues;
      readonly diagnostics: Row;
      /** What was asked for and could not be made, and why. */
      readonly notes: readonly string[];
    }
  | PipelineError;
type SetOutcome = (selection: Selection, outcome: Outcome) => void;

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
export async function runPass(
  input: PassInput,
  wanted: WantedFeatures,
  set: SetOutcome,
  context: WorkContext = {},
): Promise<void> {
  if (input.selections.length === 0) return;
  const { signal } = context;
  signal?.throwIfAborted();
  const limit = input.engine.caps.limits.maxStorageBufferBindingSize;
  const needs = passNeeds(wanted);
  const bytes = Math.max(input.source ? DERIVED_KEY_BYTES : input.image.keyBytes, wanted.has('loc') ? PEAK_BYTES : 0);
  const need = passBox(input, needs).cells * bytes;
  if (need > limit) return runHalves(input, need, limit, wanted, set, context);
  const own = { ...input, settings: originalSettings(input) };
  const pass = await preparePass(input, needs, wanted.has('glrlm') ? neighbourhoods(own).unit : null);
  const buffers = [...pass.buffers];
  /** Gives the failed regions their error and starts again with the others. */
  const withoutFailed = (failed: ReadonlyMap<Selection, PipelineError>) => {
    for (const [selection, error] of failed) set(selection, error);
    return runPass({ ...input, selections: input.selections.filter((s) => !failed.has(s)) }, wanted, set, context);
  };
  try {
    const original = originalPass(input, pass);
    const failed = failures(pass, (state) => {
      if (pass.states !== pass.original) checkResegmented(input, state);
      checkValues(original, wanted, state);
    });
    if (failed.size > 0) return await withoutFailed(failed);
    const { derived, notes } = await derivePasses(input, pass, encodedFor(needs));
    buffers.push(...derived.flatMap((image) => image.pass.buffers));
    const unusable = new Map(
      derived.flatMap((image) => [...failures(image.pass, (state) => checkValues(image, wanted, state))]),
    );
    if (unusable.size > 0) return await withoutFailed(unusable);
    signal?.throwIfAborted();
    const images = [original, ...derived];
    // All in flight at once: the GPU counts the next image while the host makes features of the last.
    const computed = await allOf(
      images.map(async (image) => {
        const counts = await countImage(image, wantedOn(image, wanted), context);
        signal?.throwIfAborted();
        return {
          type: image.type,
          regions: input.selections.map((_, region) => finish(image, counts, region, wanted)),
        };
      }),
    );
    for (const [region, selection] of input.selections.entries()) {
      signal?.throwIfAborted();
      set(selection, joined(input, computed, region, notes));
    }
  } catch (error) {
    const tooLarge =
      (error instanceof EngineError && error.code === 'LimitExceeded') ||
      (error instanceof PipelineError && error.code === 'TooLarge');
    if (!tooLarge) throw error;
    if (input.selections.length === 1) {
      return set(
        input.selections[0] as Selection,
        error instanceof PipelineError ? error : new PipelineError('TooLarge', error.message, { cause: error }),
      );
    }
    await runHalves(input, need, limit, wanted, set, context);
  } finally {
    input.engine.release(...buffers);
    await pass.lines.release();
  }
}

/** As `Promise.all`, but where one fails the others are waited for: they use buffers that are given back then. */
async function allOf<T>(tasks: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}

/** The original image as one of the images of a pass: its mask features are wanted even where it is not. */
function originalPass(input: PassInput, pass: PreparedPass): ImagePass {
  return {
    type: typeOfOriginal(input),
    name: 'original',
    input: { ...input, settings: originalSettings(input) },
    pass,
  };
}

const typeOfOriginal = ({ types }: PassInput): ImageType | null =>
  types.find(({ name }) => name === 'Original') ?? null;

const originalSettings = (input: PassInput): Settings => ({
  ...(typeOfOriginal(input)?.settings ?? input.settings),
  additionalInfo: input.settings.additionalInfo,
});

/** The classes of an image: those of the mask go with the original. */
function wantedOn({ type, name }: ImagePass, wanted: WantedFeatures): WantedFeatures {
  if (name !== 'original') return intensityClasses(wanted);
  return type ? wanted : maskClasses(wanted);
}

/** Counts an image, and goes over the pairs of voxels that morph asks for. */
async function countImage({ input, pass }: ImagePass, wanted: WantedFeatures, context: WorkContext): Promise<Counts> {
  const counts = await countPass(input, pass, wanted);
  const morph = wanted.get('morph');
  if (!morph || input.image.dimension === 2) return counts;
  return { ...counts, intensityMasks: await correlateRegions(input, pass, counts, morph, context) };
}

/** What an image gives for one region, or why a class cannot be computed for it. */
type ImageOutcome =
  | {
      /** Features of the mask; none of derived images. */
      readonly mask: FeatureValues;
      readonly intensity: FeatureValues;
      readonly diagnostics: Row;
    }
  | PipelineError;

/** An image type and what its image gives for each region of a pass. */
interface ComputedImage {
  readonly type: ImageType | null;
  readonly regions: readonly ImageOutcome[];
}

const noFeatures: FeatureValues = { values: {}, reasons: {} };

/** Features and diagnostics of one region on one image. */
function finish(image: ImagePass, counts: Counts, region: number, wanted: WantedFeatures): ImageOutcome {
  const { type, name, input, pass } = image;
  const features = (classes: WantedFeatures) => finaliseRegion(name, input, pass, counts, region, classes);
  try {
    return {
      mask: name === 'original' ? features(maskClasses(wanted)) : noFeatures,
      intensity: type ? features(intensityClasses(wanted)) : noFeatures,
      diagnostics: input.settings.additionalInfo ? regionDiagnostics(input, pass, counts, region) : {},
    };
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

/** One region on all images: features of the mask, then those of every image type in the order that was asked for. */
function joined(
  { types }: PassInput,
  images: readonly ComputedImage[],
  region: number,
  notes: readonly string[],
): Outcome {
  const [original] = images as [ComputedImage];
  const ordered = [original, ...types.flatMap((type) => images.filter((image) => image.type === type))];
  const outcomes = ordered.map(({ regions }) => regions[region] as ImageOutcome);
  const failed = outcomes.find((outcome) => outcome instanceof PipelineError);
  if (failed) return failed;
  const [first, ...all] = outcomes as Exclude<ImageOutcome, PipelineError>[];
  const features = [(first as NonNullable<typeof first>).mask, ...all.map(({ intensity }) => intensity)];
  return {
    features: {
      values: Object.assign({}, ...features.map((f) => f.values)),
      reasons: Object.assign({}, ...features.map((f) => f.reasons)),
    },
    diagnostics: (first as NonNullable<typeof first>).diagnostics,
    notes,
  };
}

async function runHalves(
  input: PassInput,
  need: number,
  limit: number,
  wanted: WantedFeatures,
  set: SetOutcome,
  context: WorkContext,
): Promise<void> {
  let parts: [Selection[], Selection[]];
  try {
    parts = halves(input.selections, need, limit);
  } catch (error) {
    return set(input.selections[0] as Selection, error as PipelineError);
  }
  for (const selections of parts) await runPass({ ...input, selections }, wanted, set, context);
}

/** Runs a check on every region; those that fail, with their errors. */
function failures(pass: PreparedPass, check: (state: RegionState) => void): Map<Selection, PipelineError> {
  const failed = new Map<Selection, PipelineError>();
  for (const state of pass.states) {
    try {
      check(state);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      failed.set(state.selection, error);
    }
  }
  return failed;
}

/** What takes voxels out of a region, for messages. */
function resegmentText({ resegmentRange, resegmentMode, resegmentSigmas }: Settings): string {
  const range = resegmentRange && `resegmentRange ${JSON.stringify(resegmentRange)} (${resegmentMode})`;
  return [range, resegmentSigmas && `resegmentSigmas ${resegmentSigmas}`].filter(Boolean).join(' with ');
}

/** @throws PipelineError ResegmentationEmpty, or as `checkRegion`, where resegmentation leaves too little */
function checkResegmented({ settings }: PassInput, { extent, selection }: RegionState): void {
  if (extent.voxels <= 1) {
    throw new PipelineError(
      'ResegmentationEmpty',
      `label ${selection.name}: ${resegmentText(settings)} keeps ${extent.voxels} of ${selection.voxels} voxels; widen the range`,
    );
  }
  checkRegion(selection.name, extent.voxels, extent.box, settings);
}

/** @throws PipelineError naming a derived image, where a region's values in the image cannot be used */
function checkValues({ type, name, input, pass }: ImagePass, wanted: WantedFeatures, state: RegionState): void {
  try {
    checkRange(state, pass.image);
    if (type && needsLevels(wanted)) regionEdges(input, state);
  } catch (error) {
    if (!(error instanceof PipelineError) || name === 'original') throw error;
    throw new PipelineError(error.code, `image ${name}: ${error.message}`, { cause: error });
  }
}
