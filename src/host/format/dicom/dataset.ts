/**
 * DICOM data sets in memory: dicom-parser finds the elements, typed getters read them.
 *
 * Lengths are checked against the file before anything is allocated, so a damaged header costs at most a pass over the
 * file. What identifies a patient is not readable through these getters (`isIdentifying`).
 */
import {
  bigEndianByteArrayParser,
  ByteStream,
  type DataSet as ParsedDataSet,
  type Element,
  littleEndianByteArrayParser,
  readDicomElementExplicit,
  readDicomElementImplicit,
  readSequenceItemsImplicit,
} from 'dicom-parser';
import { PipelineError } from '../../../pipeline/errors.ts';
import { baseName } from '../decoded.ts';
import { inflateDataset } from './deflated.ts';
import { deflatedLittle, type Encoding, encodingOf, readMeta } from './meta.ts';
import { redactor } from './redact.ts';
import { type BinaryVr, binaryTags, isIdentifying, patientId, patientName, tags } from './tags.ts';
import { decoderOf } from './text.ts';

/** A DICOM object that cannot be read; the file is named without its folders. */
export function badDicom(name: string, message: string): PipelineError {
  return new PipelineError('BadDicom', `${baseName(name)}: ${message}`);
}

interface Fragments {
  /** Where each frame's first fragment lies, relative to the first fragment; may be empty. */
  readonly offsets: readonly number[];
  /** Pieces of compressed data in the order of the file, with their offsets as in `offsets`. */
  readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

const widths: Record<BinaryVr, number> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, UV: 8, SV: 8 };

const readers: Record<BinaryVr, (view: DataView, at: number, little: boolean) => number> = {
  US: (view, at, little) => view.getUint16(at, little),
  SS: (view, at, little) => view.getInt16(at, little),
  UL: (view, at, little) => view.getUint32(at, little),
  SL: (view, at, little) => view.getInt32(at, little),
  FL: (view, at, little) => view.getFloat32(at, little),
  FD: (view, at, little) => view.getFloat64(at, little),
  UV: (view, at, little) => Number(view.getBigUint64(at, little)),
  SV: (view, at, little) => Number(view.getBigInt64(at, little)),
};

const undefinedLength = 0xffffffff;
/** What pads texts to an even length, and what would let a value move a terminal's cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed
const controls = /[\u0000-\u001f\u007f-\u009f]+/g;

/** The elements of one data set: a file's, or those of an item of a sequence. Tags are eight hex digits, see `tags`. */
export class Dataset {
  constructor(
    private readonly elements: Readonly<Record<string, Element>>,
    private readonly data: Uint8Array,
    private readonly littleEndian: boolean,
    private readonly inheritedCharset: string,
    /** Of the file, for messages; without folders. */
    readonly name: string,
    /** Transfer syntax UID of the file. */
    readonly transferSyntax: string,
    /** True when the whole file was read or the header up to its pixel data. */
    readonly complete: boolean,
    /** The element with the file's pixels: integers or floats. */
    readonly pixelTag: string | undefined,
    /** Replaces parts of the patient's name and number. */
    readonly redact: (text: string) => string,
  ) {}

  private element(tag: string): Element | undefined {
    const element = this.elements[`x${tag}`];
    return element && !isIdentifying(tag, element.vr) ? element : undefined;
  }

  /** Whether the element is there and has a value. */
  has(tag: string): boolean {
    const element = this.element(tag);
    return element !== undefined && (element.length > 0 || (element.items?.length ?? 0) > 0);
  }

  /**
   * The bytes of a value: a view of the file. Undefined where there is none.
   * @throws PipelineError BadDicom where they reach beyond the file
   */
  bytes(tag: string): Uint8Array | undefined {
    const element = this.element(tag);
    if (!element) return undefined;
    const { dataOffset, length } = element;
    if (length === undefinedLength || dataOffset + length > this.data.length) {
      throw badDicom(
        this.name,
        `expected ${length === undefinedLength ? 'a known number of' : length} bytes in (${shown(tag)}), found ${this.data.length - dataOffset} left in the file; it is damaged, export it again`,
      );
    }
    return this.data.subarray(dataOffset, dataOffset + length);
  }

  private text(tag: string): string {
    const bytes = this.bytes(tag);
    if (!bytes) return '';
    return decoderOf(this.characterSet).decode(bytes);
  }

