/** What the headers say of the frames of a file: where they lie, how they are stored, what tells phases apart. */
import { PipelineError } from '../../../pipeline/errors.ts';
import type { Vec3 } from '../../../pipeline/volume.ts';
import { baseName } from '../decoded.ts';
import { compressed, rleLossless } from './codec.ts';
import { badDicom, type Dataset, isDicom, parseDataset } from './dataset.ts';
import { dicomMaskRegions, isDicomMask } from './mask.ts';
import type { Region } from './mask-choice.ts';
import { deflatedLittle, nativeSyntaxes } from './meta.ts';
import { describesPixels, frameBytes, pixelFormat, type PixelFormat, type Rescale } from './pixels.ts';
import type { NamedBytes } from './source.ts';
import { tags } from './tags.ts';

/** Attributes that can tell the phases of a series apart, in the order in which they are tried. */
export const phaseKeys = [
  'TemporalPosition',
  'AcquisitionNumber',
  'TriggerTime',
  'EchoTime',
  'DiffusionBValue',
  'AcquisitionTime',
  'ContentTime',
  'ImageType',
] as const;
export type PhaseKey = (typeof phaseKeys)[number];

/** One frame of a file. */
export interface Slice {
  readonly file: NamedBytes;
  /** Of the file, without folders and without the patient's name; with the frame's number where there are several. */
  readonly name: string;
  /** From 0. */
  readonly frame: number;
  /** In the file. */
  readonly frames: number;
  readonly instance: number;
  readonly sopInstance: string;
  /** Position of the first pixel's centre, mm. */
  readonly position?: Vec3;
  /** Direction cosines along a row, then along a column. */
  readonly orientation?: readonly number[];
  /** Millimetres between rows, between columns; absent where no attribute tells. */
  readonly pixelSpacing?: readonly [number, number];
  /** Millimetres between slices as the header tells, for slices that stand alone or have no position. */
  readonly sliceSpacing?: number;
  readonly format: PixelFormat;
  readonly rescale: Rescale;
  readonly keys: Readonly<Partial<Record<PhaseKey, string | number>>>;
}

/** An image object: its series and its frames. */
export interface ImageObject {
  readonly kind: 'image';
  readonly series: string;
  readonly number: number | undefined;
  readonly description: string;
  readonly modality: string;
  readonly slices: readonly Slice[];
  /** Replaces parts of the patient's name and number. */
  readonly redact: Dataset['redact'];
}

/** Anything else that is DICOM. */
export interface OtherObject {
  readonly kind: 'other';
  readonly name: string;
  /** Modality, or what the object is. */
  readonly what: string;
  /** Segments or structures of a mask. */
  readonly regions?: readonly Region[];
  readonly redact: Dataset['redact'];
}

/** Header sizes to try: plain slices need the first, multi-frame headers take megabytes. */
const headSizes = [1 << 16, 1 << 20, 1 << 24];

/** The header up to the pixel data, from as little of the file as possible; undefined where the file is not DICOM. */
export async function readHeader(file: NamedBytes): Promise<Dataset | undefined> {
  for (const size of file.head ? headSizes.filter((length) => length < file.size) : []) {
    const head = await file.head!(size);
    if (!isDicom(head)) return undefined;
    try {
      const dataset = parseDataset(head, file.name, { headerOnly: true });
      if (dataset.complete) return dataset;
    } catch {
      // Cut off within an element, or damaged: more of the file tells.
    }
  }
  const bytes = await file.read();
  return isDicom(bytes) ? parseDataset(bytes, file.name, { headerOnly: true }) : undefined;
}

/** Functional groups of a frame: its own come before those shared. */
function groupsOf(dataset: Dataset): (frame: number, sequence: string) => Dataset | undefined {
  const shared = dataset.sequence(tags.sharedGroups)[0];
  const perFrame = dataset.sequence(tags.perFrameGroups);
  return (frame, sequence) => perFrame[frame]?.sequence(sequence)[0] ?? shared?.sequence(sequence)[0];
}

function vector<N extends number>(dataset: Dataset | undefined, tag: string, length: N): number[] | undefined {
  const values = dataset?.numbers(tag) ?? [];
  if (values.length === 0) return undefined;
  if (values.length === length && values.every(Number.isFinite)) return values;
  throw badDicom(
    dataset!.name,
    `expected ${length} numbers in (${tag.slice(0, 4)},${tag.slice(4)}), found ${values.length}; export the file again`,
  );
}

const nonZero = (pair: number[] | undefined): [number, number] | undefined =>
  pair && pair[0]! > 0 && pair[1]! > 0 ? [pair[0]!, pair[1]!] : undefined;

/**
 * Pixel spacing at the patient: PixelSpacing; at the detector (ImagerPixelSpacing) divided by the magnification where
 * that is known; of a scanned film.
 */
