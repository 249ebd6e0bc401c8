/** Segmentation objects (PS3.3 A.51): binary, fractional and label maps, on a grid of their own. */
import { PipelineError } from '../../../pipeline/errors.ts';
import type { Mask } from '../../../pipeline/volume.ts';
import { badDicom, type Dataset } from './dataset.ts';
import { chooseRegions, listRegions, type Region, type RegionChoice } from './mask-choice.ts';
import { frameGroups, type FrameGroups, segGrid } from './seg-grid.ts';
import { frameReader } from './seg-pixels.ts';
import { tags as common } from './tags.ts';

const tags = {
  type: '00620001',
  segments: '00620002',
  segmentNumber: '00620004',
  segmentLabel: '00620005',
  segmentIdentification: '0062000a',
  referencedSegment: '0062000b',
  largestFraction: '0062000e',
} as const;

export interface SegOptions {
  /** Segments to read, by number or label; default all. */
  readonly segments?: RegionChoice;
  /** Of fractional segmentations: the smallest fraction (0 < x <= 1) of the largest value that belongs to a segment. Default 0.5. */
  readonly threshold?: number;
}

/** A segmentation in memory. */
export interface SegMask {
  /** Label values are segment numbers. Its grid holds the file's frames; frames that the file lacks are background. */
  readonly mask: Mask;
  /** The segments read. */
  readonly segments: readonly Region[];
  /** False where frames have no position (segmentations of 2D images): the mask's origin and directions are made up. */
  readonly located: boolean;
}

const types = ['BINARY', 'FRACTIONAL', 'LABELMAP'] as const;
type SegType = (typeof types)[number];
const defaultThreshold = 0.5;

/**
 * The segments of a segmentation: numbers and labels, these without the patient's name.
 * @throws PipelineError BadDicom
 */
export function segSegments(dataset: Dataset): Region[] {
  const segments = dataset.sequence(tags.segments).map((segment, i): Region => {
    const number = segment.integer(tags.segmentNumber);
    // 0 is the background of label maps, which may list it.
    if (number !== undefined && number >= 0 && number <= 65535) {
      return { number, name: dataset.redact(segment.string(tags.segmentLabel)) };
    }
    throw badDicom(
      dataset.name,
      `expected a number from 1 to 65535 of segment ${i + 1} in (0062,0002), found ${number ?? 'none'}; export the segmentation again`,
    );
  });
  const listed = segments.filter(({ number }) => number > 0);
  if (listed.length > 0 && new Set(listed.map(({ number }) => number)).size === listed.length) return listed;
  throw badDicom(
    dataset.name,
    `expected segments with different numbers in (0062,0002), found ${listRegions(listed)}; export the segmentation again`,
  );
}

function typeOf(dataset: Dataset): SegType {
  const type = types.find((known) => known === dataset.string(tags.type));
  if (type) return type;
  throw badDicom(
    dataset.name,
    `expected a segmentation type ${types.join(', ')} in (0062,0001), found another; convert the segmentation`,
  );
}

/** The smallest value that belongs to a segment. */
function smallestValue(dataset: Dataset, type: SegType, threshold: number): number {
  if (!(threshold > 0 && threshold <= 1)) {
    throw new PipelineError('BadSetting', `threshold: expected a fraction above 0, at most 1; found ${threshold}`);
  }
  if (type !== 'FRACTIONAL') return 1;
  const largest = dataset.integer(tags.largestFraction) ?? 2 ** (dataset.integer(common.bitsStored) ?? 8) - 1;
  if (largest > 0) return threshold * largest;
  throw badDicom(
    dataset.name,
    `expected a positive MaximumFractionalValue, found ${largest}; export the segmentation again`,
  );
}

/** The segment of each frame; label maps have all segments in every frame. */
function frameSegments(dataset: Dataset, groups: FrameGroups, all: readonly Region[]): number[] {
  return Array.from({ length: groups.count }, (_, frame) => {
    const number = groups.group(frame, tags.segmentIdentification)?.integer(tags.referencedSegment);
    if (number !== undefined && all.some((segment) => segment.number === number)) return number;
    // Frames of a single segment need no number.
    if (number === undefined && all.length === 1) return all[0]!.number;
    throw badDicom(
      dataset.name,
      `expected one of the segments ${listRegions(all)} for frame ${frame + 1}, found ${number ?? 'none'}; export the segmentation again`,
    );
  });
}

