/** Voxels of DICOM series. */
import type { VoxelArray } from '../../../pipeline/volume.ts';
import type { DecodedImage } from '../decoded.ts';
import { decodeFrames, framesPerCall, type GdcmReader, rleLossless } from './codec.ts';
import { badDicom, type Dataset, parseDataset } from './dataset.ts';
import { encapsulatedFrames } from './encapsulated.ts';
import { allocate, frameValues, nativeFrame, outputType, type PixelFormat, writeFrame } from './pixels.ts';
import { decodeRle } from './rle.ts';
import { catalogue, chooseStack, type SeriesChoice } from './series.ts';
import { nativeSyntaxes } from './meta.ts';
import type { Slice } from './slices.ts';
import type { NamedBytes } from './source.ts';
import { readValues } from '../voxels.ts';

export interface ReadSeriesOptions extends SeriesChoice {
  /** Decoder of JPEG, JPEG-LS and JPEG 2000; without it such files are refused. */
  readonly gdcm?: GdcmReader;
  /**
   * Turn the values of MONOCHROME1 images round within their stored range, so that high means bright. Default: false,
   * the values as stored and rescaled, as SimpleITK and PyRadiomics see them.
   */
  readonly invertMonochrome1?: boolean;
}

/** A slice with the number of its layer in the image. */
interface Layer {
  readonly slice: Slice;
  readonly z: number;
}

/** A compressed frame that waits for its batch. */
interface Waiting extends Layer {
  readonly bytes: Uint8Array;
  readonly transferSyntax: string;
}

function rleFrame(frame: Uint8Array, format: PixelFormat, name: string): VoxelArray {
  const width = format.bitsAllocated / 8;
  const bytes = decodeRle(frame, format.rows * format.columns, format.samples, width, name);
  return readValues(bytes, 0, frameValues(format), format.type, true, name);
}

/** Frames can share a call where they are stored alike. */
const batchKey = ({ transferSyntax, slice: { format } }: Waiting): string =>
  [transferSyntax, format.bitsAllocated, format.bitsStored, format.highBit, format.signed, format.planar].join(' ');

async function decodeBatch(
  batch: readonly Waiting[],
  gdcm: GdcmReader | undefined,
  write: (layer: Layer, stored: VoxelArray) => void,
): Promise<void> {
  const { slice, transferSyntax } = batch[0]!;
  const { format } = slice;
  const names = batch.length > 1 ? `${slice.name} to ${batch.at(-1)!.slice.name}` : slice.name;
  if (!gdcm) {
    throw badDicom(
      names,
      `expected uncompressed or RLE pixels, found transfer syntax ${transferSyntax} and no decoder of it; pass one or convert the files`,
    );
  }
  const values = await decodeFrames(
    batch.map(({ bytes }) => bytes),
    format,
    transferSyntax,
    gdcm,
    names,
  );
  const length = frameValues(format);
  for (const [i, layer] of batch.entries()) write(layer, values.subarray(i * length, (i + 1) * length));
}

/** The stored colours are side by side once a frame was decoded. */
const interleaved = (format: PixelFormat): PixelFormat => (format.planar ? { ...format, planar: false } : format);

/** The header must still say what it said when it was listed: files can change in between. */
function checkUnchanged(dataset: Dataset, slice: Slice): void {
  if (dataset.pixelTag !== slice.format.tag)
    throw badDicom(dataset.name, 'expected pixel data, found none; the file is damaged or has changed, copy it again');
}

/**
 * Reads an image: finds the series among the files, sorts its slices and decodes their pixels.
 *
 * Values are stored value x slope + intercept of each frame, in float64 arithmetic; the type is the narrowest integer
 * type that holds every value that can be stored, or float64 where slope or intercept are no whole numbers. Rows and
 * columns lie as in the file (no flips), slices along the normal; see `stackSlices` for the grid, its tolerances and
 * their errors, `splitPhases` for phases.
 * @param files DICOM files, among them others, which are ignored
 * @param where the files come from, for messages
 * @throws PipelineError BadDicom, BadSeries, MissingSpacing, BadSetting
 */
export async function readSeries(
  files: readonly NamedBytes[],
  options: ReadSeriesOptions = {},
  where = 'the files',
): Promise<DecodedImage> {
  const { slices, geometry } = chooseStack(await catalogue(files), options, where);
  const { format } = slices[0]!;
  const length = frameValues(format);
  const pixelType = outputType(slices);
  let data: VoxelArray | undefined;
  const write = ({ slice, z }: Layer, stored: VoxelArray, stillPlanar: boolean) => {
    // Allocated only once a frame has shown that the sizes in the header are true.
    data ??= allocate(pixelType, length * slices.length);
    const own = stillPlanar ? slice.format : interleaved(slice.format);
    writeFrame(stored, own, slice.rescale, options.invertMonochrome1 ?? false, data, z * length);
  };
  const batches = new Map<string, Waiting[]>();
  const flush = async (batch: Waiting[]) => {
    const frames = batch.splice(0);
    await decodeBatch(frames, options.gdcm, (layer, stored) => write(layer, stored, false));
  };
  const layers = slices.map((slice, z): Layer => ({ slice, z }));
  for (const [file, own] of Map.groupBy(layers, ({ slice }) => slice.file)) {
    const dataset = parseDataset(await file.read(), file.name);
    checkUnchanged(dataset, own[0]!.slice);
    const { transferSyntax } = dataset;
    if (nativeSyntaxes.has(transferSyntax)) {
      for (const layer of own) write(layer, nativeFrame(dataset, layer.slice.format, layer.slice.frame), true);
      continue;
    }
    const frames = encapsulatedFrames(dataset, format.tag, own[0]!.slice.frames);
    for (const layer of own) {
      const bytes = frames[layer.slice.frame]!;
      if (transferSyntax === rleLossless) {
        write(layer, rleFrame(bytes, layer.slice.format, layer.slice.name), false);
        continue;
      }
      const waiting = { ...layer, bytes, transferSyntax };
      const key = batchKey(waiting);
      const batch = batches.get(key) ?? [];
      batches.set(key, batch);
      batch.push(waiting);
      if (batch.length >= framesPerCall(format)) await flush(batch);
    }
  }
  for (const batch of batches.values()) if (batch.length > 0) await flush(batch);
  return { ...geometry, decimal: true, data: data as VoxelArray, components: format.samples, pixelType };
}
