/** Where DICOM objects come from: named files that are read when they are needed, and zip archives of them. */
import { type UnzipFileInfo, unzipSync } from 'fflate';
import { badFile, baseName } from '../decoded.ts';

/** A file that can be read in whole or from its beginning. */
export interface NamedBytes {
  /** Path or name; messages show its last part. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  read(): Promise<Uint8Array>;
  /** The first bytes; absent where reading in part saves nothing. */
  head?(length: number): Promise<Uint8Array>;
}

/** Files chosen in a browser, or blobs with a name. */
export function blobSource(file: Blob & { readonly name: string }): NamedBytes {
  const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());
  return {
    name: file.name,
    size: file.size,
    read: () => bytesOf(file),
    head: (length) => bytesOf(file.slice(0, length)),
  };
}

/** Bytes in memory. */
export function memorySource(name: string, bytes: Uint8Array): NamedBytes {
  return { name, size: bytes.length, read: async () => bytes, head: async (length) => bytes.subarray(0, length) };
}

/** Whether the bytes begin like a zip archive. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;

/** Deflate compresses at most 1032 to 1: a larger size is not that of the entry. */
const largestRatio = 1032;

function unzip(
  archive: Uint8Array,
  name: string,
  filter: (entry: UnzipFileInfo) => boolean,
): Record<string, Uint8Array> {
  try {
    return unzipSync(archive, { filter });
  } catch (error) {
    const found = error instanceof Error ? error.message : 'damaged data';
    throw badFile(name, `expected a complete zip archive, found ${found}; copy or download it again`);
  }
}

/** Hidden files are those of the system that packed the archive. */
const isFile = ({ name }: UnzipFileInfo): boolean => !name.endsWith('/') && !baseName(name).startsWith('.');

/**
 * The files of a zip archive, each inflated when it is read.
 * @throws PipelineError BadFile where the archive is damaged
 */
export function zipSource(archive: Uint8Array, name: string): NamedBytes[] {
  const files: NamedBytes[] = [];
  unzip(archive, name, (entry) => {
    if (isFile(entry)) {
      if (entry.originalSize > (entry.size + 1) * largestRatio) {
        throw new Error('an entry whose size cannot be true');
      }
      // The n-th entry, not that of the name: names may repeat.
      const index = files.length;
      files.push({ name: entry.name, size: entry.originalSize, read: async () => entryOf(archive, name, index) });
    }
    return false;
  });
  return files;
}

function entryOf(archive: Uint8Array, name: string, wanted: number): Uint8Array {
  let index = -1;
  const found = unzip(archive, name, (entry) => {
    if (!isFile(entry)) return false;
    index++;
    return index === wanted;
  });
  return Object.values(found)[0] as Uint8Array;
}
