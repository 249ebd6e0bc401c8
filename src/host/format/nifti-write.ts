/** Writes NIfTI-1 files (https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h), single-file form. */
import type { Geometry, VoxelArray } from '../../pipeline/volume.ts';

const headerBytes = 348;
/** The header, padded by the four bytes that say "no extension". */
const voxelOffset = 352;
const millimetres = 2;
/** `NIFTI_XFORM_SCANNER_ANAT`: coordinates of the scanner. */
const scannerAnatomical = 1;

/** Datatype codes of nifti1.h. */
function datatypeOf(data: VoxelArray): number {
  if (data instanceof Int8Array) return 256;
  if (data instanceof Uint8Array) return 2;
  if (data instanceof Int16Array) return 4;
  if (data instanceof Uint16Array) return 512;
  if (data instanceof Int32Array) return 8;
  if (data instanceof Uint32Array) return 768;
  return data instanceof Float32Array ? 16 : 64;
}

/** Row-major 3 x 3 direction in NIfTI's RAS frame: x and y point the other way than in LPS. */
function rasDirection(direction: readonly number[]): number[] {
  return direction.map((value, i) => (i < 6 ? -value : value));
}

function determinant(m: readonly number[]): number {
  return (
    m[0]! * (m[4]! * m[8]! - m[5]! * m[7]!) -
    m[1]! * (m[3]! * m[8]! - m[5]! * m[6]!) +
    m[2]! * (m[3]! * m[7]! - m[4]! * m[6]!)
  );
}

/** Unit quaternion [a, b, c, d], a >= 0, of a row-major rotation; the largest component is computed first. */
function quaternion(r: readonly number[]): [number, number, number, number] {
  const [r11, r12, r13, r21, r22, r23, r31, r32, r33] = r as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const squares = [1 + r11 + r22 + r33, 1 + r11 - r22 - r33, 1 - r11 + r22 - r33, 1 - r11 - r22 + r33];
  const largest = squares.indexOf(Math.max(...squares));
  const root = Math.sqrt(Math.max(squares[largest]!, 0));
  const rest = 0.5 / root;
  const candidates: [number, number, number, number][] = [
    [root / 2, (r32 - r23) * rest, (r13 - r31) * rest, (r21 - r12) * rest],
    [(r32 - r23) * rest, root / 2, (r12 + r21) * rest, (r13 + r31) * rest],
    [(r13 - r31) * rest, (r12 + r21) * rest, root / 2, (r23 + r32) * rest],
    [(r21 - r12) * rest, (r13 + r31) * rest, (r23 + r32) * rest, root / 2],
  ];
  const [a, b, c, d] = candidates[largest]!;
  return a < 0 ? [-a, -b, -c, -d] : [a, b, c, d];
}

function writeTransforms(view: DataView, { spacing, origin, direction }: Geometry): void {
  const ras = rasDirection(direction);
  const offsets = [-origin[0], -origin[1], origin[2]];
  // A quaternion cannot mirror; `qfac` in pixdim[0] mirrors the third axis instead.
  const mirrored = determinant(ras) < 0;
  const rotation = mirrored ? ras.map((value, i) => (i % 3 === 2 ? -value : value)) : ras;
  const [, b, c, d] = quaternion(rotation);
  view.setFloat32(76, mirrored ? -1 : 1, true);
  for (const [axis, length] of spacing.entries()) view.setFloat32(80 + 4 * axis, length, true);
  view.setInt16(252, scannerAnatomical, true);
  view.setInt16(254, scannerAnatomical, true);
  for (const [i, value] of [b, c, d, ...offsets].entries()) view.setFloat32(256 + 4 * i, value, true);
  for (let row = 0; row < 3; row++) {
    const at = 280 + 16 * row;
    for (let axis = 0; axis < 3; axis++) view.setFloat32(at + 4 * axis, ras[3 * row + axis]! * spacing[axis]!, true);
    view.setFloat32(at + 12, offsets[row]!, true);
  }
}

function writeHeader(view: DataView, geometry: Geometry, data: VoxelArray): void {
  view.setInt32(0, headerBytes, true);
  view.setInt16(40, geometry.dimension, true);
  for (let axis = 0; axis < 7; axis++) view.setInt16(42 + 2 * axis, geometry.size[axis] ?? 1, true);
  view.setInt16(70, datatypeOf(data), true);
  view.setInt16(72, 8 * data.BYTES_PER_ELEMENT, true);
  view.setFloat32(108, voxelOffset, true);
  view.setFloat32(112, 1, true);
  view.setUint8(123, millimetres);
  writeTransforms(view, geometry);
  for (const [i, character] of [...'n+1\0'].entries()) view.setUint8(344 + i, character.charCodeAt(0));
}

/**
 * Encodes an image or a mask as an uncompressed, little-endian .nii file; gzip it for .nii.gz.
 * The geometry goes into sform and qform alike, from LPS to NIfTI's RAS; NIfTI keeps it in float32.
 * @throws RangeError where an axis is longer than NIfTI-1 can say (32767)
 */
export function encodeNifti(volume: Geometry & { readonly data: VoxelArray }): Uint8Array<ArrayBuffer> {
  const { data, size } = volume;
  if (Math.max(...size) > 32767)
    throw new RangeError(`NIfTI-1 allows 32767 voxels per axis, found ${size.join(' x ')}`);
  const bytes = new Uint8Array(voxelOffset + data.byteLength);
  writeHeader(new DataView(bytes.buffer), volume, data);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), voxelOffset);
  return bytes;
}
