/** Which views the regions of a call are computed on: one for all, or one for each where the grid follows the region. */
import type { Engine } from '../engine/index.ts';
import { type DeviceVolume, gridOf } from './device-volume.ts';
import { gridColumns } from './diagnostics.ts';
import { deviceIntensities, type Intensities } from './intensities.ts';
import { statistics } from './normalise/index.ts';
import { gridOfStep, maskRuleOf, resampleImage, type ResampleStep } from './preprocess.ts';
import { resampleMask } from './resample/index.ts';
import type { Row } from './row.ts';
import { findMaskLabels, type MaskLabels, resolveSelection } from './selection.ts';
import type { Region, View } from './view.ts';
import type { Geometry, Mask } from './volume.ts';

/** Regions that share a view. */
export interface ViewPlan {
  readonly regions: readonly Region[];
  /**
   * Makes the view.
   * @throws PipelineError where these regions cannot be brought to their grid
   */
  open(): Promise<{ readonly view: View; release(): void }>;
}

/** One view of the image as it is. */
export function planOneView(
  image: Intensities,
  mask: Mask,
  labels: MaskLabels,
  regions: readonly Region[],
): ViewPlan[] {
  return [
    { regions, open: async () => ({ view: { image, mask, labels, interpolated: null }, release: () => undefined }) },
  ];
}

/** Views on resampled grids. @param image on the GPU; stays its owner's */
export function planResampledViews(
  engine: Engine,
  image: DeviceVolume,
  mask: Mask,
  labels: MaskLabels,
  regions: readonly Region[],
  step: ResampleStep,
): ViewPlan[] {
  const open = (shared: readonly Region[]) => async () => {
    const [first] = shared as [Region, ...Region[]];
    // The grids of IBSI and ITK do not depend on the region.
    const box =
      step.grid === undefined || step.grid === 'pyradiomics' ? resolveSelection(first.union, labels).box : null;
    return openView(engine, image, mask, gridOfStep(image, step, box), step);
  };
  const groups = step.grid === undefined || step.grid === 'pyradiomics' ? regions.map((r) => [r]) : [regions];
  return groups.map((shared) => ({ regions: shared, open: open(shared) }));
}

async function openView(
  engine: Engine,
  image: DeviceVolume,
  mask: Mask,
  grid: Geometry,
  step: ResampleStep,
): Promise<{ view: View; release(): void }> {
  const resampled = await resampleImage(engine, image, grid, step);
  const release = () => {
    if (resampled.voxels !== image.voxels) engine.release(resampled.voxels);
  };
  try {
    const moved = await resampleMask(engine, mask, grid, maskRuleOf(step));
    const labels = await findMaskLabels(engine, moved);
    const interpolated = await imageColumns(engine, resampled);
    return { view: { image: deviceIntensities(resampled), mask: moved, labels, interpolated }, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** PyRadiomics' columns of a resampled image. */
async function imageColumns(engine: Engine, image: DeviceVolume): Promise<Row> {
  const { mean, minimum, maximum } = await statistics(engine, image);
  const name = 'diagnostics_Image-interpolated';
  return {
    ...gridColumns('Image-interpolated', gridOf(image)),
    [`${name}_Mean`]: mean,
    [`${name}_Minimum`]: minimum,
    [`${name}_Maximum`]: maximum,
  };
}
