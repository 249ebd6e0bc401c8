/** One data set: the extractions that its consensus values need, and the comparison. */
import type { Engine } from '../../engine/index.ts';
import type { ClassSelection, FeatureClass } from '../classes.ts';
import { extract } from '../extract.ts';
import type { IbsiFilterSpec } from '../filter/ibsi/index.ts';
import { ibsiImageName, ibsiSelection } from '../filter/ibsi/schema.ts';
import type { Row } from '../row.ts';
import type { SettingsInput } from '../settings.ts';
import type { Mask, Volume } from '../volume.ts';
import type { Configuration } from './configurations.ts';
import { columnOf, familyOf, type TaggedColumn, whyMissing } from './names.ts';
import type { Reference } from './reference.ts';
import type { CheckedValue } from './report.ts';
import { meanRow, slicesOf } from './slices.ts';

/** An image and its region. */
export interface Phantom {
  readonly image: Volume;
  readonly mask: Mask;
}

/** What one extraction gives: textures by slices or volumes, matrices of the directions merged or their features averaged. */
interface Variant {
  /** Features of each slice, averaged over them. */
  readonly slices: boolean;
  /** Neighbours in the slice only. */
  readonly flat: boolean;
  readonly merged: boolean;
}

const variantOf = ({ aggregation }: TaggedColumn, { slicewise }: Configuration): Variant => ({
  slices: aggregation.startsWith('2D'),
  flat: slicewise || !aggregation.startsWith('3D'),
  merged: aggregation.endsWith('comb'),
});

/** Columns of the original image as a selection of features by class. */
export function selectionOf(columns: readonly string[]): ClassSelection {
  const selection: Partial<Record<FeatureClass, string[]>> = {};
  for (const column of columns) {
    const [, name, ...feature] = column.split('_') as [string, FeatureClass, ...string[]];
    selection[name] ??= [];
    selection[name].push(feature.join('_'));
  }
  return selection;
}

const number = (row: Row, column: string): number => row[column] as number;

/**
 * The range of intensities that stay in the region. IBSI intersects the ranges of its methods, outliers being measured on
 * the region as it was before either.
 */
async function rangeOf(engine: Engine, { image, mask }: Phantom, configuration: Configuration, signal?: AbortSignal) {
  const { range, sigmas, resample } = configuration;
  if (sigmas === null) return range;
  const [row] = (await extract(engine, image, mask, {
    classes: { firstorder: ['Mean', 'Variance'] },
    preprocess: { resample },
    signal,
  })) as [Row];
  const mean = number(row, 'original_firstorder_Mean');
  const reach = sigmas * Math.sqrt(number(row, 'original_firstorder_Variance'));
  const [low, high] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [Math.max(low, mean - reach), Math.min(high, mean + reach)] as const;
}

/** The column of the filtered image for one of the original. */
const columnOfImage = (column: string, filter: IbsiFilterSpec | null): string =>
  filter ? column.replace(/^original/, ibsiImageName(filter)) : column;

/** Voxels of the region before resegmentation, on the grid of the features. */
const regionVoxels = (row: Row): number =>
  number(
    row,
    'diagnostics_Mask-interpolated_VoxelNum' in row
      ? 'diagnostics_Mask-interpolated_VoxelNum'
      : 'diagnostics_Mask-original_VoxelNum',
  );

/** A value by IBSI's definition: axis lengths from the sample covariance (N - 1) where PyRadiomics takes the population's (N). */
export function ibsiValue(tag: string, row: Row, column: string): number {
  const value = number(row, column);
  if (!/^morph_pca_(maj|min|least)_axis$/.test(tag)) return value;
  const voxels = regionVoxels(row);
  return value * Math.sqrt(voxels / (voxels - 1));
}

/**
 * Computes the consensus values of a data set that our classes have, and compares.
 * @param phantom image and region as published; the configuration says what is done to them
 * @returns one row per reference, in their order; values that cannot be computed say why
 * @throws what `extract` throws
 */
export async function checkSet(
  engine: Engine,
  phantom: Phantom,
  configuration: Configuration,
  references: readonly Reference[],
  signal?: AbortSignal,
): Promise<CheckedValue[]> {
  const { filter = null } = configuration;
  const needed = new Map<string, { readonly variant: Variant; readonly columns: Set<string> }>();
  const keyOf = (variant: Variant) => `${variant.slices} ${variant.flat} ${variant.merged}`;
  for (const { tag } of references) {
    const found = columnOf(tag);
    if (!found) continue;
    const variant = variantOf(found, configuration);
    const entry = needed.get(keyOf(variant)) ?? { variant, columns: new Set<string>() };
    needed.set(keyOf(variant), entry);
    entry.columns.add(found.column);
  }
  const range = await rangeOf(engine, phantom, configuration, signal);
  // The range of outliers is no range that intensities could have had.
  const resegment: SettingsInput =
    configuration.range === null && configuration.sigmas !== null
      ? { resegmentRange: [-configuration.sigmas, configuration.sigmas], resegmentMode: 'sigma' }
      : { resegmentRange: range && [...range] };
  const rows = new Map<string, Row>();
  let slices: Phantom | null = null;
  for (const [key, { variant, columns }] of needed) {
    const textures: SettingsInput = {
      force2D: variant.flat,
      weightingNorm: variant.merged ? 'no_weighting' : null,
    };
    const classes = selectionOf([...columns]);
    if (variant.slices) {
      slices ??= await slicesOf(engine, phantom, configuration, range, signal);
      const settings: SettingsInput = { ...textures, binWidth: 1, binMinimum: 1, resegmentRange: [1] };
      const found = await extract(engine, slices.image, slices.mask, { labels: 'all', settings, classes, signal });
      rows.set(key, meanRow(found, columns));
      continue;
    }
    const [row] = await extract(engine, phantom.image, phantom.mask, {
      settings: { ...configuration.discretise, ...textures, ...resegment },
      classes,
      preprocess: { resample: configuration.resample },
      imageTypes: filter ? ibsiSelection([filter]) : ['Original'],
      signal,
    });
    rows.set(key, row as Row);
  }
  return references.map((reference) => {
    const { tag, code, value: expected, tolerance, consensus } = reference;
    const common = {
      set: configuration.title,
      family: configuration.family ?? familyOf(tag),
      tag,
      code,
      reference: expected,
      tolerance,
      consensus,
    };
    const found = columnOf(tag);
    const reason = found ? (expected === null ? 'the manual gives no value' : null) : whyMissing(tag);
    if (!found || reason) return { ...common, column: null, value: null, status: 'not available', reason };
    const column = columnOfImage(found.column, filter);
    const value = ibsiValue(tag, rows.get(keyOf(variantOf(found, configuration))) as Row, column);
    const agrees = Math.abs(value - (expected as number)) <= (tolerance as number);
    return { ...common, column, value, status: agrees ? 'agrees' : 'differs', reason: null };
  });
}
