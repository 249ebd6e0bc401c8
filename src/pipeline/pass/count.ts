/** The second half of a pass: everything that is counted on the GPU, in one submit. */
import { type BufferRef, type Download, Recording, type Results } from '../../engine/index.ts';
import { boxSize, linearStep } from '../box.ts';
import type { FeatureClass, WantedFeatures } from '../classes.ts';
import { binEdges, levelOf } from '../discretise/edges.ts';
import { edgeKeys, levelCount, recordLevels } from '../discretise/levels.ts';
import { recordRank } from '../discretise/rank.ts';
import { type RegionRow, uploadRegions } from '../discretise/regions.ts';
import { PipelineError } from '../errors.ts';
import { planValues, recordValues, type ValuePlan } from '../firstorder/values.ts';
import { type LineLayout, lineLayout, recordExtremes, recordMesh } from '../shape/surface.ts';
import { connectivity, recordVolumes, recordZones } from '../texture/components.ts';
import { recordGlcm } from '../texture/glcm.ts';
import { recordGldm } from '../texture/gldm.ts';
import { recordGlrlm } from '../texture/glrlm.ts';
import type { LevelTable, Offset } from '../texture/matrices.ts';
import { recordNgtdm } from '../texture/ngtdm.ts';
import { offsets } from '../texture/offsets.ts';
import { fullConnectivity, type PassInput, type PreparedPass } from './prepare.ts';

/** Bytes of level-indexed tables beyond which grey levels are replaced by their ranks first (one more round trip). */
const RANK_BYTES = 4 * 2 ** 20;

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
  /** Grey level of each row of all regions. */
  readonly greyLevels: Uint32Array;
  readonly values: ValuePlan;
  readonly lines: LineLayout | null;
}

/** What a pass has counted; null for what was not asked for. */
export interface Counts {
  readonly layout: CountLayout;
  readonly levels: Uint32Array | null;
  readonly values: Uint32Array | null;
  readonly glcm: Uint32Array | null;
  readonly glrlm: { readonly counts: Uint32Array; readonly multiElement: Uint32Array } | null;
  readonly zones: { readonly counts: Uint32Array; readonly large: Uint32Array } | null;
  readonly gldm: Uint32Array | null;
  readonly ngtdm: Uint32Array | null;
  readonly mesh: Uint32Array | null;
  readonly lines: Uint32Array | null;
  readonly volumes: Uint32Array | null;
}

/** PyRadiomics numbers the axes of a 2D image y = 0, x = 1. */
function forcedAxis(input: PassInput): 0 | 1 | 2 | null {
  const { force2D, force2Ddimension } = input.settings;
  if (!force2D) return null;
  return (input.image.dimension === 2 ? Math.min(force2Ddimension + 1, 2) : force2Ddimension) as 0 | 1 | 2;
}

function neighbourhoods(input: PassInput): Neighbourhoods {
  const force2Ddimension = forcedAxis(input);
  const flat = (list: Offset[]) => (input.image.dimension === 2 ? list.filter((o) => o[2] === 0) : list);
  return {
    pairs: flat(offsets(input.settings.distances, { bidirectional: false, force2Ddimension })),
    around: flat(offsets(input.settings.distances, { bidirectional: true, force2Ddimension })),
    unit: flat(offsets([1], { bidirectional: false, force2Ddimension })),
  };
}

interface Discretisation {
  readonly edges: readonly Uint32Array[];
  readonly rows: readonly number[];
}

/** Bin edges of every region in keys, and its number of levels. */
function discretise({ settings, image }: PassInput, { states, image: { kind } }: PreparedPass): Discretisation {
  const float32 = image.data instanceof Float32Array;
  const all = states.map(({ range }) => binEdges(range.minimum, range.maximum, { ...settings, float32 }));
  return {
    edges: all.map((edges) => edgeKeys(kind, edges)),
    rows: all.map((edges, r) => {
      const { maximum, nans } = (states[r] as (typeof states)[number]).range;
      return levelCount(edges, levelOf(edges, maximum), nans);
    }),
  };
}

