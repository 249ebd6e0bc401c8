/** Runs the passes of a group of regions: in one trip over the GPU where it fits, in halves where it does not. */
import { EngineError } from '../../engine/index.ts';
import type { WantedFeatures } from '../classes.ts';
import { regionDiagnostics } from '../diagnostics.ts';
import { PipelineError } from '../errors.ts';
import type { FeatureValues } from '../feature-values.ts';
import { checkRegion } from '../roi/checks.ts';
import type { Row } from '../row.ts';
import type { Selection } from '../selection.ts';
import { type Counts, countPass } from './count.ts';
import { finaliseRegion } from './finalise.ts';
import { needsLevels, regionEdges } from './layout.ts';
import { checkRange, type PassInput, passBox, preparePass, type PreparedPass } from './prepare.ts';

/** A region's features, or why there are none. */
export type Outcome = { readonly features: FeatureValues; readonly diagnostics: Row } | PipelineError;
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
  signal?: AbortSignal,
): Promise<void> {
  if (input.selections.length === 0) return;
  signal?.throwIfAborted();
  const limit = input.engine.caps.limits.maxStorageBufferBindingSize;
  const need = passBox(input.selections, input.settings).cells * input.image.keyBytes;
  if (need > limit) return runHalves(input, need, limit, wanted, set, signal);
  const pass = await preparePass(input);
  try {
    const failed = failedRegions(input, pass, wanted);
    if (failed.size > 0) {
      for (const [selection, error] of failed) set(selection, error);
      const rest = input.selections.filter((s) => !failed.has(s));
      return await runPass({ ...input, selections: rest }, wanted, set, signal);
    }
    const counts = await countPass(input, pass, wanted);
    for (const [region, selection] of input.selections.entries()) {
      signal?.throwIfAborted();
      set(selection, finish(input, pass, counts, region, wanted));
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
    await runHalves(input, need, limit, wanted, set, signal);
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
  set: SetOutcome,
  signal?: AbortSignal,
): Promise<void> {
  let parts: [Selection[], Selection[]];
  try {
    parts = halves(input.selections, need, limit);
  } catch (error) {
    return set(input.selections[0] as Selection, error as PipelineError);
  }
  for (const selections of parts) await runPass({ ...input, selections }, wanted, set, signal);
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
