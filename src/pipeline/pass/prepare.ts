/** The first half of a pass: regions on the GPU, their extents and intensity ranges, resegmentation. */
import { type BufferRef, type Engine, Recording } from '../../engine/index.ts';
import { type Box, boxUnion, type PaddedBox, padBox } from '../box.ts';
import { PipelineError } from '../errors.ts';
import { momentsOf } from '../firstorder/features.ts';
import type { RoiValues } from '../firstorder/statistics.ts';
import { readValues } from '../firstorder/values.ts';
import { buffersOf, type DeviceVolume, partToDevice, type PartialVolume } from '../device-volume.ts';
import { derivedTypes, type ImageType } from '../image-types.ts';
import type { Intensities } from '../intensities.ts';
import { recordCompact, type RegionCells } from '../roi/compact.ts';
import { decodeExtent, type Extent, recordExtent } from '../roi/extent.ts';
import type { RegionFacts } from '../roi/facts.ts';
import { cropLabels, type PackedLabels } from '../roi/labels.ts';
import { decodeRange, isFloatKind, type KeyBuffer, type Range, recordRange } from '../roi/range.ts';
import { recordClip } from '../roi/clip.ts';
import { keptRange, needsMoments, recordResegment, resegments, type Thresholds } from '../roi/resegment.ts';
import type { Row } from '../row.ts';
import type { Selection } from '../selection.ts';
import type { Settings } from '../settings.ts';
import { type Connectivity, connectivity, recordVolumes } from '../texture/components.ts';
import type { Offset } from '../texture/matrices.ts';
import { offsets } from '../texture/offsets.ts';
import type { Geometry, Vec3, Volume } from '../volume.ts';
import { PassLines } from './lines.ts';
import { encodedFor, noNeeds, type PassNeeds } from './needs.ts';

/** One image with the disjoint regions of one pass. */
export interface PassInput {
  readonly engine: Engine;
  readonly image: Intensities;
  readonly labels: PackedLabels;
  readonly selections: readonly Selection[];
  readonly settings: Settings;
  /** Images to compute features on, in the order of their columns. */
  readonly types: readonly ImageType[];
  /** What images are derived from; null where there are none to derive. */
  readonly source: PassSource | null;
  /** The grid of the mask as it was loaded: the image's within the tolerance, unless it has been resampled. */
  readonly mask: Geometry;
  /** Where the mask has been resampled since it was loaded: its regions as they were. Null without diagnostics. */
  readonly loaded: LoadedRegions | null;
}

/** The image that others are derived from: the whole or a part of the grid of the pass. */
export interface PassSource {
  /** Voxel of the grid of the pass that the image begins with. */
  readonly first: Vec3;
  readonly grid: Geometry;
  /** Brings it to the GPU, at least a box of it. */
  open(box: Box): Promise<{ readonly image: PartialVolume; release(): void }>;
}

/** An image that is on the GPU, and stays its owner's. */
export const deviceSource = (image: DeviceVolume, first: Vec3 = [0, 0, 0]): PassSource => ({
  first,
  grid: image,
  open: async () => ({ image, release: () => undefined }),
});

/** An image in memory, of which no more than what is needed is uploaded. */
export const hostSource = (engine: Engine, volume: Volume): PassSource => ({
  first: [0, 0, 0],
  grid: volume,
  open: async (box) => {
    const image = await partToDevice(engine, volume, box);
    return { image, release: () => engine.release(...buffersOf(image)) };
  },
});

/** The regions of a mask that has been resampled, for the diagnostics. */
export interface LoadedRegions {
  /** PyRadiomics' word for the mask as it is now. */
  readonly stage: 'corrected' | 'interpolated';
  /** The regions as they were loaded, by name. */
  readonly facts: ReadonlyMap<string, RegionFacts>;
  /** Columns of the image where it has been resampled too. */
  readonly image: Row;
}

/** What is known of a region once it is on the GPU. */
export interface RegionState {
  readonly selection: Selection;
  readonly extent: Extent;
  readonly range: Range;
  /** Number of 26-connected volumes, where it has been counted. */
  readonly volumes: number | null;
  /** Mean intensity, where it has been computed. */
  readonly mean: number | null;
}

/** The regions of a mask on the GPU, and what was measured of them. */
export interface MaskCells {
  readonly cells: RegionCells;
  readonly extents: readonly Extent[];
}

