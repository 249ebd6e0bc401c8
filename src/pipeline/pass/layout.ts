/** Where the counts of all regions of a pass lie: bin edges, rows of grey levels, tables. */
import { boxSize } from '../box.ts';
import type { FeatureClass, WantedFeatures } from '../classes.ts';
import { binEdges, levelOf } from '../discretise/edges.ts';
import { edgeKeys, levelCount } from '../discretise/levels.ts';
import type { RegionRow } from '../discretise/regions.ts';
import { PipelineError } from '../errors.ts';
import { planValues, type ValuePlan } from '../firstorder/values.ts';
import { type LineLayout, lineLayout } from '../shape/surface.ts';
import { type Axis, maxDistance } from '../texture/distance.ts';
import type { Offset } from '../texture/matrices.ts';
import { offsets } from '../texture/offsets.ts';
import type { Geometry } from '../volume.ts';
import type { PassInput, PreparedPass, RegionState } from './prepare.ts';

/** Offsets of the texture classes for the settings and the dimension of a case. */
export interface Neighbourhoods {
  /** One of each pair of opposite offsets at the distances: GLCM. */
  readonly pairs: readonly Offset[];
  /** All offsets at the distances: GLDM, NGTDM. */
  readonly around: readonly Offset[];
  /** One of each pair of opposite unit offsets: GLRLM, GLSZM. */
  readonly unit: readonly Offset[];
}

/** Where the counts of all regions lie. */
export interface CountLayout {
  readonly rowFirst: readonly number[];
  readonly rows: readonly number[];
  readonly totalRows: number;
  readonly glcmFirst: readonly number[];
  readonly maxRun: number;
  readonly neighbourhoods: Neighbourhoods;
  /** Axes along which distances go, and the largest there can be; 0 without a morphological mask. */
  readonly axes: readonly Axis[];
  readonly maxDistance: number;
  /** Grey level of each row of all regions. */
  readonly greyLevels: Uint32Array;
  readonly values: ValuePlan;
  readonly lines: LineLayout | null;
}

/** The axis (0 = z) across the slices of force2D; null without it. PyRadiomics numbers the axes of a 2D image y = 0, x = 1. */
export function forcedAxis({
  settings,
  image,
}: Pick<PassInput, 'settings'> & { readonly image: Pick<Geometry, 'dimension'> }): 0 | 1 | 2 | null {
  const { force2D, force2Ddimension } = settings;
  if (!force2D) return null;
  return (image.dimension === 2 ? Math.min(force2Ddimension + 1, 2) : force2Ddimension) as 0 | 1 | 2;
}

/** The offsets of the texture classes for settings and an image's dimension. */
export function neighbourhoods(
  input: Pick<PassInput, 'settings'> & { readonly image: Pick<Geometry, 'dimension'> },
): Neighbourhoods {
  const force2Ddimension = forcedAxis(input);
  const flat = (list: Offset[]) => (input.image.dimension === 2 ? list.filter((o) => o[2] === 0) : list);
  return {
    pairs: flat(offsets(input.settings.distances, { bidirectional: false, force2Ddimension })),
    around: flat(offsets(input.settings.distances, { bidirectional: true, force2Ddimension })),
    unit: flat(offsets([1], { bidirectional: false, force2Ddimension })),
  };
}

/** The axes of the image, without the one across the slices of force2D. */
function axesOf(input: PassInput): Axis[] {
  const forced = forcedAxis(input);
  const all: readonly Axis[] = input.image.dimension === 2 ? [0, 1] : [0, 1, 2];
  return all.filter((axis) => forced === null || axis !== 2 - forced);
}

const levelClasses: readonly FeatureClass[] = [
  'firstorder',
  'glcm',
  'glrlm',
  'glszm',
  'gldm',
  'ngtdm',
  'ih',
  'dzm',
  'ngl',
];
const valueClasses: readonly FeatureClass[] = ['firstorder', 'stat', 'ivh'];

/** Whether any wanted class needs grey levels. */
export const needsLevels = (wanted: WantedFeatures): boolean => levelClasses.some((c) => wanted.has(c));

/** Whether any wanted class needs the intensities themselves. */
export const needsValues = (wanted: WantedFeatures): boolean => valueClasses.some((c) => wanted.has(c));

/**
 * The bin edges of one region.
 * @throws PipelineError TooManyLevels, BadSetting where an intensity lies below binMinimum
 */
export function regionEdges({ image, settings }: PassInput, { range }: RegionState): Float64Array {
  return binEdges(range.minimum, range.maximum, { ...settings, float32: image.float32 });
}

/** The bin edges of all regions in keys, and their numbers of grey levels. */
export interface Discretisation {
  readonly edges: readonly Uint32Array[];
  readonly rows: readonly number[];
}

