/** IBSI 2's response maps: filtered digital phantoms beside the consensus, voxel by voxel. */
import type { Engine } from '../../engine/index.ts';
import { PipelineError } from '../errors.ts';
import { ibsiFilter } from '../filter/ibsi/index.ts';
import { ibsiImageName } from '../filter/ibsi/schema.ts';
import type { Volume } from '../volume.ts';
import { type DigitalPhantom, filterTitle, MAP_TOLERANCE, type ResponseMap, responseMaps } from './ibsi2-filters.ts';
import type { CheckedValue } from './report.ts';

/** A user's copy of the phantoms and maps. Each is read when it is needed. */
export interface MapData {
  phantom(name: DigitalPhantom): Promise<Volume>;
  /** @param id as `8.a.1` */
  reference(id: string): Promise<Volume>;
}

/** Name of the set in tables. */
export const mapsTitle = 'IBSI 2 phase 1, response maps';

/** The largest difference of a voxel, as a part of the range of the reference. */
export function worstVoxel(found: Volume, { data: expected, size }: Volume): number {
  if (found.size.some((n, axis) => n !== size[axis]))
    throw new PipelineError(
      'BadFile',
      `response map: expected ${found.size.join(' x ')} voxels, found ${size.join(' x ')}; pass IBSI's own copy`,
    );
  let [low, high, worst] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] as number;
    low = Math.min(low, value);
    high = Math.max(high, value);
    worst = Math.max(worst, Math.abs((found.data[i] as number) - value));
  }
  return worst / (high - low);
}

/** One map. @returns the row, whose value is the largest difference as a part of the range of the reference */
async function checkMap(engine: Engine, { id, phantom, spec }: ResponseMap, data: MapData): Promise<CheckedValue> {
  const [image, reference] = await Promise.all([data.phantom(phantom), data.reference(id)]);
  const value = worstVoxel(await ibsiFilter(engine, image, spec), reference);
  return {
    set: mapsTitle,
    family: filterTitle(spec),
    tag: id,
    code: '',
    column: ibsiImageName(spec),
    value,
    reference: 0,
    tolerance: MAP_TOLERANCE,
    consensus: null,
    status: value <= MAP_TOLERANCE ? 'agrees' : 'differs',
    reason: null,
  };
}

/** The families of the maps in their order: filters, and the maps of each. */
export const mapFamilies: ReadonlyMap<string, readonly ResponseMap[]> = Map.groupBy(responseMaps, ({ spec }) =>
  filterTitle(spec),
);

/**
 * Filters the digital phantoms by one of the filters, and compares with the response maps.
 * @param family of `mapFamilies`
 * @throws PipelineError BadFile where a map is of another size; what reading throws; `signal.reason` when cancelled
 */
export async function checkMaps(
  engine: Engine,
  family: string,
  data: MapData,
  signal?: AbortSignal,
): Promise<CheckedValue[]> {
  const rows: CheckedValue[] = [];
  for (const map of mapFamilies.get(family) ?? []) {
    signal?.throwIfAborted();
    rows.push(await checkMap(engine, map, data));
  }
  return rows;
}
