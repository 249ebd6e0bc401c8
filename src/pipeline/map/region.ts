/** The region of a feature map on the GPU: its grey levels with a margin of the kernel's radius, and its voxels. */
import { type BufferRef, type Engine, Recording } from '../../engine/index.ts';
import { boxSize, forEachRow, grownBox, type PaddedBox, padBox } from '../box.ts';
import { binEdges, levelOf } from '../discretise/edges.ts';
import { edgeKeys, levelCount, recordLevels } from '../discretise/levels.ts';
import { emptyRegion, uploadRegions } from '../discretise/regions.ts';
import { PipelineError } from '../errors.ts';
import { hostIntensities } from '../intensities.ts';
import { checkRange, recordCells } from '../pass/prepare.ts';
import { checkRegion } from '../roi/checks.ts';
import { recordCompact, type RegionCells } from '../roi/compact.ts';
import { cropLabels, type PackedLabels } from '../roi/labels.ts';
import type { Range } from '../roi/range.ts';
import type { Selection } from '../selection.ts';
import type { Settings } from '../settings.ts';
import type { Volume } from '../volume.ts';

/** A recorded region. The caller runs the recording and releases `buffers`. */
export interface MapRegion {
  /** The box of the maps: that of the region, grown by the radius as far as the image goes. */
  readonly box: PaddedBox;
  /** Cells of the padded box; once the recording has run they hold grey levels. */
  readonly cells: BufferRef;
  /** Index into the cells of each voxel of the region, in the order of the image. */
  readonly targets: BufferRef;
  /** Index into the maps of each voxel. */
  readonly places: Uint32Array;
  /** Largest grey level. */
  readonly top: number;
  /** Makes the cells and their levels; the first tile of the maps follows in it. */
  readonly recording: Recording;
  /** Number of voxels of each grey level. */
  readonly histogram: BufferRef;
  /** Kept by the recording. */
  readonly buffers: readonly BufferRef[];
}

/** The voxels of a selection by their places in the box and in the padded box, and the range of what the kernel sees. */
function scanBox(image: Volume, labels: PackedLabels, { indices, voxels }: Selection, box: PaddedBox, masked: boolean) {
  const wanted = new Uint8Array(labels.indices);
  for (const index of indices) wanted[index] = 1;
  const places = new Uint32Array(voxels);
  const cells = new Uint32Array(voxels);
  const crop = cropLabels(labels, image.size, box.box);
  let [minimum, maximum, nans] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  let [k, place] = [0, 0];
  const width = box.size[0];
  forEachRow(image.size, box.box, { size: box.padded, pad: box.pad }, (from, to) => {
    // Of this row: what closures share is slower to change.
    let [low, high, missing, next] = [minimum, maximum, nans, k];
    for (let x = 0; x < width; x++) {
      const inside = wanted[crop[place + x] as number] === 1;
      if (inside) {
        places[next] = place + x;
        cells[next++] = to + x;
      }
      if (masked && !inside) continue;
      const value = image.data[from + x] as number;
      if (value < low) low = value;
      if (value > high) high = value;
      if (Number.isNaN(value)) missing++;
    }
    [minimum, maximum, nans, k] = [low, high, missing, next];
    place += width;
  });
  const range: Range = minimum > maximum ? { ...noRange, nans } : { minimum, maximum, lowKey: 0, nans };
  return { places, cells, range };
}

/** Of voxels that are all NaN. */
const noRange = { minimum: Number.NaN, maximum: Number.NaN, lowKey: 0 };

/** All voxels of a box as one region: an unmasked kernel discretises and sees all of them. */
function recordWhole(rec: Recording, box: PaddedBox): RegionCells {
  const length = box.size[0] * box.size[1] * box.size[2];
  const crop = new Uint8Array(length).fill(1);
  return recordCompact(rec, { crop, labelsPerWord: 4 }, Uint32Array.of(0, 1), box, length);
}

/**
 * Records a region, its intensities and its discretisation. The host has to visit the box for the voxels' places anyway, and
 * finds the range on the way: nothing is read back before the maps.
 * @param radius of the kernel
 * @param masked whether only voxels of the region take part, else all of the box
 * @throws PipelineError RoiTooSmall, RoiTooFewDimensions, TooLarge, NonFiniteImage, TooManyLevels
 */
export function openRegion(
  engine: Engine,
  image: Volume,
  labels: PackedLabels,
  selection: Selection,
  settings: Settings,
  { kernelRadius, maskedKernel }: { readonly kernelRadius: number; readonly maskedKernel: boolean },
): MapRegion {
  checkRegion(selection.name, selection.voxels, selection.box, settings);
  const box = padBox(grownBox(selection.box, kernelRadius, image), kernelRadius);
  const limit = engine.caps.limits.maxStorageBufferBindingSize;
  if (box.cells * 8 > limit)
    throw new PipelineError(
      'TooLarge',
      `label ${selection.name}: its box of ${boxSize(box.box).join(' x ')} voxels needs a buffer of ${box.cells * 8} bytes, this adapter binds ${limit} (maxStorageBufferBindingSize); use an adapter with more, or crop or resample the image`,
    );
  const recording = new Recording('map/region');
  const intensities = hostIntensities(image);
  const region = maskedKernel
    ? recordCells(recording, labels, image.size, [selection], box)
    : recordWhole(recording, box);
  const keys = intensities.recordKeys(recording, region, 'regions');
  const { places, cells, range } = scanBox(image, labels, selection, box, maskedKernel);
  checkRange({ selection, range }, keys);
  const edges = binEdges(range.minimum, range.maximum, { ...settings, float32: intensities.float32 });
  const packed = edgeKeys(keys.kind, edges);
  const top = levelCount(edges, levelOf(edges, range.maximum), range.nans);
  const row = { ...emptyRegion, edge_count: packed.length / keys.words, rows: top };
  const histogram = recordLevels(recording, region, keys, uploadRegions(recording, [row]), packed, top);
  const targets = recording.upload('map/region.targets', cells);
  const buffers = [region.cells, targets].map((ref) => recording.keep(ref));
  return { box, cells: region.cells, targets, places, top, recording, histogram, buffers };
}
