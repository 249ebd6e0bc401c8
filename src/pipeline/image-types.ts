/** Image types: which images features are computed on, by PyRadiomics' names, and the settings of each. */
import { PipelineError } from './errors.ts';
import type { IbsiFilterSpec } from './filter/ibsi/index.ts';
import {
  ibsiImageName,
  ibsiSettingNames,
  type IbsiTypeName,
  ibsiTypeNames,
  isIbsiType,
  partIbsiSettings,
} from './filter/ibsi/schema.ts';
import { parseSettings, type Settings, type SettingsInput, settingNames, suggest } from './settings.ts';

/** PyRadiomics' image types, in the order in which it enables them together. */
export const pyradiomicsTypeNames = [
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
export type PyradiomicsTypeName = (typeof pyradiomicsTypeNames)[number];

/** All image types: PyRadiomics', then those of IBSI 2's filters. */
export const imageTypeNames = [...pyradiomicsTypeNames, ...ibsiTypeNames] as const;
export type ImageTypeName = (typeof imageTypeNames)[number];

/** Settings of a filter of IBSI 2 beside settings of the extraction that hold for its image only. */
export type IbsiTypeSettings = object;

/**
 * Image types to compute features on; an object gives settings that hold for that type only. Those of IBSI 2's filters take
 * a list of settings where the filter is wanted several times.
 */
export type ImageTypeSelection =
  | readonly ImageTypeName[]
  | Readonly<
      Partial<Record<PyradiomicsTypeName, SettingsInput | null>> &
        Partial<Record<IbsiTypeName, IbsiTypeSettings | readonly IbsiTypeSettings[] | null>>
    >;

/** An image type with the settings that hold for it. */
export interface ImageType {
  readonly name: ImageTypeName;
  /** As they were asked for, for the diagnostics. */
  readonly overrides: SettingsInput | IbsiTypeSettings;
  readonly settings: Settings;
  /** The filter of a type of IBSI 2; null for the types of PyRadiomics, whose filters are told by the settings. */
  readonly filter: IbsiFilterSpec | null;
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
  const entries: [string, unknown][] = Array.isArray(selection)
    ? selection.map((name: string) => [name, null])
    : Object.entries(selection);
  if (entries.length === 0)
    throw new PipelineError('BadSetting', `no image type is asked for; name one of ${imageTypeNames.join(', ')}`);
  const types = entries.flatMap(([text, own]): readonly ImageType[] => {
    const name = checkName(text);
    if (isIbsiType(name)) return ibsiTypes(name, own, shared);
    const overrides = (own ?? {}) as SettingsInput;
    return [{ name, overrides, settings: parseSettings({ ...shared, ...overrides }), filter: null }];
  });
  const names = types.flatMap(({ filter }) => (filter ? [ibsiImageName(filter)] : []));
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice !== undefined)
    throw new PipelineError('BadSetting', `the image ${twice} is asked for twice; leave one out, or change its filter`);
  return types;
}

/** An image type for each set of settings of a filter. */
function ibsiTypes(name: IbsiTypeName, own: unknown, shared: SettingsInput): readonly ImageType[] {
  const sets = (Array.isArray(own) ? own : [own ?? {}]) as readonly IbsiTypeSettings[];
  return sets.map((set) => {
    const known = ibsiSettingNames(name);
    const unknown = Object.keys(set).find((key) => !known.includes(key) && !settingNames.includes(key));
    if (unknown !== undefined)
      throw new PipelineError(
        'BadSetting',
        `${name}: unknown setting ${unknown}.${suggest(unknown, [...known, ...settingNames])} The filter takes ${known.join(', ')}`,
      );
    const { filter, overrides } = partIbsiSettings(name, set as Readonly<Record<string, unknown>>);
    return { name, overrides: set, settings: parseSettings({ ...shared, ...overrides }), filter };
  });
}

/** The image types other than the original. */
export const derivedTypes = (types: readonly ImageType[]): readonly ImageType[] =>
  types.filter(({ name }) => name !== 'Original');
