/** IBSI 2's filters in parameter files: the image types, their settings, the names of the images. */
import { z } from 'zod';
import { waveletNames } from '../wavelet-bank.ts';
import { boundaries } from './boundary.ts';
import { gaborPlanes } from './gabor.ts';
import type { IbsiFilterSpec } from './index.ts';
import { poolings } from './settings.ts';

const positive = z.number().positive();
const whole = z.int().positive();
const dimensions = z.literal([2, 3]).optional();
const boundary = z.enum(boundaries).optional();
const pooling = z.enum(poolings).optional();
const riesz = z
  .array(z.int().nonnegative())
  .min(2)
  .max(3)
  .refine((order) => order.some((l) => l > 0), 'expected an order above 0')
  .optional();

/** Settings by image type, in the order in which they name an image. */
const shapes = {
  IbsiMean: { support: whole.refine((n) => n % 2 === 1, 'expected an odd number of voxels'), dimensions, boundary },
  IbsiLaws: {
    kernels: z.string().regex(/^([LES][35]|[WR]5){2,3}$/, 'expected two or three of L3, L5, E3, E5, S3, S5, W5, R5'),
    pooling,
    energy: whole.optional(),
    boundary,
  },
  IbsiLoG: { sigma: positive, truncate: positive.optional(), riesz, dimensions, boundary },
  IbsiGabor: {
    sigma: positive,
    lambda: positive,
    gamma: positive.optional(),
    theta: z.number().optional(),
    thetaStep: positive.optional(),
    planes: z.enum(gaborPlanes).optional(),
    pooling,
    boundary,
  },
  IbsiWavelet: {
    wavelet: z.enum(waveletNames as [string, ...string[]]),
    bands: z.string().regex(/^[LH]{2,3}$/, 'expected two or three of L and H'),
    level: whole.optional(),
    pooling,
    boundary,
  },
  IbsiSimoncelli: { level: whole.optional(), riesz, dimensions, boundary },
} as const;

/** Filters by the image types of their responses. */
const filterOf = {
  IbsiMean: 'mean',
  IbsiLaws: 'laws',
  IbsiLoG: 'log',
  IbsiGabor: 'gabor',
  IbsiWavelet: 'wavelet',
  IbsiSimoncelli: 'simoncelli',
} as const satisfies Record<keyof typeof shapes, IbsiFilterSpec['filter']>;

/** Image types made by a filter of IBSI 2. */
export const ibsiTypeNames = Object.keys(filterOf) as readonly IbsiTypeName[];
export type IbsiTypeName = keyof typeof filterOf;

export const isIbsiType = (name: string): name is IbsiTypeName => Object.hasOwn(filterOf, name);

/** Settings of the filter of an image type; all of the extraction stand beside them. */
export const ibsiSettingNames = (name: IbsiTypeName): readonly string[] => Object.keys(shapes[name]);

/** The schema of one set of settings: those of the filter, beside some of the extraction. */
const setOf = <N extends IbsiTypeName, S extends z.ZodRawShape>(name: N, shared: S) =>
  z.strictObject({ ...shared, ...shapes[name] });

/**
 * The schema of the entry of an image type: settings, or a list of them for as many images; nothing where none is needed.
 * @param shared settings of all types
 */
export function ibsiEntrySchema<N extends IbsiTypeName, S extends z.ZodRawShape>(name: N, shared: S) {
  const set = setOf(name, shared);
  const entry = z.union([set, z.array(set).nonempty()]);
  return set.safeParse({}).success ? entry.nullable() : entry;
}

/**
 * Parts the settings of a filter from those of the extraction.
 * @returns the filter, and the settings that hold for its image
 */
export function partIbsiSettings(
  name: IbsiTypeName,
  set: Readonly<Record<string, unknown>>,
): { readonly filter: IbsiFilterSpec; readonly overrides: Readonly<Record<string, unknown>> } {
  const own = ibsiSettingNames(name);
  const pick = (isOwn: boolean) =>
    Object.fromEntries(Object.entries(set).filter(([key]) => own.includes(key) === isOwn));
  return { filter: { filter: filterOf[name], ...pick(true) } as unknown as IbsiFilterSpec, overrides: pick(false) };
}

const typeOf = (filter: IbsiFilterSpec['filter']): IbsiTypeName =>
  ibsiTypeNames.find((name) => filterOf[name] === filter) as IbsiTypeName;

/** Filters as a selection of image types: settings, or a list of them where a filter is there several times. */
export function ibsiSelection(filters: readonly IbsiFilterSpec[]): Partial<Record<IbsiTypeName, object>> {
  const groups = Map.groupBy(filters, ({ filter }) => typeOf(filter));
  return Object.fromEntries(
    [...groups].map(([type, group]) => {
      const sets = group.map(({ filter: _filter, ...settings }) => settings);
      return [type, sets.length === 1 ? sets[0] : sets];
    }),
  );
}

/**
 * The name of an image, the first part of its columns: `ibsi`, the filter, and each setting that is given with its value, in
 * the order of the documentation; points are hyphens: `ibsi-log-sigma-1-5-dimensions-2`.
 */
export function ibsiImageName({ filter, ...settings }: IbsiFilterSpec): string {
  const given = settings as Readonly<Record<string, unknown>>;
  const parts = ibsiSettingNames(typeOf(filter))
    .filter((key) => given[key] !== undefined)
    .map((key) => `${key}-${String(given[key]).replace(/[.,]/g, '-')}`);
  return ['ibsi', filter, ...parts].join('-');
}
