/** DICOM files on the disk: a folder, a zip archive, files. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecodedImage } from '../format/decoded.ts';
import { baseName } from '../format/decoded.ts';
import { type NamedBytes, zipSource } from '../format/dicom/source.ts';
import { isZip } from '../format/zip.ts';
import { type ReadSeriesOptions, readSeries } from '../format/dicom/read.ts';
import { listSeries, type SeriesChoice, type SeriesListing } from '../format/dicom/series.ts';
import { readBytes, readHead, statFailure } from './files.ts';
import { gdcmReader } from './gdcm.ts';

const fileSource = (path: string, size: number): NamedBytes => ({
  name: path,
  size,
  read: () => readBytes(path),
  head: (length) => readHead(path, length),
});

/** Files below a folder by name; hidden ones and links to folders are left out. */
async function filesBelow(folder: string): Promise<NamedBytes[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw statFailure(folder, error);
  });
  const paths = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const found = await Promise.all(paths.map(async (path) => ({ path, info: await stat(path).catch(() => null) })));
  return found.flatMap(({ path, info }) => (info?.isFile() ? [fileSource(path, info.size)] : []));
}

async function sourcesOf(path: string): Promise<NamedBytes[]> {
  const info = await stat(path).catch((error: unknown) => {
    throw statFailure(path, error);
  });
  if (info.isDirectory()) return filesBelow(path);
  if (isZip(await readHead(path, 4))) return zipSource(await readBytes(path), path);
  return [fileSource(path, info.size)];
}

/**
 * DICOM files as they are found.
 * @param path a folder (with its subfolders), a zip archive, a file, or several of these
 * @throws PipelineError BadFile where there is no such file or the archive is damaged
 */
export async function dicomFiles(path: string | readonly string[]): Promise<NamedBytes[]> {
  const paths = typeof path === 'string' ? [path] : path;
  return (await Promise.all(paths.map(sourcesOf))).flat();
}

const nameOf = (path: string | readonly string[]): string => (typeof path === 'string' ? baseName(path) : 'the files');

/**
 * Lists the image series in a folder, a zip archive or files: size, spacing, phases, problems, and nothing of the patient.
 * @example const { series } = await findSeries('scan/');
 * @throws PipelineError BadFile
 */
export async function findSeries(
  path: string | readonly string[],
  options: Pick<SeriesChoice, 'pixelSpacing'> = {},
): Promise<SeriesListing> {
  return listSeries(await dicomFiles(path), options);
}

/**
 * Reads an image series from a folder, a zip archive or files; see `readSeries` for values, geometry and errors.
 * @example const image = await readDicom('scan/', { series: 'T1', phase: 2 });
 * @throws PipelineError BadFile, BadDicom, BadSeries, MissingSpacing, BadSetting
 */
export async function readDicom(
  path: string | readonly string[],
  options: ReadSeriesOptions = {},
): Promise<DecodedImage> {
  return readSeries(await dicomFiles(path), { gdcm: gdcmReader, ...options }, nameOf(path));
}
