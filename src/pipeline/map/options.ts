/** Options of feature maps: PyRadiomics' voxel settings, the classes that have maps, and what maps cannot do. */
import { z } from 'zod';
import {
  type ClassSelection,
  type FeatureClass,
  pyradiomicsClasses,
  type WantedFeatures,
  wantedFeatures,
} from '../classes.ts';
import { PipelineError } from '../errors.ts';
import type { Settings } from '../settings.ts';

/** Neighbours further away would need tables of counts that the kernels' sums of logarithms do not hold. */
const MAX_RADIUS = 5;

/** Settings of the voxel-based mode, which PyRadiomics keeps apart. */
export const voxelSettingSchema = z.strictObject({
  /** Distance of the neighbourhood's faces from its centre, voxels. */
  kernelRadius: z.int().positive().default(1),
  /** Only voxels inside the region take part. */
  maskedKernel: z.boolean().default(true),
  /** Value of voxels outside the region. */
  initValue: z.union([z.number(), z.nan(), z.enum(['nan', 'NaN'])]).default(0),
  /** Voxels computed at once; without effect here. */
  voxelBatch: z.int().default(-1),
});

export type VoxelSettings = z.output<typeof voxelSettingSchema>;
export type VoxelSettingsInput = z.input<typeof voxelSettingSchema>;

/** Classes with a value for every voxel. */
export const mapClasses: readonly FeatureClass[] = pyradiomicsClasses.filter(
  (name) => name !== 'shape' && name !== 'shape2D',
);

/**
 * Fills in the defaults and checks every value.
 * @throws PipelineError BadSetting naming the setting, what was found, what is allowed
 */
export function parseVoxelSettings(
  input: VoxelSettingsInput = {},
): Omit<VoxelSettings, 'initValue'> & { initValue: number } {
  const result = voxelSettingSchema.safeParse(input);
  if (!result.success) {
    const issue = result.error.issues[0] as z.core.$ZodIssue;
    throw new PipelineError(
      'BadSetting',
      `voxel setting ${issue.path.join('.')}: ${issue.message}; known: ${Object.keys(voxelSettingSchema.shape).join(', ')}`,
    );
  }
  const { kernelRadius, initValue } = result.data;
  if (kernelRadius > MAX_RADIUS)
    throw new PipelineError(
      'BadSetting',
      `voxel setting kernelRadius: expected 1 to ${MAX_RADIUS}, found ${kernelRadius}; use a smaller one, or resample the image to larger voxels`,
    );
  return { ...result.data, initValue: Number(initValue) };
}

const refused: Readonly<Partial<Record<keyof Settings, string>>> = {
  normalize: 'normalise the image first (voxomics normalise)',
  resampledPixelSpacing: 'resample image and mask first (voxomics resample)',
  resegmentRange: 'restrict the mask first',
};

/**
 * The features to map.
 * @throws PipelineError BadSetting on an unknown feature, a class without maps, or a setting that maps do not know
 */
export function wantedMaps(selection: ClassSelection = mapClasses, settings: Settings): WantedFeatures {
  const wanted = wantedFeatures(selection);
  const without = [...wanted.keys()].find((name) => !mapClasses.includes(name));
  if (without)
    throw new PipelineError(
      'BadSetting',
      `feature class ${without} describes a whole region and has no map; classes with maps: ${mapClasses.join(', ')}`,
    );
  for (const [key, advice] of Object.entries(refused)) {
    const value = settings[key as keyof Settings];
    if (value !== null && value !== false)
      throw new PipelineError('BadSetting', `feature maps do not know the setting ${key}; ${advice} and leave it out`);
  }
  const weighted = (['glcm', 'glrlm'] as const).find((name) => wanted.has(name));
  if (settings.weightingNorm !== null && weighted)
    throw new PipelineError(
      'BadSetting',
      `maps of ${weighted} average the angles; weightingNorm=${settings.weightingNorm} is not possible; leave it out`,
    );
  return wanted;
}

/**
 * Reads `firstorder,glcm:Contrast+JointEntropy`: classes, each with the features wanted of it, all without.
 * @throws PipelineError BadSetting
 */
export function parseMapFeatures(text: string): ClassSelection {
  const parts = text.split(',').map((part): [FeatureClass, readonly string[] | null] => {
    const [name = '', features] = part.split(':', 2).map((word) => word.trim());
    return [name as FeatureClass, features === undefined ? null : features.split('+').map((f) => f.trim())];
  });
  const selection = Object.fromEntries(parts);
  wantedFeatures(selection);
  return selection;
}
