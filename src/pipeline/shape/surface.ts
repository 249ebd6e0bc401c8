/** shape/mesh and shape/extremes: the surface mesh of each region as exact integers. */
import extremesSource from '../../../shaders/shape/extremes.wgsl?raw';
import meshSource from '../../../shaders/shape/mesh.wgsl?raw';
import { type BufferRef, defineKernel, packStructs, type Recording, type Results } from '../../engine/index.ts';
import { type Box, boxSize } from '../box.ts';
import type { RegionCells } from '../roi/compact.ts';
import { pair } from '../roi/extent.ts';
import type { Extremes } from './diameter.ts';
import type { MeshCounts } from './mesh.ts';

export const mesh = defineKernel({
  name: 'shape/mesh',
  source: meshSource,
  bindings: { params: 'uniform', voxels: 'read', cells: 'read', box_first: 'read', sums: 'read_write' },
  workgroup: 64,
});

export const extremes = defineKernel({
  name: 'shape/extremes',
  source: extremesSource,
  bindings: { params: 'uniform', voxels: 'read', cells: 'read', line_tables: 'read', lines: 'read_write' },
  workgroup: 64,
});

const CONFIGURATIONS = 256;
const MESH_ROW = 8;

/** Counts the marching-cubes configurations of all regions. @param boxes box of each region in the unpadded box */
export function recordMesh(
  rec: Recording,
  { cells, voxels, length, box }: RegionCells,
  boxes: readonly Box[],
): BufferRef {
  const sums = rec.zeros('shape/mesh.sums', boxes.length * CONFIGURATIONS * MESH_ROW * 4);
  const first = rec.upload('shape/mesh.box_first', Uint32Array.from(boxes.flatMap((b) => [...b.first, 0])));
  rec.dispatch(
    mesh,
    {
      params: { padded: box.padded, pad: box.pad, length, corners: 8, axes: 3 },
      voxels,
      cells,
      box_first: first,
      sums,
    },
    length,
  );
  return sums;
}

export function decodeMesh(sums: Uint32Array, region: number): MeshCounts {
  const column = (k: number) =>
    Float64Array.from({ length: CONFIGURATIONS }, (_, c) =>
      pair(sums, (region * CONFIGURATIONS + c) * MESH_ROW + 2 * k),
    );
  return { count: column(0), sumX: column(1), sumY: column(2), sumZ: column(3) };
}

/** Where the line tables of each region lie in the buffer. */
export interface LineLayout {
  readonly first: readonly number[];
  /** Doubled coordinates along x, y, z of each region's box padded by one voxel. */
  readonly size: readonly (readonly [number, number, number])[];
  readonly words: number;
}

export function lineLayout(boxes: readonly Box[]): LineLayout {
  const size = boxes.map((b) => boxSize(b).map((n) => 2 * (n + 2)) as [number, number, number]);
  const first: number[] = [];
  let words = 0;
  for (const [x, y, z] of size) {
    first.push(words);
    words += 2 * (y * z + x * z);
  }
  return { first, size, words };
}

/** Finds the ends of all lines through mesh vertices. */
export function recordExtremes(
  rec: Recording,
  { cells, voxels, length, box }: RegionCells,
  boxes: readonly Box[],
  layout: LineLayout,
): BufferRef {
  const rows = boxes.map((b, r) => {
    const [size_x, size_y, size_z] = layout.size[r] as readonly [number, number, number];
    return {
      first: layout.first[r] as number,
      low_x: b.first[0],
      low_y: b.first[1],
      low_z: b.first[2],
      size_x,
      size_y,
      size_z,
    };
  });
  const tables = rec.upload('shape/extremes.line_tables', packStructs(extremes, 'LineTable', rows));
  const lines = rec.zeros('shape/extremes.lines', layout.words * 4);
  rec.dispatch(
    extremes,
    {
      params: { padded: box.padded, pad: box.pad, length, faces: 6, ends: 4 },
      voxels,
      cells,
      line_tables: tables,
      lines,
    },
    length,
  );
  return lines;
}

/** The surfaces of all regions of a mask. */
export interface SurfaceCounts {
  readonly mesh: Uint32Array;
  readonly lines: Uint32Array;
  readonly layout: LineLayout;
}

/** Counts and line ends of all regions. @param boxes box of each region in the unpadded box */
export function recordSurface(rec: Recording, cells: RegionCells, boxes: readonly Box[]) {
  const layout = lineLayout(boxes);
  const mesh = rec.download(recordMesh(rec, cells, boxes));
  const lines = rec.download(recordExtremes(rec, cells, boxes, layout));
  return (results: Results): SurfaceCounts => ({ mesh: results.u32(mesh), lines: results.u32(lines), layout });
}

export function decodeExtremes(lines: Uint32Array, layout: LineLayout, region: number): Extremes {
  const [x, y, z] = layout.size[region] as readonly [number, number, number];
  const first = layout.first[region] as number;
  const table = (from: number, length: number) => {
    const min = new Int32Array(length);
    const max = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      const high = lines[from + 2 * i + 1] as number;
      min[i] = high === 0 ? -1 : ~(lines[from + 2 * i] as number) >>> 0;
      max[i] = high - 1;
    }
    return { min, max };
  };
  return { size: [x, y, z], alongX: table(first, y * z), alongY: table(first + 2 * y * z, x * z) };
}
