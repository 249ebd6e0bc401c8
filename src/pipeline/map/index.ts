/** Feature maps: first-order and texture features of the neighbourhood of every voxel, as PyRadiomics' voxel-based mode. */
import type { Engine } from '../../engine/index.ts';
import type { ClassSelection, WantedFeatures } from '../classes.ts';
import { PipelineError } from '../errors.ts';
import { boxGrid } from '../geometry.ts';
import { alignMask } from '../geometry.ts';
import { forcedAxis, neighbourhoods } from '../pass/layout.ts';
import { findMaskLabels, type LabelUnion, labelUnions, resolveSelection, type Selection } from '../selection.ts';
import { parseSettings, type Settings, type SettingsInput } from '../settings.ts';
import type { Mask, Vec3, Volume } from '../volume.ts';
import { uploadIntensities } from './firstorder.ts';
import { parseVoxelSettings, type VoxelSettingsInput, wantedMaps } from './options.ts';
import { mapKernels, planMaps } from './plan.ts';
import { type MapRegion, openRegion } from './region.ts';
import { runTiles, type TileOptions } from './tiles.ts';

export { mapClasses, parseMapFeatures, type VoxelSettingsInput, voxelSettingSchema } from './options.ts';

export interface FeatureMapOptions extends TileOptions {
  /** Regions: label values, unions of them, or all labels of the mask. Default: the setting `label`. */
  readonly labels?: readonly (number | LabelUnion)[] | 'all';
  /** Feature classes, or features by class. Default: first order and all textures. */
  readonly features?: ClassSelection;
  readonly settings?: SettingsInput;
  /** PyRadiomics' voxelSetting: kernelRadius, maskedKernel, initValue. */
  readonly voxelSettings?: VoxelSettingsInput;
}

/** The maps of one region. */
export interface RegionMaps {
  /** The region's labels, joined by `+`. */
  readonly label: string;
  /**
   * Float32 volumes by PyRadiomics' names (`original_glcm_Contrast`), on the box of the region grown by the radius as far as
   * the image goes. Voxels outside the region hold initValue; NaN where a neighbourhood does not define the feature.
   */
  readonly maps: ReadonlyMap<string, Volume>;
}

/** The maps of one region. */
async function mapRegion(
  engine: Engine,
  image: Volume,
  region: MapRegion,
  settings: Settings,
  wanted: WantedFeatures,
  { kernelRadius, initValue }: { readonly kernelRadius: number; readonly initValue: number },
  options: TileOptions,
): Promise<ReadonlyMap<string, Volume>> {
  const around = neighbourhoods({ settings, image });
  const flat = forcedAxis({ settings, image });
  const radius = [2, 1, 0].map((axis) => (axis === flat ? 0 : kernelRadius)) as unknown as Vec3;
  const { box, cells, targets, top, recording } = region;
  const intensities = wanted.has('firstorder') ? recording.keep(uploadIntensities(recording, image, box)) : null;
  const plans = planMaps(wanted, {
    settings,
    around,
    kernels: { box, radius, cells, targets, top },
    intensities,
    voxelVolume: image.spacing.slice(0, image.dimension).reduce((product, s) => product * s, 1),
  });
  try {
    const maps = await runTiles(engine, region, plans, initValue, options);
    const grid = boxGrid(image, box.box);
    const ordered = [...wanted].flatMap(([name, features]) => features.map((feature) => `${name}_${feature}`));
    const made = ordered.filter((name) => maps.has(name));
    return new Map(made.map((name) => [`original_${name}`, { ...grid, data: maps.get(name)! }]));
  } finally {
    if (intensities) engine.release(intensities);
  }
}

/**
 * Computes feature maps as PyRadiomics' voxel-based mode does: each voxel of a region gets the features of its
 * neighbourhood, the box of kernelRadius around it. Grey levels are those of the region (of the whole box where the kernel
 * is not masked). Kernels compute in float32 from integer counts: the values are exact to 3e-6, relative to the value or, where
 * the feature is a difference of large numbers, to the largest value of the map.
 *
 * Different from PyRadiomics by choice: MCC averages the angles that a neighbourhood has, where PyRadiomics fails for all
 * voxels of a batch if one of them lacks an angle; Busyness is 0 where its divisor is 0, where rounding decides in
 * PyRadiomics; voxelBatch has no effect, JointAverage is NaN where it is when all voxels are one batch.
 * @param image scalar image
 * @param mask label map on the image's grid (or resampled to it with the setting correctMask)
 * @returns the maps of each region, in the order of `labels`
 * @throws PipelineError on bad input or a setting that maps do not know; EngineError from the GPU; `signal.reason` when
 * cancelled
 */
export async function featureMaps(
  engine: Engine,
  image: Volume,
  mask: Mask,
  options: FeatureMapOptions = {},
): Promise<RegionMaps[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  const settings = parseSettings(options.settings);
  const voxelSettings = parseVoxelSettings(options.voxelSettings);
  const wanted = wantedMaps(options.features, settings);
  const compiling = engine.prepare(mapKernels(wanted));
  // A failed compilation surfaces where the kernel is used.
  compiling.catch(() => undefined);
  const aligned = await alignMask(image, mask, settings, options.labels);
  const labels = findMaskLabels(aligned);
  if (labels.found.length === 0)
    throw new PipelineError(
      'EmptyMask',
      'the mask has no voxel above 0, nothing is segmented; check that it is the right file',
    );
  const selections = labelUnions(labels, options.labels, settings.label).map(
    (union): Selection => resolveSelection(union, labels),
  );
  const results: RegionMaps[] = [];
  for (const selection of selections) {
    signal?.throwIfAborted();
    const region = openRegion(engine, image, labels.packed, selection, settings, voxelSettings);
    try {
      const maps = await mapRegion(engine, image, region, settings, wanted, voxelSettings, options);
      results.push({ label: selection.name, maps });
    } finally {
      engine.release(...region.buffers);
    }
  }
  return results;
}
