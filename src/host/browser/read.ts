/** Files that the user has chosen: images and masks, DICOM among them. */
import { PipelineError } from '../../pipeline/errors.ts';
import { baseName, type DecodedImage } from '../format/decoded.ts';
import { isDicom } from '../format/dicom/dataset.ts';
import { type ReadSeriesOptions, readSeries } from '../format/dicom/read.ts';
import { listSeries, type SeriesListing } from '../format/dicom/series.ts';
import { blobSource, type NamedBytes, zipSource } from '../format/dicom/source.ts';
import { decodeImage, imageExtensions, itkWasmReader } from '../format/index.ts';
import { type LoadedMask, type LoadMaskOptions, loadMask } from '../format/load-mask.ts';
import { isZip } from '../format/zip.ts';
import { bytesOf } from './bytes.ts';
import { itkWasmGdcm } from './gdcm.ts';

/** A file chosen by the user. */
export type NamedFile = Blob & { readonly name: string };
/** A file, or the DICOM files of a folder. */
export type ChosenFiles = NamedFile | readonly NamedFile[];

export interface ReadOptions {
  /** Folder of itk-wasm's readers for rare encodings; default: `pipelines` beside this module. */
  readonly pipelinesUrl?: string;
}

const pipelinesOf = ({ pipelinesUrl }: ReadOptions): string =>
  pipelinesUrl ?? new URL(/* @vite-ignore */ 'pipelines', import.meta.url).href;

const listOf = (files: ChosenFiles): readonly NamedFile[] => ('name' in files ? [files] : files);
/** Enough for what begins a DICOM file or an archive. */
const headLength = 1024;

/** The DICOM files among those chosen: all of several, the content of archives; undefined for one file of another kind. */
async function dicomSources(files: ChosenFiles): Promise<NamedBytes[] | undefined> {
  const chosen = listOf(files).filter(({ name }) => !baseName(name).startsWith('.'));
  const [first] = chosen;
  if (!first) throw new PipelineError('BadFile', 'expected a file, found none; choose one');
  const other = ({ name }: NamedFile) => imageExtensions.some((ending) => name.toLowerCase().endsWith(ending));
  if (chosen.length === 1 && other(first)) return undefined;
  const heads = await Promise.all(chosen.map((file) => bytesOf(file.slice(0, headLength), file.name)));
  if (chosen.length === 1 && !isZip(heads[0]!) && !isDicom(heads[0]!)) return undefined;
  const sources = chosen.map(async (file, i) =>
    isZip(heads[i]!) ? zipSource(await bytesOf(file, file.name), file.name) : [blobSource(file)],
  );
  return (await Promise.all(sources)).flat();
}

const nameOf = (files: ChosenFiles): string => {
  const chosen = listOf(files);
  return chosen.length === 1 ? chosen[0]!.name : 'the files';
};

/**
 * Lists the series, phases and masks among DICOM files; nothing of the patient.
 * @returns undefined where the files are no DICOM
 * @throws PipelineError BadFile on a damaged archive
 */
export async function listDicom(files: ChosenFiles): Promise<SeriesListing | undefined> {
  const sources = await dicomSources(files);
  return sources && listSeries(sources);
}

/**
 * Reads an image: NIfTI, NRRD, MetaImage, or DICOM as single files, the files of a folder or a zip archive.
 * @throws PipelineError BadFile with the file's name; for DICOM see `readSeries`
 */
export async function readImage(
  files: ChosenFiles,
  options: ReadOptions & ReadSeriesOptions = {},
): Promise<DecodedImage> {
  const sources = await dicomSources(files);
  const pipelines = pipelinesOf(options);
  if (sources) return readSeries(sources, { gdcm: itkWasmGdcm(pipelines), ...options }, nameOf(files));
  const file = listOf(files)[0]!;
  return decodeImage(await bytesOf(file, file.name), file.name, { readOther: itkWasmReader(pipelines) });
}

/**
 * Reads a mask: a label map, a DICOM segmentation or an RT structure set.
 * @throws PipelineError BadFile, and whatever `loadMask` throws
 */
export async function readMask(
  files: ChosenFiles,
  { pipelinesUrl, ...options }: ReadOptions & LoadMaskOptions = {},
): Promise<LoadedMask> {
  return loadMask(nameOf(files), await dicomSources(files), () => readImage(files, { pipelinesUrl }), options);
}
