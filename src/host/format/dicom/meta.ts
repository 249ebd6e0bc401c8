/** The beginning of DICOM files: preamble, meta header (PS3.10, section 7.1), and the encoding of what follows. */

export interface Meta {
  readonly transferSyntax: string;
  /** Where the data set begins. */
  readonly end: number;
}

export interface Encoding {
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}

export const implicitLittle = '1.2.840.10008.1.2';
export const explicitLittle = '1.2.840.10008.1.2.1';
export const explicitBig = '1.2.840.10008.1.2.2';
export const deflatedLittle = '1.2.840.10008.1.2.1.99';

/** Transfer syntaxes of uncompressed pixels. */
export const nativeSyntaxes: ReadonlySet<string> = new Set([
  implicitLittle,
  explicitLittle,
  explicitBig,
  deflatedLittle,
]);

const representations = new Set(
  'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV'.split(' '),
);
const longLength = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
const u16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) + u16(bytes, at + 2) * 65536;

/** Walks over the elements of group 2, which are explicit and little endian in every file. */
function readGroup2(bytes: Uint8Array, start: number): Meta {
  let transferSyntax = '';
  let at = start;
  while (at + 8 <= bytes.length && u16(bytes, at) === 2) {
    const long = longLength.has(ascii(bytes, at + 4, at + 6));
    const length = long ? u32(bytes, at + 8) : u16(bytes, at + 6);
    const value = at + (long ? 12 : 8);
    if (value + length > bytes.length) break;
    if (u16(bytes, at + 2) === 0x10) transferSyntax = ascii(bytes, value, value + Math.min(length, 64));
    at = value + length;
  }
  const uid = /^[\d.]+/.exec(transferSyntax.trim())?.[0];
  return { transferSyntax: uid ?? guess(bytes, at), end: at };
}

/** Groups a data set can begin with: identification is the first one; even, never 0 in a file. */
const firstGroups = [0x0004, 0x0008];

/** The transfer syntax of a bare data set, judged by its first element. */
function guess(bytes: Uint8Array, at: number): string {
  const swapped = u16(bytes, at) > 0xff && (u16(bytes, at) & 0xff) === 0;
  if (swapped) return explicitBig;
  return representations.has(ascii(bytes, at + 4, at + 6)) ? explicitLittle : implicitLittle;
}

/** Whether a data set without any header begins here: a first element that lies in the file. */
function isBare(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const syntax = guess(bytes, 0);
  const group = syntax === explicitBig ? u16(bytes, 0) >> 8 : u16(bytes, 0);
  if (!firstGroups.includes(group)) return false;
  if (syntax === explicitBig) return representations.has(ascii(bytes, 4, 6));
  if (syntax === explicitLittle) return true;
  const element = u16(bytes, 2);
  // Lengths of the first elements (group length, character set, image type, UIDs) are short.
  return element <= 0x0018 && u32(bytes, 4) <= Math.min(1024, bytes.length - 8);
}

/** Finds the data set of a file; undefined where the bytes are not DICOM. */
export function readMeta(bytes: Uint8Array): Meta | undefined {
  if (ascii(bytes, 128, 132) === 'DICM') return readGroup2(bytes, 132);
  if (ascii(bytes, 0, 4) === 'DICM') return readGroup2(bytes, 4);
  if (bytes.length > 16 && u16(bytes, 0) === 2 && representations.has(ascii(bytes, 4, 6))) return readGroup2(bytes, 0);
  return isBare(bytes) ? { transferSyntax: guess(bytes, 0), end: 0 } : undefined;
}

/** How the data set is encoded: as declared, unless its first element shows otherwise (some writers declare wrongly). */
export function encodingOf(bytes: Uint8Array, start: number, transferSyntax: string): Encoding {
  const littleEndian = transferSyntax !== explicitBig;
  return { explicit: representations.has(ascii(bytes, start + 4, start + 6)), littleEndian };
}