/** Discretises all regions on the host: edges and numbers of levels. */
export function discretise(input: PassInput, { states, image: { kind } }: PreparedPass): Discretisation {
  const all = states.map((state) => regionEdges(input, state));
  return {
    edges: all.map((edges) => edgeKeys(kind, edges)),
    rows: all.map((edges, r) => {
      const { maximum, nans } = (states[r] as (typeof states)[number]).range;
      return levelCount(edges, levelOf(edges, maximum), nans);
    }),
  };
}

/** No grey levels at all, for classes that need none. */
export const withoutLevels = ({ states }: PreparedPass): Discretisation => ({
  edges: states.map(() => new Uint32Array(0)),
  rows: states.map(() => 0),
});

/** Where parts of the given sizes start when they lie one after the other. */
export function prefix(sizes: readonly number[]): number[] {
  let total = 0;
  return sizes.map((n) => {
    const at = total;
    total += n;
    return at;
  });
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Lays out the tables for the given numbers of rows. @param greyLevels grey level of each row of all regions */
export function layoutFor(
  input: PassInput,
  pass: PreparedPass,
  rows: readonly number[],
  greyLevels: Uint32Array,
  withLines: boolean,
): CountLayout {
  const around = neighbourhoods(input);
  const axes = axesOf(input);
  const sizes = pass.morphology?.extents.map(({ box }) => boxSize(box)) ?? [];
  return {
    rows,
    rowFirst: prefix(rows),
    totalRows: sum(rows),
    glcmFirst: prefix(rows.map((n) => n * n * around.pairs.length)),
    maxRun: Math.max(...pass.states.flatMap((s) => boxSize(s.extent.box))),
    neighbourhoods: around,
    axes,
    maxDistance: Math.max(0, ...sizes.map((size) => maxDistance(size, axes))),
    greyLevels,
    values: planValues(
      pass.image,
      pass.states.map((s) => s.range),
      pass.states.map((s) => s.extent.voxels),
    ),
    lines: withLines ? lineLayout(pass.states.map((s) => s.extent.box)) : null,
  };
}

/** The table of regions that the kernels read. @param levelRows rows of each region in the level histogram */
export function regionRows(
  { edges }: Discretisation,
  words: number,
  pass: PreparedPass,
  layout: CountLayout,
  levelRows: readonly number[],
): RegionRow[] {
  const counts = edges.map((e) => e.length / words);
  const first = prefix(counts);
  const rowFirst = prefix(levelRows);
  return pass.states.map(({ range }, r) => ({
    edge_first: first[r] as number,
    edge_count: counts[r] as number,
    row_first: rowFirst[r] as number,
    rows: levelRows[r] as number,
    glcm_first: layout.glcmFirst[r] as number,
    value_first: layout.values.first[r] as number,
    value_low: range.lowKey,
  }));
}

/** 1, 2, 3 … for each region: the grey levels of rows that have not been ranked. */
export const everyLevel = (rows: readonly number[]): Uint32Array =>
  Uint32Array.from(rows.flatMap((n) => Array.from({ length: n }, (_, i) => i + 1)));

/** Bytes of the tables whose size grows with the number of levels. */
export function tableBytes(layout: CountLayout): number {
  const { pairs, around, unit } = layout.neighbourhoods;
  const glcm = sum(layout.rows.map((n) => n * n * pairs.length));
  return 4 * (glcm + layout.totalRows * (unit.length * layout.maxRun + 3 * around.length + layout.maxDistance));
}

/** Ranks of the rows with voxels, within each region. */
export function rankRows(
  histogram: Uint32Array,
  rows: readonly number[],
): { ranks: Uint32Array; rows: number[]; greyLevels: Uint32Array } {
  const ranks = new Uint32Array(histogram.length);
  const grey: number[] = [];
  const first = prefix(rows);
  const occupied = rows.map((n, r) => {
    let rank = 0;
    for (let level = 1; level <= n; level++) {
      const row = (first[r] as number) + level - 1;
      if (histogram[row] === 0) continue;
      ranks[row] = ++rank;
      grey.push(level);
    }
    return rank;
  });
  return { ranks, rows: occupied, greyLevels: Uint32Array.from(grey) };
}

/**
 * Refuses tables that the adapter cannot bind.
 * @throws PipelineError TooLarge with the numbers
 */
export function checkTables({ engine, selections, settings }: PassInput, layout: CountLayout): void {
  const limit = engine.caps.limits.maxStorageBufferBindingSize;
  const need = Math.max(
    4 * sum(layout.rows.map((n) => n * n * layout.neighbourhoods.pairs.length)),
    4 * layout.neighbourhoods.unit.length * layout.totalRows * layout.maxRun,
    4 * layout.totalRows * layout.maxDistance,
  );
  if (need > limit) {
    throw new PipelineError(
      'TooLarge',
      `label ${selections.map((s) => s.name).join(', ')}: ${layout.totalRows} grey levels need a matrix of ${need} bytes, this adapter binds ${limit}; use a larger binWidth than ${settings.binWidth}, or binCount`,
    );
  }
}
