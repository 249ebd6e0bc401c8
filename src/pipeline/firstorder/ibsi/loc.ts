/** IBSI's local intensity features (reference manual 3.2). */
import type { FeatureValues } from '../../feature-values.ts';

/** Tags of the features without `loc_`, in the manual's order. */
export const locNames = ['peak_loc', 'peak_glob'] as const;

/**
 * The 2 features of one region, in the image's unit.
 * @param local largest mean of the spheres around the voxels with the largest intensity @param global of all voxels
 */
export function locFeatures(local: number, global: number): FeatureValues {
  const values = { peak_loc: local, peak_glob: global };
  const missing = locNames.filter((name) => Number.isNaN(values[name]));
  return {
    values,
    reasons: Object.fromEntries(missing.map((name) => [name, 'The spheres hold no finite intensity.'])),
  };
}
