/** NIfTI-1 and NIfTI-2 images as ITK's NiftiImageIO reads them. */
import type { VoxelArray } from '../../pipeline/volume.ts';
import { badFile, type DecodedImage, type PixelType } from './decoded.ts';
import { gridGeometry } from './grid.ts';
import { type NiftiHeader, readNiftiHeader } from './nifti-header.ts';
import { niftiGrid } from './nifti-orientation.ts';
import { readValues } from './voxels.ts';

/** Datatype codes of nifti1.h. */
const datatypes: Record<number, { type: PixelType; components: number }> = {
  2: { type: 'uint8', components: 1 },
  4: { type: 'int16', components: 1 },
  8: { type: 'int32', components: 1 },
  16: { type: 'float32', components: 1 },
  64: { type: 'float64', components: 1 },
  128: { type: 'uint8', components: 3 },
  256: { type: 'int8', components: 1 },
  512: { type: 'uint16', components: 1 },
  768: { type: 'uint32', components: 1 },
  1024: { type: 'int64', components: 1 },
  1280: { type: 'uint64', components: 1 },
  2304: { type: 'uint8', components: 4 },
};
/** Intents of nifti1.h whose fifth dimension holds the components: vector, displacement. */
const vectorIntents = [1007, 1006];

/** Number of dimensions ITK sees: trailing ones of size 1 beyond the third do not count. */
function dimensionOf({ dims, intent }: NiftiHeader): number {
  let count = vectorIntents.includes(intent) ? Math.min(4, dims.length) : dims.length;
  while (count > 3 && dims[count - 1] === 1) count--;
  if (!vectorIntents.includes(intent)) return count;
  while (count > 1 && dims[count - 1] === 1) count--;
  return count;
}

/** niftilib sets NaN and infinity to 0; the input is copied only where there are any. */
function withoutNonFinite(values: VoxelArray): VoxelArray {
  const bad = (x: number) => x - x !== 0;
  let first = 0;
  while (first < values.length && !bad(values[first]!)) first++;
  if (first === values.length) return values;
  const copy = values.slice();
  for (let i = first; i < copy.length; i++) if (bad(copy[i]!)) copy[i] = 0;
  return copy;
}

/** ITK rescales integers as float32 and floats in their own type; the arithmetic is float64. */
function rescale(
  values: VoxelArray,
  slope: number,
  intercept: number,
  type: PixelType,
): { values: VoxelArray; type: PixelType } {
  const scaled = type === 'float64' ? new Float64Array(values.length) : new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = type === 'float64' ? values[i]! : Math.fround(values[i]!);
    scaled[i] = value * slope + intercept;
  }
  return { values: scaled, type: type === 'float64' ? 'float64' : 'float32' };
}

/** Components lie plane after plane in NIfTI; a voxel's components side by side in ITK. */
function interleave(values: VoxelArray, components: number): VoxelArray {
  const voxels = values.length / components;
  const mixed = values.slice();
  for (let c = 0; c < components; c++) {
    for (let v = 0; v < voxels; v++) mixed[v * components + c] = values[c * voxels + v]!;
  }
  return mixed;
}

function needsRescale(slope: number, intercept: number): boolean {
  return Math.abs(slope - 1) > Number.EPSILON || Math.abs(intercept) > Number.EPSILON;
}

/**
 * Decodes an uncompressed single-file NIfTI image.
 * @param bytes the whole file, decompressed; the result may be a view of it
 * @throws PipelineError BadFile
 */
export function decodeNifti(bytes: Uint8Array, name: string): DecodedImage {
  const header = readNiftiHeader(bytes, name);
  const stored = datatypes[header.datatype];
  if (!stored) {
    throw badFile(
      name,
      `expected voxels of 8 to 64-bit integers or floats, found NIfTI datatype ${header.datatype}; convert the image`,
    );
  }
  const dimension = dimensionOf(header);
  const geometry = gridGeometry(
    dimension > 3 ? { size: header.dims, spacing: [], origin: [], axes: [] } : niftiGrid(header, dimension, name),
    name,
  );
  const planes = vectorIntents.includes(header.intent) ? (header.dims[4] ?? 1) : 1;
  const components = stored.components * planes;
  const count = geometry.size[0] * geometry.size[1] * geometry.size[2] * components;
  let { type } = stored;
  let data = readValues(bytes, header.voxelOffset, count, type, header.littleEndian, name);
  if (type === 'float32' || type === 'float64') data = withoutNonFinite(data);
  const slope = Math.abs(header.slope) < Number.EPSILON ? 1 : header.slope;
  if (needsRescale(slope, header.intercept)) {
    ({ values: data, type } = rescale(data, slope, header.intercept, type));
  }
  if (planes > 1) data = interleave(data, planes);
  return { ...geometry, data, components, pixelType: type };
}
