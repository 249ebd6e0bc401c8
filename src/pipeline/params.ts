/** Parameters of an extraction as PyRadiomics' parameter files hold them: settings, image types, feature classes. */
import { z } from 'zod';
import { type ClassSelection, type FeatureClass, featureClasses, featureNames, pyradiomicsClasses } from './classes.ts';
import { PipelineError } from './errors.ts';
import { ibsiEntrySchema, ibsiSettingNames, ibsiTypeNames, isIbsiType } from './filter/ibsi/schema.ts';
import { type ImageTypeSelection, imageTypeNames, pyradiomicsTypeNames } from './image-types.ts';
import { type VoxelSettingsInput, voxelSettingSchema } from './map/options.ts';
import { settingConflicts, type SettingsInput, settingNames, settingsSchema, suggest } from './settings.ts';

/** What an extraction computes, and how. */
export interface Params {
  readonly settings: SettingsInput;
  readonly imageTypes: ImageTypeSelection;
  readonly classes: ClassSelection;
  /** Settings of feature maps. */
  readonly voxelSettings: VoxelSettingsInput;
}

const partial = settingsSchema.partial();
const each = <K extends string, S extends z.ZodType>(keys: readonly K[], schema: (key: K) => S) =>
  Object.fromEntries(keys.map((key) => [key, schema(key)])) as Record<K, S>;
const features = (name: FeatureClass) =>
  z
    .array(z.enum(featureNames(name) as [string, ...string[]]))
    .nullable()
    .optional();

/** The schema of a parameter file. */
export const paramsSchema = z.strictObject({
  setting: partial.nullable().optional(),
  imageType: z
    .strictObject({
      ...each(pyradiomicsTypeNames, () => partial.nullable().optional()),
      ...each(ibsiTypeNames, (name) => ibsiEntrySchema(name, partial.shape).optional()),
    })
    .nullable()
    .optional(),
  featureClass: z.strictObject(each(featureClasses, features)).nullable().optional(),
  voxelSetting: voxelSettingSchema.partial().nullable().optional(),
});

/** JSON Schema (draft 2020-12) of a parameter file, for editors. */
export const paramsJsonSchema = (): object => z.toJSONSchema(paramsSchema, { io: 'input', unrepresentable: 'any' });

/** Something wrong in a parameter file. */
export interface ParamsIssue {
  /** Keys and indices that lead to it. */
  readonly path: readonly (string | number)[];
  /** What was expected, what was found. */
  readonly message: string;
}

const keysAt = (path: readonly PropertyKey[]): readonly string[] => {
  if (path.length === 0) return Object.keys(paramsSchema.shape);
  if (path[0] === 'voxelSetting') return Object.keys(voxelSettingSchema.shape);
  if (path[0] === 'imageType' && path.length === 1) return imageTypeNames;
  const type = path[0] === 'imageType' ? String(path[1]) : '';
  if (isIbsiType(type)) return [...ibsiSettingNames(type), ...settingNames];
  return path[0] === 'featureClass' ? featureClasses : settingNames;
};

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key], value);

function issuesOf(issue: z.core.$ZodIssue, value: unknown): ParamsIssue[] {
  const path = issue.path as (string | number)[];
  const where = path.join('.');
  if (issue.code === 'invalid_union') {
    // The entry of a filter of IBSI 2: settings, or a list of them.
    const issues = issue.errors[Array.isArray(valueAt(value, path)) ? 1 : 0] ?? [];
    return issues.flatMap((inner) => issuesOf({ ...inner, path: [...issue.path, ...inner.path] }, value));
  }
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown key ${key}.${suggest(key, known)} Known${where ? ` under ${where}` : ''}: ${known.join(', ')}`,
    }));
  }
  const found = JSON.stringify(valueAt(value, path));
  const known = path[0] === 'featureClass' && path.length === 3 ? featureNames(path[1] as FeatureClass) : null;
  if (known)
    return [
      {
        path,
        message: `${where}: unknown feature ${found}.${suggest(String(valueAt(value, path)), known)} Known: ${known.join(', ')}`,
      },
    ];
  return [{ path, message: `${where}: ${issue.message}; found ${found}` }];
}

/** Settings of a file that contradict each other, those of an image type beside the shared ones. */
function conflictsOf({ setting, imageType }: z.input<typeof paramsSchema>, overrides: SettingsInput): ParamsIssue[] {
  const shared = { ...setting, ...overrides } as SettingsInput;
  const own = Object.entries(imageType ?? {}).flatMap(([type, entry]) =>
    (Array.isArray(entry) ? entry : [entry ?? {}]).map((set, k) => ({
      set: set as SettingsInput,
      path: Array.isArray(entry) ? ['imageType', type, k] : ['imageType', type],
    })),
  );
  const wrong = [{ set: shared, path: ['setting'] as (string | number)[] }, ...own];
  return wrong.flatMap(({ set, path }) =>
    settingConflicts({ ...shared, ...set })
      .filter(({ setting: key }) => key in set)
      .map(({ setting: key, message }) => ({
        path: [...path, key],
        message: `${[...path, key].join('.')}: ${message}`,
      })),
  );
}

/**
 * Everything that is wrong with parameters; nothing where they can be used.
 * @param value what a file holds
 * @param overrides settings that will replace those of the file
 */
export function checkParams(value: unknown, overrides: SettingsInput = {}): ParamsIssue[] {
  const result = paramsSchema.safeParse(value ?? {});
  if (!result.success) return result.error.issues.flatMap((issue) => issuesOf(issue, value));
  return conflictsOf((value ?? {}) as z.input<typeof paramsSchema>, overrides);
}

/**
 * Reads parameters as PyRadiomics does: without image types the original, without classes all of PyRadiomics', shape2D too; a
 * class without features stands for all that are not deprecated.
 * @param value what a parameter file holds
 * @param overrides settings that the caller will put in place of these; they do not become part of the result
 * @throws PipelineError BadSetting with everything that is wrong
 */
export function parseParams(value: unknown, overrides: SettingsInput = {}): Params {
  const issues = checkParams(value, overrides);
  if (issues.length > 0) throw new PipelineError('BadSetting', issues.map(({ message }) => message).join('\n'));
  const { setting, imageType, featureClass, voxelSetting } = (value ?? {}) as z.input<typeof paramsSchema>;
  const types = Object.entries(imageType ?? {});
  const classes = Object.entries(featureClass ?? {}) as [FeatureClass, string[] | null][];
  return {
    settings: setting ?? {},
    voxelSettings: voxelSetting ?? {},
    imageTypes: types.length > 0 ? (Object.fromEntries(types) as ImageTypeSelection) : ['Original'],
    classes:
      classes.length > 0
        ? Object.fromEntries(classes.map(([name, list]) => [name, list && list.length > 0 ? list : null]))
        : pyradiomicsClasses,
  };
}