/** A pass whose regions are on the GPU. `release` gives everything back. */
export interface PreparedPass {
  readonly cells: RegionCells;
  readonly image: KeyBuffer;
  readonly states: readonly RegionState[];
  /** The regions as the mask has them, before resegmentation; the same as `states` without it. */
  readonly original: readonly RegionState[];
  /** Cells for the shape features: those of the mask, cropped to the resegmented boxes, unless resegmentShape. */
  readonly shape: MaskCells;
  /**
   * IBSI's morphological mask: the regions before resegmentation, unless resegmentShape. Only the region of a cell counts, it
   * may hold a level. Null where no class needs it.
   */
  readonly morphology: MaskCells | null;
  /** The lines of the regions, for run lengths. To be released with the buffers. */
  readonly lines: PassLines;
  readonly buffers: readonly BufferRef[];
}

/** 26-connectivity, as ITK counts the volumes of a mask. */
export const fullConnectivity = (box: PaddedBox): Connectivity =>
  connectivity(offsets([1], { bidirectional: false, force2Ddimension: null }), box);

/** The padded box of a pass: neighbours at the longest distance are inside it, and what is within `reach` of the image. */
export function passBox(
  { selections, types, image, source }: Pick<PassInput, 'selections' | 'types' | 'image' | 'source'>,
  { reach }: PassNeeds = noNeeds,
): PaddedBox {
  const regions = selections.map((s) => s.box).reduce(boxUnion);
  // Derived images end where their source does.
  const derived = derivedTypes(types).length > 0;
  const first = (derived && source?.first) || [0, 0, 0];
  const size = (derived && source?.grid.size) || image.size;
  const around = image.spacing.map((s) => Math.floor(reach / s));
  const box = {
    first: regions.first.map((x, i) => Math.min(x, Math.max(first[i]!, x - around[i]!))) as unknown as Vec3,
    last: regions.last.map((x, i) =>
      Math.max(x, Math.min(first[i]! + size[i]! - 1, x + around[i]!)),
    ) as unknown as Vec3,
  };
  return padBox(box, Math.max(...types.flatMap((type) => type.settings.distances), 1));
}

/** Cuts the regions out of a mask. @param grid voxels of the mask */
export function recordCells(
  rec: Recording,
  labels: PackedLabels,
  grid: Vec3,
  selections: readonly Selection[],
  box: PaddedBox,
): RegionCells {
  const numbers = new Uint32Array(labels.indices);
  selections.forEach((s, region) => {
    for (const index of s.indices) numbers[index] = region + 1;
  });
  const length = selections.reduce((sum, s) => sum + s.voxels, 0);
  const crop = cropLabels(labels, grid, box.box);
  return recordCompact(rec, { crop, labelsPerWord: labels.labelsPerWord }, numbers, box, length);
}

/** Extents, ranges and, on demand, the number of connected volumes of the regions as they are now. */
async function measure(
  rec: Recording,
  input: PassInput,
  cells: RegionCells,
  image: KeyBuffer,
  countVolumes: boolean,
): Promise<RegionState[]> {
  const n = input.selections.length;
  const extents = recordExtent(rec, cells, n);
  const ranges = recordRange(rec, cells, image, n);
  const volumes = countVolumes ? rec.download(recordVolumes(rec, cells, fullConnectivity(cells.box), n)) : null;
  const results = await input.engine.execute(rec);
  return input.selections.map((selection, region) => ({
    selection,
    extent: decodeExtent(results.u32(extents), region),
    range: decodeRange(results.u32(ranges), region, image.kind),
    volumes: volumes ? (results.u32(volumes)[region] as number) : null,
    mean: null,
  }));
}

/** The closed range of each region. @param values intensities of each, where `needsMoments` */
const thresholds = (
  { settings }: PassInput,
  states: readonly RegionState[],
  values: readonly RoiValues[] | null,
): Thresholds[] =>
  states.map(({ range }, region) =>
    keptRange(settings, { maximum: range.maximum, moments: () => momentsOf(values?.[region] as RoiValues) }),
  );

/**
 * Brings the regions of a pass to the GPU and measures them. The caller releases `buffers` of the engine, and the lines.
 * @param runs offsets along which runs will be counted, to find their lines meanwhile; null for none
 */