  private get characterSet(): string {
    const bytes = this.bytes(tags.characterSet);
    return bytes ? String.fromCharCode(...bytes.subarray(0, 256)).trim() : this.inheritedCharset;
  }

  /** The values of a text, without padding and control characters; an absent element has none. */
  strings(tag: string): string[] {
    const text = this.text(tag).replace(controls, ' ').trim();
    return text === '' ? [] : text.split('\\').map((part) => part.trim());
  }

  /** A text as a whole (backslashes included), without padding and control characters; '' where there is none. */
  string(tag: string): string {
    return this.strings(tag).join('\\');
  }

  /**
   * The numbers of an element, binary or text (DS, IS, of any length); an absent or empty element has none.
   * @throws PipelineError BadDicom where a text is no finite number
   */
  numbers(tag: string): number[] {
    const element = this.element(tag);
    if (!element) return [];
    const vr = element.vr === undefined || element.vr === 'UN' ? binaryTags[tag] : element.vr;
    if (vr !== undefined && vr in widths) return this.binary(tag, vr as BinaryVr);
    return this.strings(tag).map((text) => {
      const value = text === '' ? Number.NaN : Number(text);
      if (Number.isFinite(value)) return value;
      throw badDicom(
        this.name,
        `expected a number in (${shown(tag)}), found other text; the header is damaged, export the file again`,
      );
    });
  }

  private binary(tag: string, vr: BinaryVr): number[] {
    const bytes = this.bytes(tag)!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const width = widths[vr];
    return Array.from({ length: Math.floor(bytes.length / width) }, (_, i) =>
      readers[vr](view, i * width, this.littleEndian),
    );
  }

  /** The first number of an element, see `numbers`; undefined where there is none. */
  number(tag: string): number | undefined {
    return this.numbers(tag)[0];
  }

  /**
   * The first number of an element, which must be whole.
   * @throws PipelineError BadDicom
   */
  integer(tag: string): number | undefined {
    const value = this.number(tag);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    throw badDicom(
      this.name,
      `expected a whole number in (${shown(tag)}), found ${value}; the header is damaged, export the file again`,
    );
  }

  /** The items of a sequence; an absent one has none. Sequences of unknown representation are read as implicit ones. */
  sequence(tag: string): Dataset[] {
    const element = this.element(tag);
    if (!element) return [];
    const items = element.items ?? this.unknownItems(tag, element);
    return items.map(({ dataSet }) => {
      const { elements } = dataSet as ParsedDataSet;
      // Items of an element of unknown representation are implicit little endian, whatever the file is (CP-246).
      const little = element.vr === 'UN' || this.littleEndian;
      const { data, characterSet, name, transferSyntax, complete, redact } = this;
      return new Dataset(elements, data, little, characterSet, name, transferSyntax, complete, undefined, redact);
    });
  }

  private unknownItems(tag: string, element: Element): Element[] {
    if (element.vr !== 'UN' || element.length === 0) return [];
    const end = element.dataOffset + this.bytes(tag)!.length;
    const found = { ...element };
    guarded(this.name, () => {
      const stream = new ByteStream(littleEndianByteArrayParser, this.data.subarray(0, end), element.dataOffset);
      readSequenceItemsImplicit(stream, found);
    });
    return found.items ?? [];
  }

  /** Compressed pixel data; undefined where the element is absent or not encapsulated. */
  fragments(tag: string): Fragments | undefined {
    const element = this.element(tag);
    if (!element?.fragments) return undefined;
    return {
      offsets: element.basicOffsetTable ?? [],
      pieces: element.fragments.map(({ offset, position, length }) => ({
        offset,
        bytes: this.data.subarray(position, position + length),
      })),
    };
  }

  /** Modality, '' where the file does not say. */
  get modality(): string {
    return this.string(tags.modality);
  }
}

/** A tag as messages show it: gggg,eeee. */
export const shown = (tag: string): string => `${tag.slice(0, 4)},${tag.slice(4)}`;

/** Runs the parser; whatever it throws becomes a typed error. Its own objects hold the file's content and go nowhere. */
function guarded<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    // Deep nesting overflows the stack: dicom-parser descends by recursion.
    const found =
      error instanceof RangeError
        ? 'sequences nested too deeply, or lengths beyond the file'
        : `an element that cannot be read (${typeof error === 'string' ? error.replace(/^dicomParser[.:]?\s*/i, '') : 'damaged structure'})`;
    throw badDicom(
      name,
      `expected DICOM elements, found ${found}; the file is damaged or cut off, copy or export it again`,
    );
  }
}