/** Where parts of the given sizes start when they lie one after the other. */
function prefix(sizes: readonly number[]): number[] {
  let total = 0;
  return sizes.map((n) => {
    const at = total;
    total += n;
    return at;
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const textureClasses: readonly FeatureClass[] = ['glcm', 'glrlm', 'glszm', 'gldm', 'ngtdm'];

function layoutFor(
  input: PassInput,
  pass: PreparedPass,
  rows: readonly number[],
  greyLevels: Uint32Array,
  withLines: boolean,
): CountLayout {
  const around = neighbourhoods(input);
  return {
    rows,
    rowFirst: prefix(rows),
    totalRows: sum(rows),
    glcmFirst: prefix(rows.map((n) => n * n * around.pairs.length)),
    maxRun: Math.max(...pass.states.flatMap((s) => boxSize(s.extent.box))),
    neighbourhoods: around,
    greyLevels,
    values: planValues(
      pass.image,
      pass.states.map((s) => s.range),
      pass.states.map((s) => s.extent.voxels),
    ),
    lines: withLines ? lineLayout(pass.states.map((s) => s.extent.box)) : null,
  };
}

function regionRows(
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
const everyLevel = (rows: readonly number[]): Uint32Array =>
  Uint32Array.from(rows.flatMap((n) => Array.from({ length: n }, (_, i) => i + 1)));

/** Bytes of the tables whose size grows with the number of levels. */
function tableBytes(layout: CountLayout): number {
  const { pairs, around, unit } = layout.neighbourhoods;
  const glcm = sum(layout.rows.map((n) => n * n * pairs.length));
  return 4 * (glcm + layout.totalRows * (unit.length * layout.maxRun + 3 * around.length));
}

/** Ranks of the rows with voxels, within each region. */
function rankRows(
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

/** Discretises in a submit of its own and replaces levels by ranks, so that the tables hold no empty levels. */
async function countRanked(
  input: PassInput,
  pass: PreparedPass,
  binning: Discretisation,
  layout: CountLayout,
  wanted: WantedFeatures,
): Promise<Counts> {
  const rec = new Recording('pass/levels');
  const rows = regionRows(binning, pass.image.words, pass, layout, binning.rows);
  const edges = concat(binning.edges);
  const histogram = rec.download(
    recordLevels(rec, pass.cells, pass.image, uploadRegions(rec, rows), edges, layout.totalRows),
  );
  const full = (await input.engine.execute(rec)).u32(histogram);
  const ranked = rankRows(full, binning.rows);
  const dense = layoutFor(input, pass, ranked.rows, ranked.greyLevels, layout.lines !== null);
  checkTables(input, dense);
  const next = new Recording('pass/count');
  const from = uploadRegions(next, rows);
  recordRank(next, pass.cells, from, ranked.ranks);
  const regions = uploadRegions(next, regionRows(binning, pass.image.words, pass, dense, ranked.rows));
  const counts = await recordCounts(next, input, pass, dense, regions, null, wanted);
  return { ...counts, levels: full.filter((n) => n > 0) };
}

function checkTables({ engine, selections, settings }: PassInput, layout: CountLayout): void {
  const limit = engine.caps.limits.maxStorageBufferBindingSize;
  const need = Math.max(
    4 * sum(layout.rows.map((n) => n * n * layout.neighbourhoods.pairs.length)),
    4 * layout.neighbourhoods.unit.length * layout.totalRows * layout.maxRun,
  );
  if (need > limit) {
    throw new PipelineError(
      'TooLarge',
      `label ${selections.map((s) => s.name).join(', ')}: ${layout.totalRows} grey levels need a matrix of ${need} bytes, this adapter binds ${limit}; use a larger binWidth than ${settings.binWidth}, or binCount`,
    );
  }
}

function concat(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(sum(parts.map((p) => p.length)));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Counts everything that the wanted classes need. */
export async function countPass(input: PassInput, pass: PreparedPass, wanted: WantedFeatures): Promise<Counts> {
  const binned = wanted.has('firstorder') || textureClasses.some((c) => wanted.has(c));
  const withLines = wanted.has('shape') || wanted.has('shape2D');
  const binning = binned
    ? discretise(input, pass)
    : { edges: pass.states.map(() => new Uint32Array(0)), rows: pass.states.map(() => 0) };
  const layout = layoutFor(input, pass, binning.rows, everyLevel(binning.rows), withLines);
  if (binned && tableBytes(layout) > RANK_BYTES) return countRanked(input, pass, binning, layout, wanted);
  const rec = new Recording('pass/count');
  const regions = uploadRegions(rec, regionRows(binning, pass.image.words, pass, layout, binning.rows));
  const histogram = binned
    ? recordLevels(rec, pass.cells, pass.image, regions, concat(binning.edges), layout.totalRows)
    : null;
  return recordCounts(rec, input, pass, layout, regions, histogram, wanted);
}

/** Whether the diagnostics need the intensities: PyRadiomics describes those of masks it has changed. */
function describesIntensities({ settings, uncorrected }: PassInput, pass: PreparedPass): boolean {
  return settings.additionalInfo && (pass.states !== pass.original || uncorrected !== null);
}

/** Records the matrices, histograms and surfaces on discretised cells, runs the recording and reads them back. */
async function recordCounts(
  rec: Recording,
  input: PassInput,
  pass: PreparedPass,
  layout: CountLayout,
  regions: BufferRef,
  histogram: BufferRef | null,
  wanted: WantedFeatures,
): Promise<Counts> {
  const { cells, image, shape } = pass;
  const n = pass.states.length;
  const steps = (list: readonly Offset[]) => Int32Array.from(list, (o) => linearStep(cells.box, o));
  const { pairs, around, unit } = layout.neighbourhoods;
  const get = (ref: BufferRef | null) => (ref ? rec.download(ref) : null);
  const when = <T>(name: FeatureClass, make: () => T): T | null => (wanted.has(name) ? make() : null);

  // The longest work first: a software adapter overlaps dispatches that do not depend on each other.
  const glcm = get(
    when('glcm', () =>
      recordGlcm(rec, cells, regions, steps(pairs), sum(layout.rows.map((r) => r * r * pairs.length))),
    ),
  );
  const glrlm = when('glrlm', () =>
    recordGlrlm(rec, cells, { buffer: regions, count: n }, unit, layout.totalRows, layout.maxRun),
  );
  const runs = glrlm && { counts: rec.download(glrlm.counts), multiElement: rec.download(glrlm.multiElement) };
  const gldm = get(
    when('gldm', () => recordGldm(rec, cells, regions, steps(around), layout.greyLevels, input.settings.gldm_a)),
  );
  const ngtdm = get(
    when('ngtdm', () => recordNgtdm(rec, cells, regions, steps(around), layout.greyLevels, histogram === null)),
  );
  const needValues = wanted.has('firstorder') || describesIntensities(input, pass);
  const values = needValues ? recordValues(rec, cells, image, { buffer: regions, count: n }, layout.values) : null;
  const boxes = pass.states.map((s) => s.extent.box);
  const surface = layout.lines;
  const mesh = get(surface && recordMesh(rec, shape.cells, boxes));
  const lines = get(surface && recordExtremes(rec, shape.cells, boxes, surface));
  // Volumes of the mask as it was have been counted before resegmentation.
  const countVolumes = input.settings.additionalInfo && pass.states === pass.original;
  const zones = when('glszm', () => recordZones(rec, cells, regions, connectivity(unit, cells.box), layout.totalRows));
  const zoneDownloads = zones && { counts: rec.download(zones.counts), large: rec.download(zones.large) };
  const volumes = get(countVolumes ? recordVolumes(rec, cells, fullConnectivity(cells.box), n) : null);

  const levels = get(histogram);
  const results: Results = await input.engine.execute(rec);
  const read = (d: Download | null) => (d ? results.u32(d) : null);
  return {
    layout,
    levels: read(levels),
    values: read(values),
    glcm: read(glcm),
    glrlm: runs && { counts: results.u32(runs.counts), multiElement: results.u32(runs.multiElement) },
    zones: zoneDownloads && { counts: results.u32(zoneDownloads.counts), large: results.u32(zoneDownloads.large) },
    gldm: read(gldm),
    ngtdm: read(ngtdm),
    mesh: read(mesh),
    lines: read(lines),
    volumes: read(volumes),
  };
}

/** The rows of one region. */
export function levelTable({ layout, levels }: Counts, region: number): LevelTable {
  const first = layout.rowFirst[region] as number;
  const rows = layout.rows[region] as number;
  return {
    levels: layout.greyLevels.subarray(first, first + rows),
    histogram: (levels as Uint32Array).subarray(first, first + rows),
  };
}
