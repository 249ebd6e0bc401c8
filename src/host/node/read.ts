/** Image files from the disk. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, inflate as zlibInflate } from 'node:zlib';
import { badFile, baseName, type Compression, type DecodedImage } from '../format/decoded.ts';
import { decodeImage, imageExtensions } from '../format/index.ts';
import { fromItkImage, type ItkImage, itkFailure } from '../format/itk-wasm.ts';

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

/** A missing or an unreadable file in words. */
function statFailure(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? badFile(path, 'expected an image file, found nothing at this path; check the path', error)
    : badFile(path, `expected a readable file, found ${code}; check its permissions`, error);
}

/** The bytes of a file. */
async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw statFailure(path, error);
  }
}

/** Also for files that ITK reads, which says nothing useful of missing ones. */
async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw statFailure(path, error);
  });
  if (!found.isFile()) {
    throw badFile(path, 'expected a file, found a folder; name an image file in it (DICOM series are not read)');
  }
}

/**
 * Reads an image file.
 * @param path .nii, .nii.gz, .hdr with .img, .nrrd, .nhdr, .mha or .mhd
 * @throws PipelineError BadFile naming the file without its folders: what was expected, what was found, what to do
 */
export async function readImageFile(path: string): Promise<DecodedImage> {
  const name = baseName(path).toLowerCase();
  if (!imageExtensions.some((ending) => name.endsWith(ending))) {
    throw badFile(
      path,
      `expected a name that ends with ${imageExtensions.join(', ')}, found another; convert or rename the file`,
    );
  }
  await checkFile(path);
  if (detached.some((ending) => name.endsWith(ending))) return readByItk(path);
  return decodeImage(await readBytes(path), path, { inflate, readOther: () => readByItk(path) });
}
