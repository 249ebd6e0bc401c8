/** NumPy's .npy and .npy.gz files. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface NpyArray {
  readonly shape: readonly number[];
  /** In C order. 64-bit integers as float64. */
  readonly data: Float64Array;
}

const readers: Record<string, (view: DataView, at: number) => number> = {
  '<i8': (view, at) => Number(view.getBigInt64(at, true)),
  '<i4': (view, at) => view.getInt32(at, true),
  '|u1': (view, at) => view.getUint8(at),
  '<f8': (view, at) => view.getFloat64(at, true),
  '<f4': (view, at) => view.getFloat32(at, true),
};

/** Reads version 1 files. An array in Fortran order is returned as its transpose, which is in C order. */
export function readNpy(path: string): NpyArray {
  const file = readFileSync(path);
  const bytes = path.endsWith('.gz') ? gunzipSync(file) : file;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = 10 + view.getUint16(8, true);
  const header = bytes.toString('latin1', 10, headerEnd);
  const type = /'descr': '([^']+)'/.exec(header)?.[1] ?? '';
  const read = readers[type];
  if (!read) throw new Error(`${path}: unsupported npy header ${header}`);
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((s) => s.trim() !== '')
    .map(Number);
  if (/'fortran_order': True/.test(header)) shape.reverse();
  const length = shape.reduce((product, n) => product * n, 1);
  const width = Number(type.slice(2));
  return { shape, data: Float64Array.from({ length }, (_, i) => read(view, headerEnd + i * width)) };
}