/** No two frames may show the same part of the same segment. */
function checkDoubles(dataset: Dataset, slices: readonly number[], segments: readonly number[] | null): void {
  const first = new Map<string, number>();
  for (const [i, slice] of slices.entries()) {
    const key = `${slice} ${segments?.[i] ?? ''}`;
    const other = first.get(key);
    if (other !== undefined) {
      throw badDicom(
        dataset.name,
        `expected one frame per segment and slice, found frames ${other + 1} and ${i + 1} at the same position${segments ? ` for segment ${segments[i]}` : ''}; split the segmentation`,
      );
    }
    first.set(key, i);
  }
}

/** Pairs of segments with the voxels they have in common. */
function overlapError(dataset: Dataset, shared: ReadonlyMap<string, number>): PipelineError {
  const found = [...shared].slice(0, 5).map(([pair, voxels]) => `${voxels} voxels in common in ${pair}`);
  return new PipelineError(
    'OverlappingRegions',
    `${dataset.name}: expected segments without common voxels, found ${found.join(', ')}; a label map holds one label per voxel, choose one of these segments at a time (--region)`,
  );
}

/**
 * Reads a segmentation onto its own grid: spacing, directions and slices of its frames, from the first slice with a frame
 * to the last one.
 *
 * A fractional value belongs to its segment if it is at least `threshold` times MaximumFractionalValue.
 * @param dataset of SOP class Segmentation or Label Map Segmentation Storage
 * @throws PipelineError BadDicom where it is damaged or its frames make no volume, LabelNotFound where a chosen segment
 * is not in the file, BadSetting for a bad threshold, OverlappingRegions where chosen segments have voxels in common
 */
export function readSeg(
  dataset: Dataset,
  { segments: choice, threshold = defaultThreshold }: SegOptions = {},
): SegMask {
  const type = typeOf(dataset);
  const all = segSegments(dataset);
  const chosen = choice && choice.length > 0 ? chooseRegions(all, choice, 'segment') : all;
  const least = smallestValue(dataset, type, threshold);
  const [rows, columns] = [dataset.integer(common.rows) ?? 0, dataset.integer(common.columns) ?? 0];
  if (!(rows > 0 && columns > 0)) {
    throw badDicom(
      dataset.name,
      `expected rows and columns, found ${rows} x ${columns}; export the segmentation again`,
    );
  }
  const groups = frameGroups(dataset);
  const segments = type === 'LABELMAP' ? null : frameSegments(dataset, groups, all);
  const readFrame = frameReader(dataset, rows, columns, groups.count);
  const { geometry, slices, located } = segGrid(dataset, groups, rows, columns);
  checkDoubles(dataset, slices, segments);

  const numbers = new Set(chosen.map(({ number }) => number));
  const voxels = geometry.size[0] * geometry.size[1] * geometry.size[2];
  const data = new (Math.max(...numbers) < 256 ? Uint8Array : Uint16Array)(voxels);
  const shared = new Map<string, number>();
  for (const [frame, slice] of slices.entries()) {
    const start = slice * rows * columns;
    const segment = segments?.[frame];
    if (segment === undefined) {
      readFrame(frame, (pixel, value) => {
        if (numbers.has(value)) data[start + pixel] = value;
      });
    } else if (numbers.has(segment)) {
      readFrame(frame, (pixel, value) => {
        if (value < least) return;
        const other = data[start + pixel]!;
        if (other === 0) data[start + pixel] = segment;
        else {
          const pair = `${other} and ${segment}`;
          shared.set(pair, (shared.get(pair) ?? 0) + 1);
        }
      });
    }
  }
  if (shared.size > 0) throw overlapError(dataset, shared);
  return { mask: { ...geometry, data }, segments: chosen, located };
}