function pixelSpacing(dataset: Dataset, measures: Dataset | undefined): [number, number] | undefined {
  const own = nonZero(vector(measures, tags.pixelSpacing, 2)) ?? nonZero(vector(dataset, tags.pixelSpacing, 2));
  if (own) return own;
  const imager = nonZero(vector(dataset, tags.imagerPixelSpacing, 2));
  if (!imager) return nonZero(vector(dataset, tags.nominalScannedPixelSpacing, 2));
  const magnification = dataset.number(tags.estimatedMagnification) ?? 1;
  return magnification > 0 ? [imager[0] / magnification, imager[1] / magnification] : imager;
}

function rescaleOf(dataset: Dataset, own: Dataset | undefined): Rescale {
  if (dataset.modality === 'RTDOSE') return { slope: dataset.number(tags.gridScaling) ?? 1, intercept: 0 };
  const slope = own?.number(tags.rescaleSlope) ?? dataset.number(tags.rescaleSlope) ?? 1;
  const intercept = own?.number(tags.rescaleIntercept) ?? dataset.number(tags.rescaleIntercept) ?? 0;
  if (Number.isFinite(slope) && Number.isFinite(intercept) && slope !== 0) return { slope, intercept };
  throw badDicom(dataset.name, `expected a rescale slope other than 0, found ${slope}; export the file again`);
}

const joined = (...parts: string[]): string | undefined => parts.join('') || undefined;

