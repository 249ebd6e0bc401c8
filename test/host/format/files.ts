/** Small image files for tests, written field by field. */

export interface NiftiFields {
  readonly dims: readonly number[];
  readonly datatype: number;
  readonly voxels: Uint8Array;
  readonly version?: 1 | 2;
  readonly littleEndian?: boolean;
  readonly slope?: number;
  readonly intercept?: number;
  readonly intent?: number;
  /** qfac, then the spacings. */
  readonly pixdim?: readonly number[];
  /** Of qform and sform. */
  readonly codes?: readonly number[];
  readonly quaternion?: readonly number[];
  readonly qoffset?: readonly number[];
  readonly srow?: readonly number[];
  readonly units?: number;
}

/** Offsets of nifti1.h and nifti2.h: dim, datatype, intent, pixdim, vox_offset, slope, units, codes, quaternion, srow. */
const layouts = {
  1: {
    bytes: 348,
    dim: 40,
    datatype: 70,
    intent: 68,
    pixdim: 76,
    offset: 108,
    slope: 112,
    units: 123,
    codes: 252,
    quaternion: 256,
    srow: 280,
  },
  2: {
    bytes: 540,
    dim: 16,
    datatype: 12,
    intent: 504,
    pixdim: 104,
    offset: 168,
    slope: 176,
    units: 500,
    codes: 344,
    quaternion: 352,
    srow: 400,
  },
} as const;

/** A single-file NIfTI image. */
export function niftiFile(fields: NiftiFields): Uint8Array<ArrayBuffer> {
  const { version = 1, littleEndian = true, voxels, dims } = fields;
  const at = layouts[version];
  const start = version === 1 ? 352 : 544;
  const file = new Uint8Array(start + voxels.length);
  const view = new DataView(file.buffer);
  const real = (offset: number, x: number, i = 0) =>
    version === 1 ? view.setFloat32(offset + 4 * i, x, littleEndian) : view.setFloat64(offset + 8 * i, x, littleEndian);
  const code = (offset: number, x: number, i = 0) =>
    version === 1 ? view.setInt16(offset + 2 * i, x, littleEndian) : view.setInt32(offset + 4 * i, x, littleEndian);
  const length = (offset: number, x: number, i = 0) =>
    version === 1
      ? view.setInt16(offset + 2 * i, x, littleEndian)
      : view.setBigInt64(offset + 8 * i, BigInt(x), littleEndian);
  const reals = (offset: number, values: readonly number[]) => {
    for (const [i, x] of values.entries()) real(offset, x, i);
  };
  const all = [dims.length, ...dims, ...Array.from({ length: 7 - dims.length }, () => 1)];
  view.setInt32(0, at.bytes, littleEndian);
  for (const [i, n] of all.entries()) length(at.dim, n, i);
  view.setInt16(at.datatype, fields.datatype, littleEndian);
  code(at.intent, fields.intent ?? 0);
  reals(at.pixdim, fields.pixdim ?? [1, 1, 1, 1, 1, 1, 1, 1]);
  if (version === 1) view.setFloat32(at.offset, start, littleEndian);
  else length(at.offset, start);
  reals(at.slope, [fields.slope ?? 1, fields.intercept ?? 0]);
  if (version === 1) view.setUint8(at.units, fields.units ?? 2);
  else view.setInt32(at.units, fields.units ?? 2, littleEndian);
  for (const [i, x] of (fields.codes ?? [0, 0]).entries()) code(at.codes, x, i);
  reals(at.quaternion, [...(fields.quaternion ?? [0, 0, 0]), ...(fields.qoffset ?? [0, 0, 0])]);
  reals(at.srow, fields.srow ?? []);
  file.set(new TextEncoder().encode(version === 1 ? 'n+1\0' : 'n+2\0'), version === 1 ? 344 : 4);
  file.set(voxels, start);
  return file;
}

/** A text header followed by bytes. */
export function textFile(header: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(text.length + data.length);
  file.set(text);
  file.set(data, text.length);
  return file;
}

/** The bytes of a typed array, in the other byte order if asked. */
export function bytesOf(
  values: ArrayBufferView & { readonly BYTES_PER_ELEMENT: number },
  littleEndian = true,
): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  if (!littleEndian) {
    for (let i = 0; i < bytes.length; i += values.BYTES_PER_ELEMENT)
      bytes.subarray(i, i + values.BYTES_PER_ELEMENT).reverse();
  }
  return bytes;
}

export async function gzip(bytes: Uint8Array, format: CompressionFormat = 'gzip'): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
