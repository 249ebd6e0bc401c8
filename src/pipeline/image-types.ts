/** Image types: which images features are computed on, by PyRadiomics' names, and the settings of each. */
import { PipelineError } from './errors.ts';
import { parseSettings, type Settings, type SettingsInput, suggest } from './settings.ts';

/** All image types, in the order in which PyRadiomics enables them together. */
export const imageTypeNames = [
  'Original',
  'Exponential',
  'Gradient',
  'LBP2D',
  'LBP3D',
  'LoG',
  'Logarithm',
  'Square',
  'SquareRoot',
  'Wavelet',
] as const;
export type ImageTypeName = (typeof imageTypeNames)[number];

/** Image types to compute features on; an object gives settings that hold for that type only. */
export type ImageTypeSelection =
  | readonly ImageTypeName[]
  | Readonly<Partial<Record<ImageTypeName, SettingsInput | null>>>;

/** An image type with the settings that hold for it. */
export interface ImageType {
  readonly name: ImageTypeName;
  /** As they were asked for, for the diagnostics. */
  readonly overrides: SettingsInput;
  readonly settings: Settings;
}

function checkName(name: string): ImageTypeName {
  const known = imageTypeNames.find((n) => n === name);
  if (known) return known;
  throw new PipelineError(
    'BadSetting',
    `unknown image type ${name}.${suggest(name, imageTypeNames)} Known: ${imageTypeNames.join(', ')}`,
  );
}

/**
 * The image types that are asked for, in their order, with the settings of each.
 * @param shared settings of all types
 * @throws PipelineError BadSetting on an unknown type or a setting that is not allowed
 */
export function wantedImageTypes(
  selection: ImageTypeSelection = ['Original'],
  shared: SettingsInput = {},
): readonly ImageType[] {
  const entries: [string, SettingsInput | null | undefined][] = Array.isArray(selection)
    ? selection.map((name: string) => [name, null])
    : Object.entries(selection);
  if (entries.length === 0)
    throw new PipelineError('BadSetting', `no image type is asked for; name one of ${imageTypeNames.join(', ')}`);
  return entries.map(([name, own]) => {
    const overrides = own ?? {};
    return { name: checkName(name), overrides, settings: parseSettings({ ...shared, ...overrides }) };
  });
}

/** The image types other than the original. */
export const derivedTypes = (types: readonly ImageType[]): readonly ImageType[] =>
  types.filter(({ name }) => name !== 'Original');
