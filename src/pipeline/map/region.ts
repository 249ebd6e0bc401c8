/** The region of a feature map on the GPU: its grey levels with a margin of the kernel's radius, and its voxels. */
import { type BufferRef, type Engine, Recording } from '../../engine/index.ts';
import { type Box, boxSize, type PaddedBox, padBox } from '../box.ts';
import { binEdges, levelOf } from '../discretise/edges.ts';
import { edgeKeys, levelCount, recordLevels } from '../discretise/levels.ts';
import { emptyRegion, uploadRegions } from '../discretise/regions.ts';
import { PipelineError } from '../errors.ts';
import { hostIntensities } from '../intensities.ts';
import { checkRange, recordCells } from '../pass/prepare.ts';
import { checkRegion } from '../roi/checks.ts';
import { recordCompact, type RegionCells } from '../roi/compact.ts';
import { cropLabels, type PackedLabels } from '../roi/labels.ts';
import { decodeRange, recordRange } from '../roi/range.ts';
import type { Selection } from '../selection.ts';
import type { Settings } from '../settings.ts';
import type { Vec3, Volume } from '../volume.ts';

/** A region whose levels are recorded. The caller releases `buffers`. */
export interface MapRegion {
  /** The box of the maps: that of the region, grown by the radius as far as the image goes. */
  readonly box: PaddedBox;
  /** Cells of the padded box; once `levels` has run they hold grey levels. */
  readonly cells: BufferRef;
  /** Index into the cells of each voxel of the region, in the order of the image. */
  readonly targets: BufferRef;
  /** Index into the maps of each voxel. */
  readonly places: Uint32Array;
  /** Largest grey level. */
  readonly top: number;
  /** The first recording of the maps, which discretises, and the number of voxels of each grey level. */
  readonly levels: { readonly recording: Recording; readonly histogram: BufferRef };
  readonly buffers: readonly BufferRef[];
}

const grown = ({ first, last }: Box, by: number, size: Vec3): Box => ({
  first: first.map((x) => Math.max(x - by, 0)) as unknown as Vec3,
  last: last.map((x, axis) => Math.min(x + by, size[axis]! - 1)) as unknown as Vec3,
});

/** The voxels of a selection by their places in the box and in the padded box. */
function voxelsOf(labels: PackedLabels, grid: Vec3, { indices, voxels }: Selection, box: PaddedBox) {
  const wanted = new Uint8Array(labels.indices);
  for (const index of indices) wanted[index] = 1;
  const crop = cropLabels(labels, grid, box.box);
  const places = new Uint32Array(voxels);
  const cells = new Uint32Array(voxels);
  const { size, padded, pad } = box;
  let k = 0;
  let place = 0;
  for (let z = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++) {
      const row = pad + padded[0] * (y + pad + padded[1] * (z + pad));
      for (let x = 0; x < size[0]; x++, place++) {
        if (wanted[crop[place] as number] === 0) continue;
        places[k] = place;
        cells[k++] = row + x;
      }
    }
  return { places, cells };
}

/** All voxels of a box as one region: an unmasked kernel discretises and sees all of them. */
function recordWhole(rec: Recording, box: PaddedBox): RegionCells {
  const length = box.size[0] * box.size[1] * box.size[2];
  const crop = new Uint8Array(length).fill(1);
  return recordCompact(rec, { crop, labelsPerWord: 4 }, Uint32Array.of(0, 1), box, length);
}

/**
 * Brings a region to the GPU, measures its intensities and records its discretisation.
 * @param radius of the kernel
 * @param masked whether only voxels of the region take part, else all of the box
 * @throws PipelineError RoiTooSmall, RoiTooFewDimensions, TooLarge, NonFiniteImage, TooManyLevels
 */
export async function openRegion(
  engine: Engine,
  image: Volume,
  labels: PackedLabels,
  selection: Selection,
  settings: Settings,
  { kernelRadius, maskedKernel }: { readonly kernelRadius: number; readonly maskedKernel: boolean },
): Promise<MapRegion> {
  checkRegion(selection.name, selection.voxels, selection.box, settings);
  const box = padBox(grown(selection.box, kernelRadius, image.size), kernelRadius);
  const intensities = hostIntensities(image);
  const limit = engine.caps.limits.maxStorageBufferBindingSize;
  if (box.cells * 8 > limit)
    throw new PipelineError(
      'TooLarge',
      `label ${selection.name}: its box of ${boxSize(box.box).join(' x ')} voxels needs a buffer of ${box.cells * 8} bytes, this adapter binds ${limit} (maxStorageBufferBindingSize); use an adapter with more, or crop or resample the image`,
    );
  const rec = new Recording('map/region');
  const region = maskedKernel ? recordCells(rec, labels, image.size, [selection], box) : recordWhole(rec, box);
  const keys = intensities.recordKeys(rec, box);
  const { places, cells } = voxelsOf(labels, image.size, selection, box);
  const targets = rec.upload('map/region.targets', cells);
  const buffers = [region.cells, region.voxels, keys.keys, targets].map((ref) => rec.keep(ref));
  try {
    const download = recordRange(rec, region, keys, 1);
    const range = decodeRange((await engine.execute(rec)).u32(download), 0, keys.kind);
    checkRange({ selection, range }, keys);
    const edges = binEdges(range.minimum, range.maximum, { ...settings, float32: intensities.float32 });
    const packed = edgeKeys(keys.kind, edges);
    const top = levelCount(edges, levelOf(edges, range.maximum), range.nans);
    const recording = new Recording('map/levels');
    const row = { ...emptyRegion, edge_count: packed.length / keys.words, rows: top };
    const histogram = recordLevels(recording, region, keys, uploadRegions(recording, [row]), packed, top);
    return { box, cells: region.cells, targets, places, top, levels: { recording, histogram }, buffers };
  } catch (error) {
    engine.release(...buffers);
    throw error;
  }
}
