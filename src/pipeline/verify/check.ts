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

const variantOf = ({ aggregation }: TaggedColumn, { settings: { force2D = false } }: Configuration): Variant => ({
  slices: aggregation.startsWith('2D'),
  flat: force2D || !aggregation.startsWith('3D'),
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

/** The column of the filtered image for one of the original. */
const columnOfImage = (column: string, filter: IbsiFilterSpec | null): string =>
  filter ? column.replace(/^original/, ibsiImageName(filter)) : column;

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
  const rows = new Map<string, Row>();
  let slices: Phantom | null = null;
  for (const [key, { variant, columns }] of needed) {
    const textures: SettingsInput = {
      force2D: variant.flat,
      weightingNorm: variant.merged ? 'no_weighting' : null,
    };
    const classes = selectionOf([...columns]);
    if (variant.slices) {
      slices ??= await slicesOf(engine, phantom, configuration, signal);
      const settings: SettingsInput = { ...textures, binWidth: 1, binMinimum: 1, resegmentRange: [1] };
      const found = await extract(engine, slices.image, slices.mask, { labels: 'all', settings, classes, signal });
      rows.set(key, meanRow(found, columns));
      continue;
    }
    const [row] = await extract(engine, phantom.image, phantom.mask, {
      settings: { ...configuration.settings, ...textures },
      classes,
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
    const value = number(rows.get(keyOf(variantOf(found, configuration))) as Row, column);
    const agrees = Math.abs(value - (expected as number)) <= (tolerance as number);
    return { ...common, column, value, status: agrees ? 'agrees' : 'differs', reason: null };
  });
}
