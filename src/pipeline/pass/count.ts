/** The second half of a pass: everything that is counted on the GPU, in one submit. */
import { type BufferRef, type Download, Recording, type Results } from '../../engine/index.ts';
import { linearStep } from '../box.ts';
import type { FeatureClass, WantedFeatures } from '../classes.ts';
import { recordLevels } from '../discretise/levels.ts';
import { recordRank } from '../discretise/rank.ts';
import { uploadRegions } from '../discretise/regions.ts';
import { recordPeaks } from '../firstorder/peak.ts';
import type { RoiValues } from '../firstorder/statistics.ts';
import { decodeValues, recordValues } from '../firstorder/values.ts';
import type { IntensityMask } from '../morph/features.ts';
import { recordSurface, type SurfaceCounts } from '../shape/surface.ts';
import {
  connectivity,
  type Forest,
  recordDistanceZones,
  recordVolumes,
  recordZoneForest,
  recordZones,
} from '../texture/components.ts';
import { recordDistances } from '../texture/distance.ts';
import { recordGlcm } from '../texture/glcm.ts';
import { recordGldm } from '../texture/gldm.ts';
import { recordGlrlm } from '../texture/glrlm.ts';
import type { LevelTable, Offset } from '../texture/matrices.ts';
import { recordNgtdm } from '../texture/ngtdm.ts';
import {
  type CountLayout,
  checkTables,
  type Discretisation,
  discretise,
  everyLevel,
  layoutFor,
  needsLevels,
  needsValues,
  rankRows,
  regionRows,
  sum,
  tableBytes,
  withoutLevels,
} from './layout.ts';
import { fullConnectivity, type MaskCells, type PassInput, type PreparedPass } from './prepare.ts';

/** What a pass has counted; null for what was not asked for. */
export interface Counts {
  readonly layout: CountLayout;
  readonly levels: Uint32Array | null;
  readonly values: Uint32Array | null;
  readonly glcm: Uint32Array | null;
  readonly glrlm: { readonly counts: Uint32Array; readonly multiElement: Uint32Array } | null;
  readonly zones: { readonly counts: Uint32Array; readonly large: Uint32Array } | null;
  /** Zones by row, distance to the border - 1. */
  readonly distanceZones: Uint32Array | null;
  readonly gldm: Uint32Array | null;
  readonly ngtdm: Uint32Array | null;
  /** Ranges of the mean intensities around the voxels of the largest intensity, and around all. */
  readonly peaks: { readonly local: Uint32Array; readonly global: Uint32Array } | null;
  /** Surfaces of the shape features, and of the morphological mask. */
  readonly shape: SurfaceCounts | null;
  readonly morphology: SurfaceCounts | null;
  readonly volumes: Uint32Array | null;
  /** The intensities of each region and where they lie, for the class morph. */
  readonly intensityMasks: readonly IntensityMask[] | null;
}

/** Bytes of level-indexed tables beyond which grey levels are replaced by their ranks first (one more round trip). */
const RANK_BYTES = 4 * 2 ** 20;

