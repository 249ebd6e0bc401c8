/** Which kernels an extraction will use, so that they can compile while files are being read. */
import type { Kernel } from '../engine/index.ts';
import type { FeatureClass, WantedFeatures } from './classes.ts';
import { filterKernels } from './filter/index.ts';
import { derivedTypes, type ImageType } from './image-types.ts';
import { hasSteps, type PreprocessSteps, stepKernels, stepsOfSettings } from './preprocess.ts';
import { levels } from './discretise/levels.ts';
import { gather } from './firstorder/gather.ts';
import { histogram } from './firstorder/histogram.ts';
import { mean, rows } from './firstorder/peak.ts';
import { autocorrelationKernels } from './morph/autocorrelation.ts';
import { needsCorrelation, needsPairs } from './morph/features.ts';
import { clip } from './roi/clip.ts';
import { compact } from './roi/compact.ts';
import { encode } from './roi/encode.ts';
import { extent } from './roi/extent.ts';
import { range } from './roi/range.ts';
import { resegment, resegments } from './roi/resegment.ts';
import { needsValues } from './pass/layout.ts';
import type { Settings } from './settings.ts';
import { extremes, mesh } from './shape/surface.ts';
import { link, measure, nearest, start, tally, volumes } from './texture/components.ts';
import { distance } from './texture/distance.ts';
import { glcm } from './texture/glcm.ts';
import { gldm } from './texture/gldm.ts';
import { glrlm } from './texture/glrlm.ts';
import { count, list } from './texture/lines.ts';
import { ngtdm } from './texture/ngtdm.ts';
import type { Volume } from './volume.ts';

type AnyKernel = Kernel;

const byClass: Record<FeatureClass, readonly unknown[]> = {
  shape: [mesh, extremes],
  shape2D: [mesh, extremes],
  morph: [mesh, extremes],
  firstorder: [levels],
  loc: [rows, mean],
  stat: [],
  ih: [levels],
  ivh: [],
  dzm: [levels, start, link, distance, nearest, tally],
  ngl: [levels, gldm],
  glcm: [levels, glcm],
  gldm: [levels, gldm],
  glrlm: [levels, count, list, glrlm],
  glszm: [levels, start, link, measure, tally],
  ngtdm: [levels, ngtdm],
};

/**
 * The kernels that a case most likely needs. A kernel that is missing here is compiled when it is first dispatched.
 * @param integers whether the image is of an integer type; null where that is not known yet
 */
export function kernelsFor(
  wanted: WantedFeatures,
  settings: Settings,
  integers: boolean | null,
  types: readonly ImageType[],
  steps: PreprocessSteps = stepsOfSettings(settings),
): AnyKernel[] {
  const kernels: unknown[] = [compact, extent, range, ...stepKernels(steps, true), ...filterKernels(types)];
  if (hasSteps(steps) || derivedTypes(types).length > 0) kernels.push(encode);
  for (const name of wanted.keys()) kernels.push(...byClass[name]);
  const morph = wanted.get('morph') ?? [];
  if (needsCorrelation(morph)) kernels.push(...autocorrelationKernels(needsPairs(morph)));
  if (needsValues(wanted) && integers !== null) kernels.push(integers ? histogram : gather);
  if (settings.additionalInfo) kernels.push(start, link, volumes);
  if (resegments(settings)) kernels.push(resegment, ...(settings.resegmentShape ? [] : [clip]));
  return [...new Set(kernels)] as AnyKernel[];
}

export const isIntegerImage = (image: Volume): boolean =>
  !(image.data instanceof Float32Array || image.data instanceof Float64Array);
