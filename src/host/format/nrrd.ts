/** NRRD files (https://teem.sourceforge.net/nrrd/format.html) with attached raw or gzip data, as ITK's NrrdImageIO reads them. */
import { badFile, type DecodedImage, type DecodeOptions, inflateOf, type PixelType } from './decoded.ts';
import { type FileGrid, gridGeometry, identityAxes } from './grid.ts';
import { readValues } from './voxels.ts';

/** Header fields by lower-case name, and where the data starts. */
interface Header {
  readonly fields: ReadonlyMap<string, string>;
  readonly dataStart: number;
}

const typeNames: Record<PixelType, readonly string[]> = {
  int8: ['signed char', 'int8', 'int8_t'],
  uint8: ['uchar', 'unsigned char', 'uint8', 'uint8_t'],
  int16: ['short', 'short int', 'signed short', 'signed short int', 'int16', 'int16_t'],
  uint16: ['ushort', 'unsigned short', 'unsigned short int', 'uint16', 'uint16_t'],
  int32: ['int', 'signed int', 'int32', 'int32_t'],
  uint32: ['uint', 'unsigned int', 'uint32', 'uint32_t'],
  int64: ['longlong', 'long long', 'long long int', 'signed long long', 'signed long long int', 'int64', 'int64_t'],
  uint64: ['ulonglong', 'unsigned long long', 'unsigned long long int', 'uint64', 'uint64_t'],
  float32: ['float'],
  float64: ['double'],
};
const types = new Map(
  Object.entries(typeNames).flatMap(([type, names]) => names.map((name) => [name, type as PixelType])),
);

/** Spaces whose coordinates ITK turns into LPS: the signs of x and y. Other three-dimensional spaces stay as they are. */
const spaceSigns: Record<string, readonly [number, number]> = {
  'left-posterior-superior': [1, 1],
  lps: [1, 1],
  'right-anterior-superior': [-1, -1],
  ras: [-1, -1],
  'left-anterior-superior': [-1, 1],
  las: [-1, 1],
};

/** Kinds of the axis that holds the components of a voxel. */
const componentKinds = [
  'vector',
  '2-vector',
  '3-vector',
  '4-vector',
  'list',
  'point',
  'covariant-vector',
  '3-color',
  'rgb-color',
  '4-color',
  'rgba-color',
  'scalar',
  'stub',
];
const domainKinds = ['domain', 'space', 'time', '???', 'none'];
/** Fields that change how the data lies in the file; files with them are left to ITK. */
const unusualFields = [
  'data file',
  'datafile',
  'byte skip',
  'byteskip',
  'line skip',
  'lineskip',
  'axis mins',
  'axismins',
  'axis maxs',
  'axismaxs',
];

const words = (text: string | undefined): string[] => text?.trim().split(/\s+/) ?? [];

export const isNrrd = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(0, 6)) === 'NRRD00';

/** Reads `field: value` lines up to the empty line; null where there is none (a detached header). */
function readHeader(bytes: Uint8Array): Header | null {
  const fields = new Map<string, string>();
  const decoder = new TextDecoder('latin1');
  let start = 0;
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    const line = decoder.decode(bytes.subarray(start, end)).trimEnd();
    start = end + 1;
    if (line === '') return { fields, dataStart: start };
    const match = /^([^#:][^:]*): (.*)$/.exec(line);
    if (match) fields.set(match[1]!.toLowerCase(), match[2]!.trim());
  }
  return null;
}

/** `(a,b,c)` or `none` per axis; null for `none` and for vectors with numbers that do not exist. */
function readVectors(text: string | undefined): (number[] | null)[] {
  const found = text?.match(/\([^)]*\)|none/gi) ?? [];
  return found.map((part) => {
    const vector = part.startsWith('(') ? part.slice(1, -1).split(',').map(Number) : [];
    return vector.length > 0 && vector.every((x) => !Number.isNaN(x)) ? vector : null;
  });
}

interface Axes {
  readonly components: number;
  /** Indices of the axes that are dimensions of the image. */
  readonly domain: readonly number[];
  readonly sizes: readonly number[];
}