export async function preparePass(
  input: PassInput,
  needs: PassNeeds = noNeeds,
  runs: readonly Offset[] | null = null,
): Promise<PreparedPass> {
  const { engine, settings, selections, image, labels } = input;
  const box = passBox(input, needs);
  const rec = new Recording('pass/prepare');
  const cells = recordCells(rec, labels, image.size, selections, box);
  const keys = image.recordKeys(rec, cells, encodedFor(needs));
  const buffers = [rec.keep(cells.cells), rec.keep(cells.voxels), rec.keep(keys.keys)];
  const lines = new PassLines(engine, cells, selections.length);
  try {
    const measuring = measure(rec, input, cells, keys, resegments(settings) && settings.additionalInfo);
    if (runs && !resegments(settings)) lines.along(runs).catch(() => undefined);
    const original = await measuring;
    if (resegments(settings)) return await resegmentPass(input, needs, { cells, keys, original, buffers }, lines);
    const mask = { cells, extents: original.map((s) => s.extent) };
    return { cells, image: keys, states: original, original, shape: mask, morphology: mask, lines, buffers };
  } catch (error) {
    engine.release(...buffers);
    await lines.release();
    throw error;
  }
}

/** Restricts the regions to their intensity ranges; the shape features keep the regions as they were, unless resegmentShape. */
async function resegmentPass(
  input: PassInput,
  needs: PassNeeds,
  pass: { cells: RegionCells; keys: KeyBuffer; original: readonly RegionState[]; buffers: BufferRef[] },
  lines: PassLines,
): Promise<PreparedPass> {
  const { engine, settings } = input;
  const { cells, keys, buffers } = pass;
  const needValues = needsMoments(settings) || input.loaded !== null;
  const values = needValues ? await readValues(engine, cells, keys, pass.original) : null;
  const original = values
    ? pass.original.map((s, k) => ({ ...s, mean: momentsOf(values[k] as RoiValues).mean }))
    : pass.original;
  const keep = async () => {
    const copy = await copyCells(engine, cells);
    buffers.push(copy.cells);
    return copy;
  };
  const shapeCells = settings.resegmentShape ? cells : await keep();
  // Those of the shape features are cropped.
  const before = settings.resegmentShape || !needs.morphology ? null : await keep();
  const rec = new Recording('pass/resegment');
  recordResegment(rec, cells, keys, thresholds(input, original, values));
  const states = await measure(rec, input, cells, keys, settings.additionalInfo);
  const resegmented = { cells, extents: states.map((s) => s.extent) };
  const boxes = states.map((s) => s.extent.box);
  const shape = settings.resegmentShape
    ? resegmented
    : { cells: shapeCells, extents: await clipShape(engine, shapeCells, boxes) };
  const unclipped = before && { cells: before, extents: original.map((s) => s.extent) };
  const morphology = settings.resegmentShape ? resegmented : unclipped;
  return { cells, image: keys, states, original, shape, morphology, lines, buffers };
}

/** A copy of the cells on the GPU; it is kept. */
async function copyCells(engine: Engine, cells: RegionCells): Promise<RegionCells> {
  const rec = new Recording('pass/keep');
  const copy = rec.keep(rec.buffer('pass/mask.cells', cells.cells.bytes));
  rec.copy(cells.cells, copy);
  await engine.execute(rec);
  return { ...cells, cells: copy };
}

/** PyRadiomics crops the mask of the shape features to the box of the resegmented region. */
async function clipShape(engine: Engine, cells: RegionCells, boxes: readonly Box[]): Promise<Extent[]> {
  const rec = new Recording('pass/clip');
  recordClip(rec, cells, boxes);
  const download = recordExtent(rec, cells, boxes.length);
  const sums = (await engine.execute(rec)).u32(download);
  return boxes.map((_, region) => decodeExtent(sums, region));
}

/** @throws PipelineError NonFiniteImage where a region holds infinity or nothing but NaN */
export function checkRange({ selection, range }: Pick<RegionState, 'selection' | 'range'>, image: KeyBuffer): void {
  if (!isFloatKind(image.kind)) return;
  if (!Number.isFinite(range.minimum) || !Number.isFinite(range.maximum)) {
    throw new PipelineError(
      'NonFiniteImage',
      `label ${selection.name}: the image holds ${range.nans > 0 && Number.isNaN(range.minimum) ? 'only NaN' : 'infinite values'} inside the region; finite intensities are needed. Mask those voxels out or set resegmentRange`,
    );
  }
}
