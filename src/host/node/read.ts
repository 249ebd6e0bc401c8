/** Image files from the disk. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, inflate as zlibInflate } from 'node:zlib';
import { PipelineError } from '../../pipeline/errors.ts';
import { badFile, baseName, type Compression, type DecodedImage } from '../format/decoded.ts';
import { isDicom } from '../format/dicom/dataset.ts';
import type { ReadSeriesOptions } from '../format/dicom/read.ts';
import { decodeImage, imageExtensions } from '../format/index.ts';
import { fromItkImage, type ItkImage, itkFailure } from '../format/itk-wasm.ts';
import { isZip } from '../format/zip.ts';
import { readDicom } from './dicom-source.ts';
import { readBytes, readHead, statFailure } from './files.ts';

const inflaters = { gzip: promisify(gunzip), zlib: promisify(zlibInflate) } as const;
/** zlib's default chunk. */
const smallestChunk = 1 << 14;
/** Deflate compresses at most 1032 to 1. */
const largestRatio = 1032;
/** Sizes above this are inflated in pieces of it. */
const largestChunk = 1 << 30;

/**
 * Bytes to inflate into at once, so that nothing has to be joined: the size that ends a gzip stream, which is
 * not trusted beyond what the stream can hold.
 */
function chunkSize(bytes: Uint8Array, format: Compression): number {
  const hint =
    format === 'gzip' && bytes.length > 18
      ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true)
      : bytes.length * 4;
  // One byte more than needed tells zlib at once that the stream has ended.
  return Math.max(smallestChunk, Math.min(hint + 1, bytes.length * largestRatio, largestChunk));
}

/** Decompression on libuv's threads. */
const inflate = (bytes: Uint8Array, format: Compression): Promise<Uint8Array> =>
  inflaters[format](bytes, { chunkSize: chunkSize(bytes, format) });

/** Header files whose voxels lie in another file. */
const detached = ['.nhdr', '.mhd', '.hdr'];

async function readByItk(path: string): Promise<DecodedImage> {
  try {
    const { readImageNode } = await import('@itk-wasm/image-io');
    return fromItkImage((await readImageNode(resolve(path))) as ItkImage, path);
  } catch (error) {
    throw error instanceof Error && error.name === 'PipelineError' ? error : itkFailure(path, error);
  }
}

/** Enough for what begins a DICOM file or an archive. */
const headLength = 1024;

/**
 * What a path names, by what is there.
 * @throws PipelineError BadFile
 */
export async function kindOf(path: string): Promise<'file' | 'dicom'> {
  const found = await stat(path).catch((error: unknown) => {
    throw statFailure(path, error);
  });
  if (found.isDirectory()) return 'dicom';
  const name = baseName(path).toLowerCase();
  if (imageExtensions.some((ending) => name.endsWith(ending))) return 'file';
  const head = await readHead(path, headLength);
  if (isDicom(head) || isZip(head)) return 'dicom';
  throw badFile(
    path,
    `expected DICOM or a name that ends with ${imageExtensions.join(', ')}, found another file; convert or rename it`,
  );
}

/**
 * Reads an image file.
 * @param path .nii, .nii.gz, .hdr with .img, .nrrd, .nhdr, .mha or .mhd; a DICOM file of any name, a folder or zip archive
 *   of DICOM files
 * @param options which series and phase of DICOM files, see `readDicom`
 * @throws PipelineError BadFile naming the file without its folders: what was expected, what was found, what to do; for
 *   DICOM also BadDicom, BadSeries, MissingSpacing; BadSetting on a choice that fits nothing or is not for this format
 */
export async function readImageFile(path: string, options: ReadSeriesOptions = {}): Promise<DecodedImage> {
  if ((await kindOf(path)) === 'dicom') return readDicom(path, options);
  const unused = (['series', 'phase', 'pixelSpacing', 'invertMonochrome1'] as const).find((key) => options[key]);
  if (unused)
    throw new PipelineError(
      'BadSetting',
      `${baseName(path)}: ${unused} is for DICOM, found another format; leave it out`,
    );
  const name = baseName(path).toLowerCase();
  if (detached.some((ending) => name.endsWith(ending))) return readByItk(path);
  return decodeImage(await readBytes(path), path, { inflate, readOther: () => readByItk(path) });
}
