/** MetaImage files with attached binary data (.mha), as ITK's MetaImageIO reads them. */
import { badFile, type DecodedImage, type DecodeOptions, inflateOf, type PixelType } from './decoded.ts';
import { gridGeometry, identityAxes } from './grid.ts';
import { readValues } from './voxels.ts';

const types: Record<string, PixelType> = {
  MET_CHAR: 'int8',
  MET_UCHAR: 'uint8',
  MET_SHORT: 'int16',
  MET_USHORT: 'uint16',
  MET_INT: 'int32',
  MET_UINT: 'uint32',
  // MetaIO stores its "long" in four bytes.
  MET_LONG: 'int32',
  MET_ULONG: 'uint32',
  MET_LONG_LONG: 'int64',
  MET_ULONG_LONG: 'uint64',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

/** The last field: the data follow it. */
const lastField = 'ElementDataFile';
const headerLimit = 1 << 16;

/** Whether the bytes start like a MetaImage header. */
export function isMetaImage(bytes: Uint8Array): boolean {
  return /^\s*(ObjectType|NDims|Comment)\s*=/.test(new TextDecoder('latin1').decode(bytes.subarray(0, 64)));
}

/** Reads `Key = Value` lines up to ElementDataFile; null where it is missing. */
function readHeader(bytes: Uint8Array): { fields: Map<string, string>; dataStart: number } | null {
  const fields = new Map<string, string>();
  const decoder = new TextDecoder('latin1');
  let start = 0;
  while (start < headerLimit) {
    const end = bytes.indexOf(10, start);
    if (end < 0) return null;
    const match = /^\s*(\w+)\s*=(.*)$/.exec(decoder.decode(bytes.subarray(start, end)).trimEnd());
    start = end + 1;
    if (!match) continue;
    fields.set(match[1]!, match[2]!.trim());
    if (match[1] === lastField) return { fields, dataStart: start };
  }
  return null;
}

const isTrue = (text: string | undefined): boolean => /^(true|1|t|y)/i.test(text ?? '');

/**
 * Decodes a .mha file.
 * @returns null for detached data, text data and other layouts that are left to ITK
 * @throws PipelineError BadFile
 */
export async function decodeMetaImage(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions,
): Promise<DecodedImage | null> {
  const header = readHeader(bytes);
  if (!header) return null;
  const { fields, dataStart } = header;
  const first = (...keys: string[]) => keys.map((key) => fields.get(key)).find((value) => value !== undefined);
  const numbers = (...keys: string[]) =>
    first(...keys)
      ?.split(/\s+/)
      .map(Number);
  const type = types[fields.get('ElementType') ?? ''];
  const size = numbers('DimSize');
  const unusual = fields.get(lastField) !== 'LOCAL' || !isTrue(fields.get('BinaryData')) || fields.has('HeaderSize');
  if (!type || !size || unusual || (fields.has('ElementSize') && !fields.has('ElementSpacing'))) return null;
  const n = size.length;
  const matrix = numbers('TransformMatrix', 'Rotation', 'Orientation');
  const geometry = gridGeometry(
    {
      size,
      spacing: numbers('ElementSpacing') ?? size.map(() => 1),
      origin: numbers('Origin', 'Position', 'Offset') ?? size.map(() => 0),
      axes: matrix ? size.map((_, axis) => matrix.slice(axis * n, (axis + 1) * n)) : identityAxes(n),
    },
    name,
  );
  const components = Number(fields.get('ElementNumberOfChannels') ?? 1);
  const attached = bytes.subarray(dataStart);
  if (attached.length === 0)
    throw badFile(name, 'expected voxels after the header, found the end of the file; copy or export the file again');
  const gzip = attached[0] === 0x1f && attached[1] === 0x8b;
  const raw = isTrue(fields.get('CompressedData'))
    ? await inflateOf(attached, gzip ? 'gzip' : 'zlib', name, options)
    : attached;
  const littleEndian = !isTrue(first('BinaryDataByteOrderMSB', 'ElementByteOrderMSB'));
  const count = geometry.size[0] * geometry.size[1] * geometry.size[2] * components;
  return { ...geometry, data: readValues(raw, 0, count, type, littleEndian, name), components, pixelType: type };
}
