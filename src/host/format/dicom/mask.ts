/** Masks from DICOM: segmentations and RT structure sets. */
import { PipelineError } from '../../../pipeline/errors.ts';
import { placeMask } from '../../../pipeline/mask-geometry.ts';
import type { Geometry, Mask } from '../../../pipeline/volume.ts';
import { badDicom, type Dataset, parseDataset } from './dataset.ts';
import { chooseRegions, listRegions, type Region, type RegionChoice } from './mask-choice.ts';
import { rasteriseStructures, type RasteriseOptions } from './rasterise.ts';
import { readRtstruct, type Structure } from './rtstruct.ts';
import { readSeg, type SegOptions, segSegments } from './seg.ts';
import { tags } from './tags.ts';

export interface DicomMaskOptions extends RasteriseOptions {
  /** Structures or segments to read, by number or name; default all that enclose something. */
  readonly regions?: RegionChoice;
  /** Of fractional segmentations, see `readSeg`. */
  readonly threshold?: SegOptions['threshold'];
}

export interface DicomMask {
  /** Labels with their names: segment numbers of a segmentation; 1 .. n in the order of the choice for structures. */
  readonly mask: Mask;
  /** What was left out or may surprise, in sentences without patient data. */
  readonly notes: readonly string[];
}

const kinds: Readonly<Record<string, 'seg' | 'rtstruct'>> = {
  '1.2.840.10008.5.1.4.1.1.66.4': 'seg',
  '1.2.840.10008.5.1.4.1.1.66.7': 'seg',
  '1.2.840.10008.5.1.4.1.1.481.3': 'rtstruct',
};

const kindOf = (dataset: Dataset): 'seg' | 'rtstruct' | undefined => kinds[dataset.string(tags.sopClass)];

/** Whether the object is a segmentation or a structure set. */
export const isDicomMask = (dataset: Dataset): boolean => kindOf(dataset) !== undefined;

/**
 * The structures or segments of a DICOM mask.
 * @throws PipelineError BadDicom
 */
export function dicomMaskRegions(dataset: Dataset): Region[] {
  if (kindOf(dataset) === 'seg') return segSegments(dataset);
  return readRtstruct(dataset).map(({ number, name }) => ({ number, name }));
}

const named = (mask: Mask, labels: readonly Region[]): Mask => ({
  ...mask,
  names: new Map(labels.map(({ number, name }) => [number, name])),
});

/** Voxels of a segmentation count as those of the image up to this distance, in voxels: positions are rounded texts. */
const samePlace = 0.02;

/**
 * A segmentation on the grid of its image where its voxels are the image's, up to rounding: frames that it lacks are
 * background. Otherwise on its own grid, for the geometry modes to decide about.
 */
function segMask(dataset: Dataset, image: Geometry, options: DicomMaskOptions): DicomMask {
  const { mask, segments, located } = readSeg(dataset, { segments: options.regions, threshold: options.threshold });
  const sameSize = mask.dimension === image.dimension && mask.size.every((n, i) => n === image.size[i]);
  // Without positions the pixels are those of the image that it was made of.
  const grid = located || !sameSize ? mask : { ...image, data: mask.data };
  return { mask: named(placeMask(image, grid, samePlace) ?? grid, segments), notes: [] };
}

const closedContours = ({ contours }: Structure): boolean => contours.length > 0;

function skippedNote({ number, name, skipped }: Structure): string[] {
  const kinds = [...skipped].map(([kind, count]) => `${count} ${kind}`);
  return kinds.length > 0
    ? [`structure ${number} "${name}": contours left out that enclose no area: ${kinds.join(', ')}`]
    : [];
}

function structureMask(dataset: Dataset, image: Geometry, options: DicomMaskOptions): DicomMask {
  const all = readRtstruct(dataset);
  const choice = options.regions ?? [];
  const chosen = choice.length > 0 ? chooseRegions(all, choice, 'structure') : all.filter(closedContours);
  const empty = chosen.find((structure) => !closedContours(structure));
  if (empty || chosen.length === 0) {
    const found = empty
      ? (skippedNote(empty)[0] ?? `structure ${listRegions([empty])} has none`)
      : 'no structure with any';
    throw new PipelineError(
      'EmptyMask',
      `${dataset.name}: expected closed planar contours, found ${found}; choose another structure (--region): ${listRegions(all.filter(closedContours))}`,
    );
  }
  const { mask, notes } = rasteriseStructures(chosen, image, options);
  const labels = chosen.map(({ name }, i) => ({ number: i + 1, name }));
  return { mask: named(mask, labels), notes: [...chosen.flatMap(skippedNote), ...notes] };
}

/**
 * Reads a DICOM segmentation or RT structure set as a label map.
 * @param name of the file, for messages
 * @param image grid of the image it belongs to: structures are rasterised on it (`rasteriseStructures`), segmentations
 * are placed on it where their voxels are the image's and stay on their own grid otherwise
 * @throws PipelineError BadDicom where the file is damaged or something else, LabelNotFound, EmptyMask, BadSetting
 * (bad options), OverlappingRegions (see `readDicomMaskParts`), GeometryMismatch and RoiOutsideImage
 */
export function readDicomMask(
  bytes: Uint8Array,
  name: string,
  image: Geometry,
  options: DicomMaskOptions = {},
): DicomMask {
  const dataset = parseDataset(bytes, name);
  const kind = kindOf(dataset);
  // Names of regions are known without the patient's, which the choice may hold.
  const regions = options.regions?.map((choice) => (typeof choice === 'string' ? dataset.redact(choice) : choice));
  if (kind === 'seg') return segMask(dataset, image, { ...options, regions });
  if (kind === 'rtstruct') return structureMask(dataset, image, { ...options, regions });
  const found = /^[A-Z0-9_]{1,16}$/.test(dataset.modality) ? dataset.modality : 'another object';
  throw badDicom(
    dataset.name,
    `expected a segmentation (SEG) or an RT structure set (RTSTRUCT), found ${found}; pass the mask`,
  );
}

/** The regions that are read where nothing else is chosen. */
const allRegions = (dataset: Dataset): Region[] =>
  kindOf(dataset) === 'seg' ? segSegments(dataset) : readRtstruct(dataset).filter(closedContours);

/**
 * Reads the regions of a DICOM mask one by one, each as a label map of its own: for regions with voxels in common.
 * @throws as `readDicomMask`
 */
export function* readDicomMaskParts(
  bytes: Uint8Array,
  name: string,
  image: Geometry,
  options: DicomMaskOptions = {},
): Generator<DicomMask> {
  const regions = options.regions?.length
    ? options.regions
    : allRegions(parseDataset(bytes, name)).map((r) => r.number);
  for (const region of regions) yield readDicomMask(bytes, name, image, { ...options, regions: [region] });
}
