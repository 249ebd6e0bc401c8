/** Zip archives (APPNOTE.TXT 6.3.10): the central directory is read once, entries are inflated when they are read. */
import { inflateSync } from 'fflate';
import { badFile } from './decoded.ts';

export interface ZipEntry {
  /** With its folders. */
  readonly name: string;
  /** Inflated, in bytes. */
  readonly size: number;
  /** Whether it is not compressed: then `read` returns a view of the archive. */
  readonly stored: boolean;
  /** @throws PipelineError BadFile where the entry is damaged */
  read(): Uint8Array;
}

/** Whether the bytes begin like a zip archive. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
const [stored, deflated] = [0, 8];
const none32 = 0xffffffff;
/** The end record, and a comment after it of at most 65535 bytes. */
const endBytes = 22;
const longestComment = 65535;
/** Deflate compresses at most 1032 to 1: a larger size is not that of the entry. */
const largestRatio = 1032;

/** Where the central directory lies. @throws RangeError outside of the archive */
function directoryOf(view: DataView): { readonly start: number; readonly count: number } | undefined {
  const least = Math.max(0, view.byteLength - endBytes - longestComment);
  let end = view.byteLength - endBytes;
  while (end >= least && view.getUint32(end, true) !== signatures.end) end--;
  if (end < least) return undefined;
  const [count, start] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
  const wide = end >= 20 && view.getUint32(end - 20, true) === signatures.locator64;
  if (!wide) return { count, start };
  const end64 = Number(view.getBigUint64(end - 12, true));
  if (view.getUint32(end64, true) !== signatures.end64) return undefined;
  return { count: Number(view.getBigUint64(end64 + 32, true)), start: Number(view.getBigUint64(end64 + 48, true)) };
}

/** Sizes and offset of 64 bits, in the order of the fields that have no room for them. */
function widened(view: DataView, extra: number, end: number, fields: readonly number[]): number[] {
  for (let at = extra; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let value = at + 4;
    return fields.map((field) => {
      if (field !== none32) return field;
      value += 8;
      return Number(view.getBigUint64(value - 8, true));
    });
  }
  return [...fields];
}

/**
 * The entries of an archive in its order, folders left out.
 * @param name of the archive, for messages
 * @throws PipelineError BadFile where the archive is damaged, encrypted or packed by another method than deflate
 */
export function zipEntries(archive: Uint8Array, name: string): ZipEntry[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const refuse = (found: string) =>
    badFile(name, `expected a complete zip archive, found ${found}; copy, download or pack it again`);
  try {
    const directory = directoryOf(view);
    if (!directory) throw refuse('no directory at its end');
    const entries: ZipEntry[] = [];
    let at = directory.start;
    for (let n = 0; n < directory.count; n++) {
      if (view.getUint32(at, true) !== signatures.central) throw refuse('a damaged directory');
      const u16 = (offset: number) => view.getUint16(at + offset, true);
      const u32 = (offset: number) => view.getUint32(at + offset, true);
      const [flags, method] = [u16(8), u16(10)];
      const nameEnd = at + 46 + u16(28);
      const next = nameEnd + u16(30) + u16(32);
      const decoder = new TextDecoder(flags & 0x800 ? 'utf-8' : 'latin1');
      const entryName = decoder.decode(archive.subarray(at + 46, nameEnd));
      const [size, packed, local] = widened(view, nameEnd, nameEnd + u16(30), [u32(24), u32(20), u32(42)]) as [
        number,
        number,
        number,
      ];
      at = next;
      if (entryName.endsWith('/')) continue;
      if (flags & 1) throw refuse('encrypted entries');
      if (method !== stored && method !== deflated) throw refuse(`entries packed by method ${method}`);
      if (size > (packed + 1) * largestRatio) throw refuse('an entry whose size cannot be true');
      const read = () => unpack(local, packed, size, method);
      entries.push({ name: entryName, size, stored: method === stored, read });
    }
    return entries;
  } catch (error) {
    throw error instanceof RangeError ? refuse('a directory that reaches beyond it') : error;
  }

  function unpack(local: number, packed: number, size: number, method: number): Uint8Array {
    try {
      if (view.getUint32(local, true) !== signatures.local) throw refuse('damaged entries');
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (start + packed > archive.length) throw refuse('entries that reach beyond it');
      const bytes = archive.subarray(start, start + packed);
      // A byte of room more shows where the entry is longer than it says.
      const content = method === stored ? bytes : inflateSync(bytes, { out: new Uint8Array(size + 1) });
      if (content.length !== size) throw refuse('entries of another size');
      return content;
    } catch (error) {
      if (error instanceof Error && error.name === 'PipelineError') throw error;
      throw refuse('damaged entries');
    }
  }
}
