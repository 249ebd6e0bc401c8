/** The second half of a pass: everything that is counted on the GPU, in one submit. */
import { type BufferRef, type Download, Recording, type Results } from '../../engine/index.ts';
import { linearStep } from '../box.ts';
import type { FeatureClass, WantedFeatures } from '../classes.ts';
import { recordLevels } from '../discretise/levels.ts';
import { recordRank } from '../discretise/rank.ts';
import { uploadRegions } from '../discretise/regions.ts';
import { recordValues } from '../firstorder/values.ts';
import { recordExtremes, recordMesh } from '../shape/surface.ts';
import { connectivity, recordVolumes, recordZones } from '../texture/components.ts';
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
  rankRows,
  regionRows,
  sum,
  tableBytes,
  withoutLevels,
} from './layout.ts';
import { fullConnectivity, type PassInput, type PreparedPass } from './prepare.ts';

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
    const dense = layoutFor(input, pass, ranked.rows, ranked.greyLevels, layout.lines !== null);
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
  const withLines = wanted.has('shape') || wanted.has('shape2D');
  const binning = binned ? discretise(input, pass) : withoutLevels(pass);
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
  const when = <T>(name: FeatureClass, make: () => T): T | null => (wanted.has(name) ? make() : null);

  // The longest work first: a software adapter overlaps dispatches that do not depend on each other.
  const glcm = get(
    when('glcm', () =>
      recordGlcm(rec, cells, regions, steps(pairs), sum(layout.rows.map((r) => r * r * pairs.length))),
    ),
  );
  const glrlm = get(walked && recordGlrlm(rec, cells, regions, walked, layout.totalRows, layout.maxRun));
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
  await walked?.listed;
  const read = (d: Download | null) => (d ? results.u32(d) : null);
  return {
    layout,
    levels: read(levels),
    values: read(values),
    glcm: read(glcm),
    glrlm: glrlm && walked && { counts: results.u32(glrlm), multiElement: walked.multiElement },
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
