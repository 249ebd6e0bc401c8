/** Where DICOM objects come from: named files that are read when they are needed, and zip archives of them. */
import { baseName } from '../decoded.ts';
import { zipEntries } from '../zip.ts';

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

/**
 * The files of a zip archive, each inflated when it is read; hidden ones, those of the system that packed it, are left out.
 * @throws PipelineError BadFile where the archive is damaged
 */
export function zipSource(archive: Uint8Array, name: string): NamedBytes[] {
  return zipEntries(archive, name)
    .filter((entry) => !baseName(entry.name).startsWith('.'))
    .map((entry) => ({ name: entry.name, size: entry.size, read: async () => entry.read() }));
}