function concat(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(sum(parts.map((p) => p.length)));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Discretises in a submit of its own and replaces levels by ranks, so that the tables hold no empty levels. */
async function countRanked(
  input: PassInput,
  all: PreparedPass,
  binning: Discretisation,
  layout: CountLayout,
  wanted: WantedFeatures,
): Promise<Counts> {
  const rec = new Recording('pass/levels');
  // Cells of its own: other images of the pass write their levels between the two submits.
  const own = rec.keep(rec.buffer('pass/levels.cells', all.cells.cells.bytes));
  rec.copy(all.cells.cells, own);
  const pass = { ...all, cells: { ...all.cells, cells: own } };
  const rows = regionRows(binning, pass.image.words, pass, layout, binning.rows);
  const edges = concat(binning.edges);
  const histogram = rec.download(
    recordLevels(rec, pass.cells, pass.image, uploadRegions(rec, rows), edges, layout.totalRows),
  );
  try {
    const full = (await input.engine.execute(rec)).u32(histogram);
    const ranked = rankRows(full, binning.rows);
    const dense = layoutFor(input, pass, ranked.rows, ranked.greyLevels);
    checkTables(input, dense);
    const next = new Recording('pass/count');
    const from = uploadRegions(next, rows);
    recordRank(next, pass.cells, from, ranked.ranks);
    const regions = uploadRegions(next, regionRows(binning, pass.image.words, pass, dense, ranked.rows));
    const counts = await recordCounts(next, input, pass, dense, regions, null, wanted);
    return { ...counts, levels: full.filter((n) => n > 0) };
  } finally {
    input.engine.release(own);
  }
}

/** Counts everything that the wanted classes need. */
export async function countPass(input: PassInput, pass: PreparedPass, wanted: WantedFeatures): Promise<Counts> {
  const binned = needsLevels(wanted);
  const binning = binned ? discretise(input, pass) : withoutLevels(pass);
  const layout = layoutFor(input, pass, binning.rows, everyLevel(binning.rows));
  if (binned && tableBytes(layout) > RANK_BYTES) return countRanked(input, pass, binning, layout, wanted);
  const rec = new Recording('pass/count');
  const regions = uploadRegions(rec, regionRows(binning, pass.image.words, pass, layout, binning.rows));
  const histogram = binned
    ? recordLevels(rec, pass.cells, pass.image, regions, concat(binning.edges), layout.totalRows)
    : null;
  return recordCounts(rec, input, pass, layout, regions, histogram, wanted);
}

/** Whether the diagnostics need the intensities: PyRadiomics describes those of masks it has changed. */
function describesIntensities({ settings, loaded }: PassInput, pass: PreparedPass): boolean {
  return settings.additionalInfo && (pass.states !== pass.original || loaded !== null);
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
  const walked = wanted.has('glrlm') ? await pass.lines.along(unit) : null;
  const when = <T>(names: FeatureClass | readonly FeatureClass[], make: () => T): T | null =>
    [names].flat().some((name) => wanted.has(name)) ? make() : null;

  // The longest work first: a software adapter overlaps dispatches that do not depend on each other.
  const glcm = get(
    when('glcm', () =>
      recordGlcm(rec, cells, regions, steps(pairs), sum(layout.rows.map((r) => r * r * pairs.length))),
    ),
  );
  const glrlm = get(walked && recordGlrlm(rec, cells, regions, walked, layout.totalRows, layout.maxRun));
  const gldm = get(
    when(['gldm', 'ngl'], () =>
      recordGldm(rec, cells, regions, steps(around), layout.greyLevels, input.settings.gldm_a),
    ),
  );
  const ngtdm = get(
    when('ngtdm', () => recordNgtdm(rec, cells, regions, steps(around), layout.greyLevels, histogram === null)),
  );
  const needValues = needsValues(wanted) || describesIntensities(input, pass);
  const values = needValues ? recordValues(rec, cells, image, { buffer: regions, count: n }, layout.values) : null;
  const peaks = when('loc', () => recordPeaks(rec, cells, image, n, input.image.spacing));
  const surface = ({ cells: mask, extents }: MaskCells) =>
    recordSurface(
      rec,
      mask,
      extents.map(({ box }) => box),
    );
  const shapeSurface = when(['shape', 'shape2D'], () => surface(shape));
  const morphSurface = when(
    'morph',
    () => (shapeSurface && isWhole(pass) && shapeSurface) || surface(pass.morphology as MaskCells),
  );
  // Volumes of the mask as it was have been counted before resegmentation.
  const countVolumes = input.settings.additionalInfo && pass.states === pass.original;
  const forest = when(['glszm', 'dzm'], () => recordZoneForest(rec, cells, connectivity(unit, cells.box)));
  const zones = when('glszm', () => recordZones(rec, cells, regions, forest as Forest, layout.totalRows));
  const distanceZones = get(
    when('dzm', () => {
      const { cells: mask } = pass.morphology as MaskCells;
      const distances = recordDistances(rec, mask, layout.axes);
      const { totalRows, maxDistance } = layout;
      return recordDistanceZones(rec, cells, regions, forest as Forest, distances, totalRows, maxDistance);
    }),
  );
  const zoneDownloads = zones && { counts: rec.download(zones.counts), large: rec.download(zones.large) };
  const volumes = get(countVolumes ? recordVolumes(rec, cells, fullConnectivity(cells.box), n) : null);

  const levels = get(histogram);
  const results: Results = await input.engine.execute(rec);
  await walked?.listed;
  const read = (d: Download | null) => (d ? results.u32(d) : null);
  return {
    layout,
    levels: read(levels),
    values: read(values),
    glcm: read(glcm),
    glrlm: glrlm && walked && { counts: results.u32(glrlm), multiElement: walked.multiElement },
    zones: zoneDownloads && { counts: results.u32(zoneDownloads.counts), large: results.u32(zoneDownloads.large) },
    distanceZones: read(distanceZones),
    gldm: read(gldm),
    ngtdm: read(ngtdm),
    peaks: peaks && { local: results.u32(peaks.local), global: results.u32(peaks.global) },
    shape: shapeSurface?.(results) ?? null,
    morphology: morphSurface?.(results) ?? null,
    volumes: read(volumes),
    intensityMasks: null,
  };
}

/** Whether the mask of the shape features is the morphological one: cropping it has taken nothing away. */
const isWhole = ({ shape, morphology }: PreparedPass): boolean =>
  shape.extents.every(({ voxels }, region) => voxels === morphology?.extents[region]?.voxels);

/** The intensities of one region. */
export function valuesOf(pass: PreparedPass, { values, layout }: Counts, region: number): RoiValues {
  const { range } = pass.states[region] as PreparedPass['states'][number];
  return decodeValues(values as Uint32Array, layout.values, region, pass.image, range);
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