/** The image's axes; null where the components do not lie side by side or have a kind of their own. */
function readAxes(fields: Header['fields']): Axes | null {
  const sizes = words(fields.get('sizes')).map(Number);
  const kinds = words(fields.get('kinds')).map((k) => k.toLowerCase());
  if (sizes.length !== Number(fields.get('dimension')) || (kinds.length > 0 && kinds.length !== sizes.length))
    return null;
  const isDomain = sizes.map((_, axis) => kinds.length === 0 || domainKinds.includes(kinds[axis]!));
  const ranges = sizes.flatMap((_, axis) => (isDomain[axis] ? [] : [axis]));
  if (ranges.length > 1 || (ranges.length === 1 && (ranges[0] !== 0 || !componentKinds.includes(kinds[0]!))))
    return null;
  return {
    components: ranges.length === 1 ? sizes[0]! : 1,
    domain: sizes.flatMap((_, axis) => (isDomain[axis] ? [axis] : [])),
    sizes,
  };
}

/** The grid of a file with a space; null where its axes do not span that space. */
function spaceGrid(fields: Header['fields'], { domain, sizes }: Axes): FileGrid | null {
  const space = fields.get('space')?.toLowerCase().replaceAll(' ', '-');
  const directions = readVectors(fields.get('space directions'));
  const origin = readVectors(fields.get('space origin'))[0] ?? domain.map(() => 0);
  const dimension = Number(fields.get('space dimension') ?? 3);
  if (
    directions.length !== sizes.length ||
    dimension !== domain.length ||
    origin.length !== dimension ||
    fields.has('spacings')
  )
    return null;
  const signs = [...((space && spaceSigns[space]) || [1, 1]), 1];
  const spacing = domain.map(() => 1);
  const axes = identityAxes(dimension);
  for (const [i, axis] of domain.entries()) {
    const vector = directions[axis];
    if (!vector) continue;
    if (vector.length !== dimension) return null;
    // NrrdIO's order of operations: multiply by the reciprocal of the length.
    const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    spacing[i] = norm;
    axes[i] = vector.map((x, row) => (1 / norm) * x * signs[row]!);
  }
  return { size: domain.map((axis) => sizes[axis]!), spacing, origin: origin.map((x, row) => x * signs[row]!), axes };
}

/** The grid of a file without a space: spacings only. */
function plainGrid(fields: Header['fields'], { domain, sizes }: Axes): FileGrid {
  const spacings = words(fields.get('spacings')).map(Number);
  return {
    size: domain.map((axis) => sizes[axis]!),
    spacing: domain.map((axis) => (Number.isNaN(spacings[axis] ?? Number.NaN) ? 1 : spacings[axis]!)),
    origin: domain.map(() => 0),
    axes: identityAxes(domain.length),
  };
}

/**
 * Decodes an NRRD file with attached raw or gzip data.
 * @returns null for the encodings and layouts that are left to ITK
 * @throws PipelineError BadFile
 */
export async function decodeNrrd(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions,
): Promise<DecodedImage | null> {
  const header = readHeader(bytes);
  if (!header || unusualFields.some((field) => header.fields.has(field))) return null;
  const { fields, dataStart } = header;
  const type = types.get(fields.get('type')?.toLowerCase() ?? '');
  const encoding = fields.get('encoding')?.toLowerCase() ?? '';
  const axes = readAxes(fields);
  const littleEndian = fields.get('endian')?.toLowerCase() !== 'big';
  if (!type || !axes || !['raw', 'gzip', 'gz'].includes(encoding)) return null;
  const grid = fields.has('space') || fields.has('space dimension') ? spaceGrid(fields, axes) : plainGrid(fields, axes);
  if (!grid) return null;
  const geometry = gridGeometry(grid, name);
  const attached = bytes.subarray(dataStart);
  if (attached.length === 0)
    throw badFile(name, 'expected voxels after the header, found the end of the file; copy or export the file again');
  const raw = encoding === 'raw' ? attached : await inflateOf(attached, 'gzip', name, options);
  const count = geometry.size[0] * geometry.size[1] * geometry.size[2] * axes.components;
  return {
    ...geometry,
    data: readValues(raw, 0, count, type, littleEndian, name),
    components: axes.components,
    pixelType: type,
  };
}