function keysOf(dataset: Dataset, group: (sequence: string) => Dataset | undefined): Slice['keys'] {
  const content = group(tags.frameContent);
  const keys: Partial<Record<PhaseKey, string | number | undefined>> = {
    TemporalPosition: content?.number(tags.temporalPositionIndex) ?? dataset.number(tags.temporalPosition),
    AcquisitionNumber: dataset.number(tags.acquisitionNumber),
    TriggerTime:
      group(tags.cardiacSynchronization)?.number(tags.nominalCardiacTriggerDelay) ?? dataset.number(tags.triggerTime),
    EchoTime: group(tags.mrEcho)?.number(tags.effectiveEchoTime) ?? dataset.number(tags.echoTime),
    DiffusionBValue: group(tags.mrDiffusion)?.number(tags.diffusionBValue) ?? dataset.number(tags.diffusionBValue),
    AcquisitionTime:
      joined(content?.string(tags.frameAcquisitionDateTime) ?? '') ??
      joined(dataset.string(tags.acquisitionDate), dataset.string(tags.acquisitionTime)) ??
      joined(dataset.string(tags.acquisitionDateTime)),
    ContentTime: joined(dataset.string(tags.contentDate), dataset.string(tags.contentTime)),
    ImageType: joined(dataset.string(tags.imageType)),
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

interface Place {
  readonly position?: Vec3;
  readonly orientation?: number[];
}

/** Positions of frames outside of functional groups: those of a dose grid, else the file's for its only frame. */
function placesOf(dataset: Dataset, frames: number): (frame: number) => Place {
  const detector = dataset.sequence(tags.detectorInformation)[0];
  const own = (tag: string, length: number) => vector(dataset, tag, length) ?? vector(detector, tag, length);
  const position = own(tags.position, 3);
  const orientation = own(tags.orientation, 6);
  if (!position || !orientation) return () => ({ orientation });
  if (frames === 1) return () => ({ position: position as unknown as Vec3, orientation });
  const offsets = dataset.numbers(tags.gridFrameOffsets);
  // Only offsets relative to the position (their first is 0) are moved along the normal; absolute ones are z coordinates.
  const spacing = dataset.number(tags.spacingBetweenSlices);
  const offsetOf = (frame: number) =>
    offsets.length === frames ? offsets[frame]! - offsets[0]! : spacing === undefined ? undefined : frame * spacing;
  const [a, b, c, d, e, f] = orientation as [number, number, number, number, number, number];
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
  return (frame) => {
    const offset = offsetOf(frame);
    if (offset === undefined) return { orientation };
    return { position: position.map((x, i) => x + offset * normal[i]!) as unknown as Vec3, orientation };
  };
}

/** More than any scanner writes into one file. */
const mostFrames = 2 ** 20;
/** Deflate compresses at most 1032 to 1. */
const largestRatio = 1032;

/** The number of frames, which a damaged header cannot raise beyond what the file can hold. */
function frameCount(dataset: Dataset, file: NamedBytes, format: PixelFormat): number {
  const frames = dataset.integer(tags.numberOfFrames) ?? 1;
  const native = nativeSyntaxes.has(dataset.transferSyntax);
  const size = dataset.transferSyntax === deflatedLittle ? file.size * largestRatio : file.size;
  // A compressed frame takes at least the eight bytes that begin a fragment.
  const most = Math.min(mostFrames, Math.max(1, Math.floor(size / (native ? frameBytes(format) : 8))));
  if (frames >= 1 && frames <= most) return frames;
  throw badDicom(
    dataset.name,
    `expected 1 to ${most} frames of ${format.columns} x ${format.rows} pixels in a file of ${file.size} bytes, found ${frames}; the file is damaged or cut off, copy or export it again`,
  );
}

function checkTransferSyntax({ transferSyntax, name }: Dataset): void {
  if (nativeSyntaxes.has(transferSyntax) || compressed.has(transferSyntax) || transferSyntax === rleLossless) return;
  throw badDicom(
    name,
    `expected uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000 pixels, found transfer syntax ${transferSyntax}; convert the file to explicit VR little endian`,
  );
}

function slicesOf(dataset: Dataset, file: NamedBytes): Slice[] {
  checkTransferSyntax(dataset);
  const format = pixelFormat(dataset, dataset.pixelTag ?? tags.pixels);
  const frames = frameCount(dataset, file, format);
  const groups = groupsOf(dataset);
  const placeOf = placesOf(dataset, frames);
  const instance = dataset.number(tags.instanceNumber) ?? 0;
  const sopInstance = dataset.string(tags.sopInstance);
  return Array.from({ length: frames }, (_, frame): Slice => {
    const group = (sequence: string) => groups(frame, sequence);
    const measures = group(tags.pixelMeasures);
    const place = placeOf(frame);
    const numberOf = (tag: string) => measures?.number(tag) ?? dataset.number(tag);
    return {
      file,
      name: frames > 1 ? `${dataset.name} frame ${frame + 1}` : dataset.name,
      frame,
      frames,
      instance,
      sopInstance,
      position: (vector(group(tags.planePosition), tags.position, 3) as unknown as Vec3 | undefined) ?? place.position,
      orientation: vector(group(tags.planeOrientation), tags.orientation, 6) ?? place.orientation,
      pixelSpacing: pixelSpacing(dataset, measures),
      sliceSpacing: numberOf(tags.spacingBetweenSlices) ?? numberOf(tags.sliceThickness),
      format,
      rescale: rescaleOf(dataset, group(tags.pixelValueTransformation)),
      keys: keysOf(dataset, group),
    };
  });
}

/** Storage classes of images (PS3.4 B.5) but spectroscopy: CR to MG, CT, US, MR, captures, XA, NM, visible light, PET, RT. */
const imageClass = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?!4\.2$)([1-467]|1[234]|20|77|128|130|481\.[12])(\.|$)/;
const dicomNames = /\.(dcm|dicom|ima)$/i;

/** A file that is cut off at the end of an element looks whole: an image must have pixels, any object a class. */
function checkComplete(dataset: Dataset): void {
  const sopClass = dataset.string(tags.sopClass);
  if (!imageClass.test(sopClass) && !describesPixels(dataset) && (sopClass || dataset.modality)) return;
  throw badDicom(
    dataset.name,
    'expected an object with pixel data, found none; the file is cut off, copy or export it again',
  );
}

/** What an object without pixels is, without words of the file. */
function whatIs(dataset: Dataset): string {
  if (dataset.string(tags.sopClass) === '1.2.840.10008.1.3.10') return 'DICOMDIR';
  return /^[A-Z0-9_]{1,16}$/.test(dataset.modality) ? dataset.modality : 'object without pixels';
}

const otherObject = (dataset: Dataset): OtherObject => {
  const { name, redact } = dataset;
  return { kind: 'other', name, what: whatIs(dataset), redact };
};

/** A damaged mask does not keep the images beside it from being read: its error comes when it is read itself. */
function maskObject(dataset: Dataset): OtherObject {
  const object = otherObject(dataset);
  try {
    return { ...object, regions: dicomMaskRegions(dataset) };
  } catch (error) {
    if (error instanceof PipelineError) return { ...object, regions: [] };
    throw error;
  }
}

/**
 * Reads the header of a file.
 * @returns undefined where the file is not DICOM
 * @throws PipelineError BadDicom where it is DICOM, by content or name, but damaged, or an image that is stored in an unsupported way
 */
export async function readObject(file: NamedBytes): Promise<ImageObject | OtherObject | undefined> {
  const dataset = await readHeader(file);
  if (!dataset && dicomNames.test(file.name)) {
    throw badDicom(file.name, 'expected a DICOM file, found none of its signs; copy or export it again, or remove it');
  }
  if (!dataset) return undefined;
  if (!dataset.pixelTag) checkComplete(dataset);
  if (isDicomMask(dataset)) return maskObject(dataset);
  if (!dataset.pixelTag) return otherObject(dataset);
  return {
    kind: 'image',
    // A file without a series stands alone.
    series: dataset.string(tags.seriesInstance) || baseName(dataset.name),
    number: dataset.number(tags.seriesNumber),
    description: dataset.redact(dataset.string(tags.seriesDescription)),
    modality: dataset.modality,
    slices: slicesOf(dataset, file),
    redact: dataset.redact,
  };
}
