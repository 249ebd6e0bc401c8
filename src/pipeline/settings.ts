/** PyRadiomics' settings: names, defaults, allowed values. */
import { z } from 'zod';
import { PipelineError } from './errors.ts';

const weightingNorms = ['manhattan', 'euclidean', 'infinity', 'no_weighting'] as const;
const lbpMethods = ['default', 'ror', 'uniform', 'var'] as const;
const resegmentModes = ['absolute', 'relative', 'sigma'] as const;

/** Where the voxels of a resampled image lie: PyRadiomics' (round the region), IBSI's (centres agree), ITK's (origins agree). */
export const gridRules = ['pyradiomics', 'ibsi', 'itk'] as const;
export type GridRule = (typeof gridRules)[number];
/** How a mask comes onto another grid: labels of the nearest voxel, or those that make up at least one half of the voxel. */
export const maskRules = ['nearest', 'majority'] as const;
export type MaskRule = (typeof maskRules)[number];

const positive = z.number().positive();
const count = z.int().positive();

/** The settings that extraction reads; keys and defaults are PyRadiomics' (featureextractor.py). */
export const settingsSchema = z.strictObject({
  /** Width of a grey level bin, in the unit of the image. */
  binWidth: positive.default(25),
  /** Fixed number of bins; overrides binWidth. */
  binCount: count.nullable().default(null),
  /**
   * Lower edge of the first bin of binWidth, as IBSI's fixed bin size has it; not of PyRadiomics, which takes the multiple of
   * the width below the smallest intensity (null).
   */
  binMinimum: z.number().nullable().default(null),
  /** Label value of the region when no label is asked for. */
  label: z.int().nonnegative().default(1),
  /** Channel of a vector mask. */
  label_channel: z.int().nonnegative().default(0),
  /** Neighbour distances (infinity norm, voxels) of GLCM, GLDM and NGTDM. */
  distances: z.array(count).nonempty().default([1]),
  /** Textures slice by slice. */
  force2D: z.boolean().default(false),
  /** The axis across the slices: 0 = z, 1 = y, 2 = x. */
  force2Ddimension: z.literal([0, 1, 2]).default(0),
  weightingNorm: z.enum(weightingNorms).nullable().default(null),
  symmetricalGLCM: z.boolean().default(true),
  /** Largest grey level difference of dependent voxels. */
  gldm_a: z.int().nonnegative().default(0),
  /**
   * Width of the bins of IBSI's intensity-volume histogram, in the unit of the image; their centres are its intensities. Null:
   * the intensities as they are. Not of PyRadiomics.
   */
  ivhBinWidth: positive.nullable().default(null),
  /** Number of bins of the intensity-volume histogram between the region's extremes; overrides ivhBinWidth. Not of PyRadiomics. */
  ivhBinCount: count.nullable().default(null),
  /** Added to intensities before Energy, TotalEnergy and RootMeanSquared. */
  voxelArrayShift: z.number().default(0),
  minimumROIDimensions: z.int().min(1).max(3).default(2),
  /** Regions of this many voxels or fewer are refused. */
  minimumROISize: count.nullable().default(null),
  /** One (lower) or two thresholds, closed range. */
  resegmentRange: z.array(z.number()).min(1).max(2).nullable().default(null),
  resegmentMode: z.enum(resegmentModes).default('absolute'),
  /**
   * Intensities farther than so many standard deviations from the mean of the region leave it too: IBSI's outlier filtering. Mean
   * and deviation are those before any voxel has left; the range and this one are intersected. Not of PyRadiomics.
   */
  resegmentSigmas: positive.nullable().default(null),
  /** Shape features of the resegmented region. */
  resegmentShape: z.boolean().default(false),
  /** z-score of the whole image before anything else. */
  normalize: z.boolean().default(false),
  /** What the normalised intensities are multiplied by. */
  normalizeScale: positive.default(1),
  /** Normalised intensities are clipped to this many standard deviations, before the scale. */
  removeOutliers: positive.nullable().default(null),
  /** Millimetres between voxels after resampling; 0 keeps the spacing of an axis. Null: no resampling. */
  resampledPixelSpacing: z.array(z.number().nonnegative()).min(2).max(3).nullable().default(null),
  /** SimpleITK's name of the image's interpolator; masks take the nearest voxel, unless resampledMask or the grid ask otherwise. */
  interpolator: z.string().default('sitkBSpline'),
  /** Where the voxels of the resampled image lie. Not of PyRadiomics. */
  resampledGrid: z.enum(gridRules).default('pyradiomics'),
  /** Interpolated intensities are rounded to whole numbers. Null: on IBSI's grid, of images of integers. Not of PyRadiomics. */
  resampledRounding: z.boolean().nullable().default(null),
  /** How masks come onto the grid of the image. Null: by majority on IBSI's grid, else the nearest voxel. Not of PyRadiomics. */
  resampledMask: z.enum(maskRules).nullable().default(null),
  /** Crops the image to the region before filtering. */
  preCrop: z.boolean().default(false),
  /** Voxels around the region that cropping keeps. */
  padDistance: z.int().nonnegative().default(5),
  /** Largest difference of image and mask geometry, relative to the first spacing. Null: ITK's 1e-6. */
  geometryTolerance: positive.nullable().default(null),
  /** Resample a mask of another grid to the image's grid. */
  correctMask: z.boolean().default(false),
  /**
   * Standard deviations of the Gaussian of LoG, millimetres; no value, no image. As text where images shall be named by a
   * whole number (`2` gives log-sigma-2-mm-3D, 2 gives log-sigma-2-0-mm-3D, as Python's float).
   */
  sigma: z.array(z.union([positive, z.string().regex(/^\d+$/)])).default([]),
  /** Wavelet: name in PyWavelets. */
  wavelet: z.string().default('coif1'),
  /** Wavelet: levels of decomposition, and the first that is kept (0: all). */
  level: count.default(1),
  start_level: z.int().nonnegative().default(0),
  /** Gradient per millimetre instead of per voxel. */
  gradientUseSpacing: z.boolean().default(true),
  /** LBP2D: distance of the neighbours (voxels), their number, and scikit-image's method. */
  lbp2DRadius: positive.default(1),
  lbp2DSamples: count.default(8),
  lbp2DMethod: z.enum(lbpMethods).default('uniform'),
  /** LBP3D: orders of spherical harmonics, distance of the neighbours (voxels), subdivisions of the icosahedron. */
  lbp3DLevels: count.default(2),
  lbp3DIcosphereRadius: positive.default(1),
  lbp3DIcosphereSubdivision: z.int().nonnegative().default(1),
  /** Write the diagnostics columns. */
  additionalInfo: z.boolean().default(true),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
export type WeightingNorm = (typeof weightingNorms)[number];

/** Names of all settings. */
export const settingNames: readonly string[] = Object.keys(settingsSchema.shape);

/** Letters to change to get from one word to the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The name closest to what was typed, as a hint for messages; empty where none is near. */
export function suggest(typed: string, names: readonly string[]): string {
  const best = names
    .map((name) => ({ name, distance: editDistance(typed.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.max(2, typed.length / 3) ? ` Did you mean ${best.name}?` : '';
}

/** Settings that say how to resample, which is done only with a spacing, and their defaults. */
const ofResampling = { resampledGrid: 'pyradiomics', resampledRounding: null, resampledMask: null } as const;

/** What is wrong with settings whose values are allowed by themselves: the setting, and what to do. */
export function settingConflicts(input: SettingsInput): { readonly setting: string; readonly message: string }[] {
  if (input.resampledPixelSpacing) return [];
  return (Object.keys(ofResampling) as (keyof typeof ofResampling)[])
    .filter((key) => (input[key] ?? ofResampling[key]) !== ofResampling[key])
    .map((setting) => ({
      setting,
      message: `needs resampledPixelSpacing, without which nothing is resampled; set it, or leave ${setting} out`,
    }));
}

/**
 * Fills in the defaults and checks every value.
 * @throws PipelineError BadSetting naming the setting, what was found, what is allowed
 */
export function parseSettings(input: SettingsInput = {}): Settings {
  const unknown = Object.keys(input).find((key) => !settingNames.includes(key));
  if (unknown !== undefined) {
    throw new PipelineError(
      'BadSetting',
      `unknown setting ${unknown}.${suggest(unknown, settingNames)} Known: ${settingNames.join(', ')}`,
    );
  }
  const result = settingsSchema.safeParse(input);
  if (result.success) {
    const [conflict] = settingConflicts(input);
    if (!conflict) return result.data;
    throw new PipelineError('BadSetting', `setting ${conflict.setting}: ${conflict.message}`);
  }
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const path = issue.path.join('.');
  const found = JSON.stringify(
    issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], input),
  );
  throw new PipelineError('BadSetting', `setting ${path}: ${issue.message}; found ${found}`);
}

const listSettings = ['distances', 'resegmentRange', 'resampledPixelSpacing', 'sigma'];
const words: Record<string, unknown> = { None: null, null: null, True: true, true: true, False: false, false: false };

/**
 * Reads `KEY=VALUE` as the command line gives it: numbers, true/false, none/null, lists as `[1, 2]` or `1,2`, words.
 * @throws PipelineError BadSetting
 */
export function parseSettingText(text: string): SettingsInput {
  const match = /^(\w+)\s*[=:]\s*(.*)$/s.exec(text.trim());
  if (!match) throw new PipelineError('BadSetting', `expected KEY=VALUE, found "${text}"`);
  const [, key, value] = match as unknown as [string, string, string];
  return { [key]: parseValue(value.trim(), listSettings.includes(key)) };
}

function parseValue(text: string, list: boolean): unknown {
  if (text in words) return words[text];
  if (list)
    return text
      .replace(/^[[(]|[\])]$/g, '')
      .split(',')
      .filter((part) => part.trim() !== '')
      .map((part) => parseValue(part.trim(), false));
  const number = Number(text);
  return text !== '' && !Number.isNaN(number) ? number : text;
}
