/** Which views the regions of a call are computed on: one for all, or one for each where the grid follows the region. */
import { type Engine, Recording } from '../engine/index.ts';
import { type Box, grownBox } from './box.ts';
import { buffersOf, type DeviceVolume, gridOf } from './device-volume.ts';
import { gridColumns } from './diagnostics.ts';
import { boxGrid } from './geometry.ts';
import { deviceIntensities, type Intensities } from './intensities.ts';
import { statistics } from './normalise/index.ts';
import { deviceSource, hostSource } from './pass/prepare.ts';
import { gridOfStep, maskRuleOf, resampleImage, type ResampleStep } from './preprocess.ts';
import { recordResample, resampleMask } from './resample/index.ts';
import type { Row } from './row.ts';
import { findMaskLabels, type MaskLabels, resolveSelection } from './selection.ts';
import type { Settings } from './settings.ts';
import type { Region, View } from './view.ts';
import type { Geometry, Mask, Volume } from './volume.ts';

/** Regions that share a view. */
export interface ViewPlan {
  readonly regions: readonly Region[];
  /**
   * Makes the view.
   * @throws PipelineError where these regions cannot be brought to their grid
   */
  open(): Promise<{ readonly view: View; release(): void }>;
}

/**
 * Views of the image as it is: one for all regions, or one for each where what is derived is cropped to the region.
 * @param source what images are derived from: the image in memory, or on the GPU, as cropping wants it; stays its owner's
 */
export function planViews(
  engine: Engine,
  image: Intensities,
  source: Volume | DeviceVolume | null,
  mask: Mask,
  labels: MaskLabels,
  regions: readonly Region[],
  { preCrop, padDistance }: Settings,
): ViewPlan[] {
  const view = { image, mask, labels, interpolated: null };
  if (!source || !preCrop || 'data' in source) {
    const passSource = source && ('data' in source ? hostSource(engine, source) : deviceSource(source));
    return [{ regions, open: async () => ({ view: { ...view, source: passSource }, release: () => undefined }) }];
  }
  return regions.map((region) => ({
    regions: [region],
    open: async () => {
      const box = grownBox(resolveSelection(region.union, labels).box, padDistance, image);
      const part = await crop(engine, source, box);
      return {
        view: { ...view, source: deviceSource(part, box.first) },
        release: () => engine.release(...buffersOf(part)),
      };
    },
  }));
}

/** Cuts a box out of an image on the GPU; the part is kept. */
async function crop(engine: Engine, image: DeviceVolume, box: Box): Promise<DeviceVolume> {
  const rec = new Recording('view/crop');
  const part = recordResample(rec, image, boxGrid(image, box), { interpolator: 'sitkNearestNeighbor' });
  await engine.execute(rec);
  return part;
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
  const resampled = await resampleImage(engine, image, grid, step, true);
  // On an equal grid it is the image itself, which other views need too.
  const release = () => {
    if (resampled.voxels !== image.voxels) engine.release(...buffersOf(resampled));
  };
  try {
    const moved = await resampleMask(engine, mask, grid, maskRuleOf(step));
    const labels = findMaskLabels(moved);
    const interpolated = await imageColumns(engine, resampled);
    const source = deviceSource(resampled);
    return { view: { image: deviceIntensities(resampled), mask: moved, labels, source, interpolated }, release };
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
