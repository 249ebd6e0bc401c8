/** The part of a pass that goes over pairs of voxels: region by region, after the counts, which have the means. */
import { momentsOf } from '../firstorder/features.ts';
import { correlate } from '../morph/autocorrelation.ts';
import { type IntensityMask, needsCorrelation, needsPairs } from '../morph/features.ts';
import { pairBytes } from '../morph/potentials.ts';
import type { WorkContext } from '../progress.ts';
import { type Counts, valuesOf } from './count.ts';
import type { PassInput, PreparedPass } from './prepare.ts';

/**
 * Intensity masks of all regions with their sums over voxels and pairs.
 * @param features of the class morph
 * @throws EngineError from the GPU; `signal.reason` when cancelled
 */
export async function correlateRegions(
  { engine, image }: PassInput,
  pass: PreparedPass,
  counts: Counts,
  features: readonly string[],
  context: WorkContext = {},
): Promise<IntensityMask[]> {
  const masks: IntensityMask[] = [];
  for (const [region, { extent, range }] of pass.states.entries()) {
    context.signal?.throwIfAborted();
    const { mean, std } = momentsOf(valuesOf(pass, counts, region));
    const { nans } = range;
    const at = { cells: pass.cells, keys: pass.image, region, box: extent.box, spacing: image.spacing, mean, std };
    // Without pairs of different intensities there is nothing to compare.
    const compared = needsPairs(features) && std > 0;
    const { limit, need } = pairBytes(engine, extent.box);
    const tooLarge = compared && need > limit ? { need, limit } : null;
    const useful = needsCorrelation(features) && nans === 0;
    const correlation = useful ? await correlate(engine, at, compared && !tooLarge, context) : null;
    masks.push({ extent, mean, std, nans, correlation, tooLarge });
  }
  return masks;
}
