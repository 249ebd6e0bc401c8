/** The part of a pass that goes over pairs of voxels: region by region, after the counts, which have the means. */
import { momentsOf } from '../firstorder/features.ts';
import { correlate } from '../morph/autocorrelation.ts';
import { type IntensityMask, needsCorrelation, needsPairs } from '../morph/features.ts';
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
  signal?: AbortSignal,
): Promise<IntensityMask[]> {
  const masks: IntensityMask[] = [];
  for (const [region, { extent, range }] of pass.states.entries()) {
    signal?.throwIfAborted();
    const { mean, std } = momentsOf(valuesOf(pass, counts, region));
    const { nans } = range;
    const at = { cells: pass.cells, keys: pass.image, region, box: extent.box, spacing: image.spacing, mean, std };
    // Without pairs of different intensities there is nothing to compare.
    const pairs = needsPairs(features) && std > 0;
    const useful = needsCorrelation(features) && nans === 0;
    const correlation = useful ? await correlate(engine, at, pairs, { signal }) : null;
    masks.push({ extent, mean, std, nans, correlation });
  }
  return masks;
}
