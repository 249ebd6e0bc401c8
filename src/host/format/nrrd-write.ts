/** Writes NRRD files (https://teem.sourceforge.net/nrrd/format.html) with attached data, as ITK's NrrdImageIO writes them. */
import type { Volume, VoxelArray } from '../../pipeline/volume.ts';

/** ITK's names of the types. */
function typeOf(data: VoxelArray): string {
  if (data instanceof Int8Array) return 'signed char';
  if (data instanceof Uint8Array) return 'unsigned char';
  if (data instanceof Int16Array) return 'short';
  if (data instanceof Uint16Array) return 'unsigned short';
  if (data instanceof Int32Array) return 'int';
  if (data instanceof Uint32Array) return 'unsigned int';
  return data instanceof Float32Array ? 'float' : 'double';
}

/**
 * The header of a little-endian file; the voxels follow it, x fastest, compressed by gzip where `gzip` says so.
 * @param image scalar; numbers of its grid are written with all their digits
 */
export function nrrdHeader(image: Volume, gzip: boolean): Uint8Array {
  const { dimension, size, spacing, origin, direction, data } = image;
  const axes = Array.from({ length: dimension }, (_, axis) => axis);
  const vector = (numbers: readonly number[]) => `(${numbers.join(',')})`;
  const columns = axes.map((axis) => vector(axes.map((row) => direction[3 * row + axis]! * spacing[axis]!)));
  const lines = [
    'NRRD0004',
    '# Complete NRRD file format specification at:',
    '# http://teem.sourceforge.net/nrrd/format.html',
    `type: ${typeOf(data)}`,
    `dimension: ${dimension}`,
    dimension === 3 ? 'space: left-posterior-superior' : 'space dimension: 2',
    `sizes: ${axes.map((axis) => size[axis]).join(' ')}`,
    `space directions: ${columns.join(' ')}`,
    `kinds: ${axes.map(() => 'domain').join(' ')}`,
    'endian: little',
    `encoding: ${gzip ? 'gzip' : 'raw'}`,
    `space origin: ${vector(axes.map((axis) => origin[axis]!))}`,
  ];
  return new TextEncoder().encode(`${lines.join('\n')}\n\n`);
}
