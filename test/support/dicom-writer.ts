/** DICOM files for tests, written element by element in any encoding, and small image series. */
import { deflateRawSync } from 'node:zlib';
import { memorySource, type NamedBytes } from '../../src/host/format/dicom/source.ts';

/** An element by tag (eight hex digits) and representation: texts, numbers, bytes, or items of a sequence. */
export type Element = readonly [
  tag: string,
  vr: string,
  value: string | readonly number[] | Uint8Array | readonly Item[],
];
export type Item = readonly Element[];

export const syntaxes = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  big: '1.2.840.10008.1.2.2',
  deflated: '1.2.840.10008.1.2.1.99',
  rle: '1.2.840.10008.1.2.5',
} as const;

interface Encoding {
  readonly explicit: boolean;
  readonly little: boolean;
}

const little: Encoding = { explicit: true, little: true };

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Bytes of one number by representation; texts and bytes of 16-bit words otherwise. */
const writers: Record<string, readonly [number, (view: DataView, value: number, little: boolean) => void]> = {
  SS: [2, (view, value, end) => view.setInt16(0, value, end)],
  UL: [4, (view, value, end) => view.setUint32(0, value, end)],
  SL: [4, (view, value, end) => view.setInt32(0, value, end)],
  FL: [4, (view, value, end) => view.setFloat32(0, value, end)],
  FD: [8, (view, value, end) => view.setFloat64(0, value, end)],
  OB: [1, (view, value) => view.setUint8(0, value)],
  OF: [4, (view, value, end) => view.setFloat32(0, value, end)],
  OD: [8, (view, value, end) => view.setFloat64(0, value, end)],
};
const words = [2, (view: DataView, value: number, end: boolean) => view.setUint16(0, value & 0xffff, end)] as const;

function numberBytes(vr: string, values: readonly number[], { little }: Encoding): Uint8Array {
  const [width, write] = writers[vr] ?? words;
  const bytes = new Uint8Array(width * values.length);
  values.forEach((value, i) => {
    write(new DataView(bytes.buffer, i * width, width), value, little);
  });
  return bytes;
}

const u16 = (value: number, encoding: Encoding) => numberBytes('US', [value], encoding);
const u32 = (value: number, encoding: Encoding) => numberBytes('UL', [value], encoding);
const tagBytes = (tag: string, encoding: Encoding): Uint8Array =>
  joined([u16(Number.parseInt(tag.slice(0, 4), 16), encoding), u16(Number.parseInt(tag.slice(4), 16), encoding)]);

const even = (bytes: Uint8Array, padding: number): Uint8Array =>
  bytes.length % 2 === 0 ? bytes : joined([bytes, Uint8Array.of(padding)]);

function valueBytes(vr: string, value: Element[2], encoding: Encoding): Uint8Array {
  if (value instanceof Uint8Array) return even(value, 0);
  if (typeof value === 'string') return even(ascii(value), vr === 'UI' ? 0 : 0x20);
  if (vr !== 'SQ') return even(numberBytes(vr, value as readonly number[], encoding), 0);
  return joined(
    (value as readonly Item[]).flatMap((item) => {
      const bytes = joined(item.map((element) => elementBytes(element, encoding)));
      return [tagBytes('fffee000', encoding), u32(bytes.length, encoding), bytes];
    }),
  );
}

const longLengths = ['SQ', 'OB', 'OW', 'OF', 'OD', 'UN', 'UT'];

function elementBytes([tag, vr, value]: Element, encoding: Encoding): Uint8Array {
  const bytes = valueBytes(vr, value, encoding);
  const long = longLengths.includes(vr);
  const head = encoding.explicit ? [ascii(vr), new Uint8Array(long ? 2 : 0)] : [];
  const length = encoding.explicit && !long ? u16(bytes.length, encoding) : u32(bytes.length, encoding);
  return joined([tagBytes(tag, encoding), ...head, length, bytes]);
}

/** Encapsulated pixel data, with an empty offset table: an element of undefined length that ends the file. */
export function encapsulated(fragments: readonly Uint8Array[]): Uint8Array {
  const item = (bytes: Uint8Array) => [tagBytes('fffee000', little), u32(bytes.length, little), bytes];
  return joined([
    tagBytes('7fe00010', little),
    ascii('OB'),
    new Uint8Array(2),
    u32(0xffffffff, little),
    ...item(new Uint8Array(0)),
    ...fragments.flatMap(item),
    tagBytes('fffee0dd', little),
    u32(0, little),
  ]);
}

/** Packs a frame of one byte or little-endian word per pixel as RLE lossless: literal runs, planes from the high byte. */
export function rleFrame(bytes: Uint8Array, width: 1 | 2): Uint8Array {
  const planes = Array.from({ length: width }, (_, plane) => {
    const own = bytes.filter((_, i) => i % width === width - 1 - plane);
    const runs: Uint8Array[] = [];
    for (let at = 0; at < own.length; at += 128) {
      const run = own.subarray(at, at + 128);
      runs.push(Uint8Array.of(run.length - 1), run);
    }
    return even(joined(runs), 128);
  });
  const header = new Uint32Array(16);
  header[0] = width;
  planes.forEach((_, i) => {
    header[1 + i] = 64 + planes.slice(0, i).reduce((sum, plane) => sum + plane.length, 0);
  });
  return joined([new Uint8Array(header.buffer), ...planes]);
}

