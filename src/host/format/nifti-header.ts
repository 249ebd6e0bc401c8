/** Headers of NIfTI-1 and NIfTI-2 (https://nifti.nimh.nih.gov/nifti-1, nifti-2), single-file form. */
import { badFile } from './decoded.ts';

export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /** Sizes of the used dimensions, at least 1 each. */
  readonly dims: readonly number[];
  readonly datatype: number;
  readonly intent: number;
  /** Sign of the z axis of the quaternion form. */
  readonly qfac: 1 | -1;
  /** Grid spacings of the used dimensions, and what stands in the header for the others up to the third. */
  readonly pixdim: readonly number[];
  readonly voxelOffset: number;
  readonly slope: number;
  readonly intercept: number;
  /** Millimetres per unit of length. */
  readonly unit: number;
  readonly qformCode: number;
  readonly sformCode: number;
  readonly quaternion: readonly [number, number, number];
  readonly qoffset: readonly [number, number, number];
  /** Three rows of four. */
  readonly srow: readonly number[];
}

const headerBytes = { 1: 348, 2: 540 } as const;
/** Codes of nifti1.h for length: metre, millimetre, micrometre; anything else counts as millimetre. */
const units: Record<number, number> = { 1: 1e3, 2: 1, 3: 1e-3 };
const spatialUnits = 7;

/** Byte offsets of the fields and how to read them. */
const layouts = {
  1: {
    magic: 344,
    datatype: 70,
    intent: 68,
    dim: 40,
    pixdim: 76,
    offset: 108,
    slope: 112,
    intercept: 116,
    units: 123,
    qform: 252,
    sform: 254,
    quaternion: 256,
    qoffset: 268,
    srow: 280,
  },
  2: {
    magic: 4,
    datatype: 12,
    intent: 504,
    dim: 16,
    pixdim: 104,
    offset: 168,
    slope: 176,
    intercept: 184,
    units: 500,
    qform: 344,
    sform: 348,
    quaternion: 352,
    qoffset: 376,
    srow: 400,
  },
} as const;

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

/** Whether the bytes start like a single-file NIfTI image. */
export function isNifti(bytes: Uint8Array): boolean {
  const at = (offset: number) => String.fromCharCode(...bytes.subarray(offset, offset + 3));
  return at(layouts[1].magic) === 'n+1' || at(layouts[2].magic) === 'n+2';
}

function versionOf(view: DataView, name: string): { version: 1 | 2; littleEndian: boolean } {
  for (const version of [1, 2] as const) {
    if (view.byteLength < headerBytes[version]) continue;
    for (const littleEndian of [true, false]) {
      if (view.getInt32(0, littleEndian) === headerBytes[version]) return { version, littleEndian };
    }
  }
  throw badFile(
    name,
    'expected a NIfTI header of 348 or 540 bytes, found another size; the file is not NIfTI or its header is damaged',
  );
}

/**
 * Reads a header and mends what niftilib mends: sizes below 1, spacings of 0, non-finite fields.
 * @throws PipelineError BadFile
 */
export function readNiftiHeader(bytes: Uint8Array, name: string): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { version, littleEndian } = versionOf(view, name);
  const at = layouts[version];
  const real = (offset: number, i = 0) =>
    version === 1 ? view.getFloat32(offset + 4 * i, littleEndian) : view.getFloat64(offset + 8 * i, littleEndian);
  const code = (offset: number) =>
    version === 1 ? view.getInt16(offset, littleEndian) : view.getInt32(offset, littleEndian);
  const integer = (offset: number, i = 0) =>
    version === 1
      ? view.getInt16(offset + 2 * i, littleEndian)
      : Number(view.getBigInt64(offset + 8 * i, littleEndian));
  const count = integer(at.dim);
  if (!(count >= 1 && count <= 7) || integer(at.dim, 1) < 1) {
    throw badFile(
      name,
      `expected 1 to 7 dimensions with a first size above 0, found ${count} and ${integer(at.dim, 1)}; the header is damaged`,
    );
  }
  const used = Array.from({ length: count }, (_, i) => i + 1);
  const three = (offset: number): [number, number, number] => [
    finite(real(offset)),
    finite(real(offset, 1)),
    finite(real(offset, 2)),
  ];
  const voxelOffset = version === 1 ? Math.trunc(real(at.offset)) : integer(at.offset);
  const unitCode = version === 1 ? view.getUint8(at.units) : view.getInt32(at.units, littleEndian);
  return {
    version,
    littleEndian,
    dims: used.map((i) => Math.max(1, integer(at.dim, i))),
    datatype: view.getInt16(at.datatype, littleEndian),
    intent: code(at.intent),
    qfac: real(at.pixdim) < 0 ? -1 : 1,
    pixdim: Array.from({ length: Math.max(3, count) }, (_, i) =>
      i < count ? finite(real(at.pixdim, i + 1)) || 1 : real(at.pixdim, i + 1),
    ),
    voxelOffset: Math.max(headerBytes[version], voxelOffset),
    slope: finite(real(at.slope)),
    intercept: finite(real(at.intercept)),
    unit: units[unitCode & spatialUnits] ?? 1,
    qformCode: Math.max(0, code(at.qform)),
    sformCode: Math.max(0, code(at.sform)),
    quaternion: three(at.quaternion),
    qoffset: three(at.qoffset),
    srow: Array.from({ length: 12 }, (_, i) => real(at.srow, i)),
  };
}
