/** The first half of a pass: regions on the GPU, their extents and intensity ranges, resegmentation. */
import { type BufferRef, type Engine, Recording } from '../../engine/index.ts';
import { type Box, boxUnion, type PaddedBox, padBox } from '../box.ts';
import { PipelineError } from '../errors.ts';
import { momentsOf } from '../firstorder/features.ts';
import { readValues } from '../firstorder/values.ts';
import { encodeKeys } from '../keys.ts';
import { recordCompact, type RegionCells } from '../roi/compact.ts';
import { decodeExtent, type Extent, recordExtent } from '../roi/extent.ts';
import { cropLabels, type PackedLabels } from '../roi/labels.ts';
import { decodeRange, isFloatKind, type KeyBuffer, type Range, recordRange } from '../roi/range.ts';
import { recordClip } from '../roi/clip.ts';
import { recordResegment, type Thresholds } from '../roi/resegment.ts';
import type { Selection } from '../selection.ts';
import type { Settings } from '../settings.ts';
import { type Connectivity, connectivity, recordVolumes } from '../texture/components.ts';
import { offsets } from '../texture/offsets.ts';
import type { Volume } from '../volume.ts';

/** One image with the disjoint regions of one pass. */
export interface PassInput {
  readonly engine: Engine;
  readonly image: Volume;
  readonly labels: PackedLabels;
  readonly selections: readonly Selection[];
  readonly settings: Settings;
}

/** What is known of a region once it is on the GPU. */
export interface RegionState {
  readonly selection: Selection;
  readonly extent: Extent;
  readonly range: Range;
  /** Number of 26-connected volumes, where it has been counted. */
  readonly volumes: number | null;
}

/** A pass whose regions are on the GPU. `release` gives everything back. */
export interface PreparedPass {
  readonly cells: RegionCells;
  readonly image: KeyBuffer;
  readonly states: readonly RegionState[];
  /** The regions as the mask has them, before resegmentation; the same as `states` without it. */
  readonly original: readonly RegionState[];
  /** Cells for the shape features: those of the mask, cropped to the resegmented boxes, unless resegmentShape. */
  readonly shape: { readonly cells: RegionCells; readonly extents: readonly Extent[] };
  readonly buffers: readonly BufferRef[];
}

/** 26-connectivity, as ITK counts the volumes of a mask. */
export const fullConnectivity = (box: PaddedBox): Connectivity =>
  connectivity(offsets([1], { bidirectional: false, force2Ddimension: null }), box);

/** The padded box of a pass: neighbours at the longest distance are inside it. */
export function passBox(selections: readonly Selection[], settings: Settings): PaddedBox {
  const box = selections.map((s) => s.box).reduce(boxUnion);
  return padBox(box, Math.max(...settings.distances, 1));
}

function upload(
  rec: Recording,
  { image, labels, selections }: PassInput,
  box: PaddedBox,
): { cells: RegionCells; keys: KeyBuffer } {
  const numbers = new Uint32Array(labels.indices);
  selections.forEach((s, region) => {
    for (const index of s.indices) numbers[index] = region + 1;
  });
  const length = selections.reduce((sum, s) => sum + s.voxels, 0);
  const crop = cropLabels(labels, image.size, box.box);
  const cells = recordCompact(rec, { crop, labelsPerWord: labels.labelsPerWord }, numbers, box, length);
  const { kind, words, data } = encodeKeys(image, box);
  return { cells, keys: { kind, words, keys: rec.upload('roi/keys', data) } };
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
  }));
}

/** The closed range of each region (imageoperations.resegmentMask). */
async function thresholds(
  { engine, settings }: PassInput,
  cells: RegionCells,
  image: KeyBuffer,
  states: readonly RegionState[],
): Promise<Thresholds[]> {
  const bounds = [...(settings.resegmentRange as number[])].sort((a, b) => a - b);
  const scaled = (f: (bound: number) => number): Thresholds => ({
    lower: f(bounds[0] as number),
    upper: bounds.length > 1 ? f(bounds[1] as number) : null,
  });
  if (settings.resegmentMode === 'absolute') return states.map(() => scaled((b) => b));
  if (settings.resegmentMode === 'relative') return states.map(({ range }) => scaled((b) => range.maximum * b));
  const values = await readValues(
    engine,
    cells,
    image,
    states.map((s) => s.range),
    states.map((s) => s.extent.voxels),
  );
  return values.map((v) => {
    const { mean, std } = momentsOf(v);
    return scaled((b) => mean + std * b);
  });
}

/** Brings the regions of a pass to the GPU and measures them. The caller releases `buffers` of the engine. */
export async function preparePass(input: PassInput): Promise<PreparedPass> {
  const { engine, settings, selections } = input;
  const box = passBox(selections, settings);
  const resegment = settings.resegmentRange !== null;
  const buffers: BufferRef[] = [];
  try {
    const rec = new Recording('pass/prepare');
    const { cells, keys } = upload(rec, input, box);
    buffers.push(rec.keep(cells.cells), rec.keep(cells.voxels), rec.keep(keys.keys));
    const original = await measure(rec, input, cells, keys, resegment && settings.additionalInfo);
    if (!resegment) {
      return {
        cells,
        image: keys,
        states: original,
        original,
        shape: { cells, extents: original.map((s) => s.extent) },
        buffers,
      };
    }
    const kept = settings.resegmentShape ? null : new Recording('pass/keep');
    const shapeCells = kept
      ? { ...cells, cells: kept.keep(kept.buffer('pass/shape.cells', cells.cells.bytes)) }
      : cells;
    if (kept) {
      kept.copy(cells.cells, shapeCells.cells);
      buffers.push(shapeCells.cells);
      await engine.execute(kept);
    }
    const second = new Recording('pass/resegment');
    recordResegment(second, cells, keys, await thresholds(input, cells, keys, original));
    const states = await measure(second, input, cells, keys, settings.additionalInfo);
    const boxes = states.map((s) => s.extent.box);
    const extents = kept ? await clipShape(engine, shapeCells, boxes) : states.map((s) => s.extent);
    return { cells, image: keys, states, original, shape: { cells: shapeCells, extents }, buffers };
  } catch (error) {
    engine.release(...buffers);
    throw error;
  }
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
export function checkRange({ selection, range }: RegionState, image: KeyBuffer): void {
  if (!isFloatKind(image.kind)) return;
  if (!Number.isFinite(range.minimum) || !Number.isFinite(range.maximum)) {
    throw new PipelineError(
      'NonFiniteImage',
      `label ${selection.name}: the image holds ${range.nans > 0 && Number.isNaN(range.minimum) ? 'only NaN' : 'infinite values'} inside the region; finite intensities are needed. Mask those voxels out or set resegmentRange`,
    );
  }
}