/**
 * A DICOM file. Elements are sorted by tag; the last of the same tag counts.
 * @param transferSyntax decides the encoding: those of compressed pixels are explicit little endian
 */
export function dicomFile(elements: Item, transferSyntax: string = syntaxes.explicit): Uint8Array {
  const encoding: Encoding = {
    explicit: transferSyntax !== syntaxes.implicit,
    little: transferSyntax !== syntaxes.big,
  };
  const byTag = new Map(elements.map((element) => [element[0], element]));
  const sorted = [...byTag.values()].sort(([a], [b]) => (a < b ? -1 : 1));
  const dataset = joined(sorted.map((element) => elementBytes(element, encoding)));
  return joined([
    new Uint8Array(128),
    ascii('DICM'),
    elementBytes(['00020010', 'UI', transferSyntax], little),
    transferSyntax === syntaxes.deflated ? new Uint8Array(deflateRawSync(dataset)) : dataset,
  ]);
}

/** One file of an image series: an axial MR slice unless told otherwise. */
export interface SliceFields {
  readonly columns?: number;
  readonly rows?: number;
  /** Stored values, row by row; default: their index and the instance number make each one different. */
  readonly pixels?: readonly number[];
  readonly instance?: number;
  /** null: no position, orientation or pixel spacing, as in radiographs. */
  readonly position?: readonly number[] | null;
  readonly orientation?: readonly number[];
  /** Between rows, between columns; null: none. */
  readonly pixelSpacing?: readonly [number, number] | null;
  readonly bits?: 8 | 16;
  readonly syntax?: string;
  /** Added to the object or put in place of its elements. */
  readonly change?: Item;
}

export const decimals = (values: readonly number[]): string => values.join('\\');

/** What identifies the patient of every generated file: none of it may ever be shown. */
export const patient: Item = [
  ['00100010', 'PN', 'DOE^JANE^MIDDLE'],
  ['00100020', 'LO', 'MRN4711'],
  ['00100030', 'DA', '19610823'],
  ['00080090', 'PN', 'REFERRER^RITA'],
  ['00080080', 'LO', 'ST ELSEWHERE'],
  ['00080050', 'SH', 'ACC998877'],
];

/** Matches what identifies the patient of a generated file. */
export const identifying = /\bDOE|JANE|MIDDLE|MRN4711|19610823|REFERRER|RITA\b|ELSEWHERE|ACC998877/i;

export function imageFile(fields: SliceFields = {}): Uint8Array {
  const { columns = 4, rows = 3, instance = 1, bits = 16, syntax = syntaxes.explicit } = fields;
  const { position = [0, 0, 0], orientation = [1, 0, 0, 0, 1, 0] } = fields;
  const pixelSpacing = fields.pixelSpacing === undefined ? [0.5, 0.75] : fields.pixelSpacing;
  const values = fields.pixels ?? Array.from({ length: rows * columns }, (_, i) => (100 * instance + i) % 2 ** bits);
  const elements: Item = [
    ['00080008', 'CS', 'ORIGINAL\\PRIMARY'],
    ['00080016', 'UI', '1.2.840.10008.5.1.4.1.1.4'],
    ['00080018', 'UI', `2.25.77.${instance}`],
    ['00080060', 'CS', 'MR'],
    ['0008103e', 'LO', 'T1 axial'],
    ...patient,
    ['0020000d', 'UI', '2.25.5'],
    ['0020000e', 'UI', '2.25.55'],
    ['00200011', 'IS', '3'],
    ['00200013', 'IS', String(instance)],
    ...(position === null
      ? []
      : ([
          ['00200032', 'DS', decimals(position)],
          ['00200037', 'DS', decimals(orientation)],
        ] as const)),
    ...(pixelSpacing === null ? [] : ([['00280030', 'DS', decimals(pixelSpacing)]] as const)),
    ['00280002', 'US', [1]],
    ['00280004', 'CS', 'MONOCHROME2'],
    ['00280010', 'US', [rows]],
    ['00280011', 'US', [columns]],
    ['00280100', 'US', [bits]],
    ['00280101', 'US', [bits]],
    ['00280102', 'US', [bits - 1]],
    ['00280103', 'US', [0]],
    ...(syntax === syntaxes.rle ? [] : ([['7fe00010', bits === 8 ? 'OB' : 'OW', values]] as const)),
    ...(fields.change ?? []),
  ];
  if (syntax !== syntaxes.rle) return dicomFile(elements, syntax);
  const size = rows * columns;
  const frames = Array.from({ length: values.length / size }, (_, frame) => {
    const bytes = numberBytes(bits === 8 ? 'OB' : 'OW', values.slice(frame * size, (frame + 1) * size), little);
    return rleFrame(bytes, bits === 8 ? 1 : 2);
  });
  return joined([dicomFile(elements, syntax), encapsulated(frames)]);
}

/** A series: `count` slices 2 mm apart along z, in files `slice-1.dcm` and so on; fields may differ from slice to slice. */
export function seriesFiles(count: number, fieldsOf: (n: number) => SliceFields = () => ({})): NamedBytes[] {
  return Array.from({ length: count }, (_, n) =>
    memorySource(`scans/slice-${n + 1}.dcm`, imageFile({ instance: n + 1, position: [-10, 5, 2 * n], ...fieldsOf(n) })),
  );
}