export interface ParseOptions {
  /** Stop at the pixel data: `bytes` may then be the beginning of a file. */
  readonly headerOnly?: boolean;
}

/** Representations with a length of four bytes that dicom-parser takes for two. */
const longRepresentations = ['OV', 'SV', 'UV'];

function readElement(stream: ByteStream, encoding: Encoding, warnings: string[]): Element {
  if (!encoding.explicit) {
    // Pixel data may begin like a sequence; without a representation it would be taken for one.
    return readDicomElementImplicit(stream, undefined, (tag) =>
      tag.startsWith('x7fe0') ? 'OW' : (undefined as never),
    );
  }
  const at = stream.position;
  const vr = String.fromCharCode(...stream.byteArray.subarray(at + 4, at + 6));
  if (!longRepresentations.includes(vr)) return readDicomElementExplicit(stream, warnings);
  const tag = `x${group(stream, at)}${group(stream, at + 2)}`;
  const length = stream.byteArrayParser.readUint32(stream.byteArray, at + 8);
  stream.seek(12 + length);
  return { tag, vr, length, dataOffset: at + 12 };
}

const pixelTags: readonly string[] = [tags.floatPixels, tags.doublePixels, tags.pixels];

/** The patient's name and number: what must not be shown. They are not kept. */
function identityOf(elements: Readonly<Record<string, Element>>, data: Uint8Array): { name: string; id: string } {
  const charset = elements[`x${tags.characterSet}`];
  const bytesOf = (element: Element | undefined) =>
    element ? data.subarray(element.dataOffset, element.dataOffset + element.length) : new Uint8Array(0);
  const decoder = decoderOf(String.fromCharCode(...bytesOf(charset).subarray(0, 64)));
  const textOf = (tag: string) => decoder.decode(bytesOf(elements[`x${tag}`]).subarray(0, 1024));
  return { name: textOf(patientName), id: textOf(patientId) };
}

const group = (stream: ByteStream, at: number): string =>
  stream.byteArrayParser.readUint16(stream.byteArray, at).toString(16).padStart(4, '0');

/** Whether the bytes look like a DICOM object: a Part 10 file, or a data set without its preamble. */
export function isDicom(bytes: Uint8Array): boolean {
  return readMeta(bytes) !== undefined;
}

/**
 * Reads a DICOM file: Part 10, or a bare data set without preamble or meta header (then its encoding is guessed from
 * the first element). Explicit and implicit representations, both byte orders, deflated. The declared encoding gives way
 * to what the first element shows.
 * @param bytes the file, or with `headerOnly` its beginning; the data set keeps a view of it
 * @param name for messages
 * @throws PipelineError BadDicom
 */
export function parseDataset(bytes: Uint8Array, name: string, { headerOnly = false }: ParseOptions = {}): Dataset {
  const meta = readMeta(bytes);
  if (!meta) {
    throw badDicom(name, 'expected a DICOM file, found none of its signs; name a DICOM file or convert this one');
  }
  return guarded(name, () => {
    const deflated = meta.transferSyntax === deflatedLittle;
    const data = deflated ? inflateDataset(bytes.subarray(meta.end), name) : bytes;
    const start = deflated ? 0 : meta.end;
    const encoding = encodingOf(data, start, meta.transferSyntax);
    const parser = encoding.littleEndian ? littleEndianByteArrayParser : bigEndianByteArrayParser;
    const stream = new ByteStream(parser, data, start);
    const elements: Record<string, Element> = Object.create(null);
    const warnings: string[] = [];
    let pixelTag: string | undefined;
    // Fewer than eight bytes hold no element: padding at the end.
    while (stream.position + 8 <= data.length) {
      const tag = `${group(stream, stream.position)}${group(stream, stream.position + 2)}`;
      if (pixelTags.includes(tag)) pixelTag ??= tag;
      if (headerOnly && pixelTag) break;
      const element = readElement(stream, encoding, warnings);
      // Some writers repeat elements at the end; the first one is the one in order.
      elements[element.tag] ??= element;
    }
    const { littleEndian } = encoding;
    const redact = redactor(identityOf(elements, data));
    const shownName = redact(baseName(name));
    const complete = !headerOnly || pixelTag !== undefined;
    return new Dataset(elements, data, littleEndian, '', shownName, meta.transferSyntax, complete, pixelTag, redact);
  });
}
