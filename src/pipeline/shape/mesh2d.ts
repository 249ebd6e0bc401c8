/** Perimeter and area of a plane region from the configurations of its cells (PyRadiomics cshape.c, 2D). */
import type { MeshCounts } from './mesh.ts';

/** The axis across a plane region: 0 = z, 1 = y, 2 = x, as in force2Ddimension. */
export type FlatAxis = 0 | 1 | 2;

/** A pair along the two axes of the plane in the order z, y, x: (row, column). */
export type Pair = readonly [row: number, column: number];

/**
 * How often each marching-squares configuration occurs: exact integers indexed by the 4-bit configuration. Corner k of a
 * square is bit k, at (row, column) = 00 01 11 10; 0 and 15 are never counted.
 */
export interface SquareCounts {
  readonly count: Float64Array;
  /** Sums of the positions of those squares in pixels of the plane's box padded by one. */
  readonly sumRow: Float64Array;
  readonly sumColumn: Float64Array;
}

/**
 * Lines of each configuration: two edges per line, edges 0 .. 3 at (row, column) = (0, 1/2) (1/2, 1) (1, 1/2) (1/2, 0).
 * The table is taken from PyRadiomics (radiomics/src/cshape.c), Copyright 2017 Harvard Medical School, BSD-3-Clause; its
 * licence text is in the file NOTICE.
 */
const lineEdges = ['', '30', '01', '31', '12', '1230', '02', '32', '23', '20', '0123', '21', '13', '10', '03', ''];

const edgeMidpoints: readonly Pair[] = [
  [0, 1],
  [1, 2],
  [2, 1],
  [1, 0],
];

/** (z, y, x) of corner k of a cell, as in mesh-table.ts. */
const cubeCorners = ['000', '001', '011', '010', '100', '101', '111', '110'];
const squareCorners = ['00', '01', '11', '10'];

/** Square of the upper face of a cell across `axis`, by the cell's configuration; 0 where the lower face holds a corner. */
function upperSquare(configuration: number, axis: FlatAxis): number {
  let square = 0;
  for (let k = 0; k < 8; k++) {
    if (!(configuration & (1 << k))) continue;
    const corner = cubeCorners[k] as string;
    if (corner[axis] === '0') return 0;
    square |= 1 << squareCorners.indexOf(corner.slice(0, axis) + corner.slice(axis + 1));
  }
  return square;
}

const upperSquares = ([0, 1, 2] as const).map((axis) =>
  Uint8Array.from({ length: 256 }, (_, configuration) => upperSquare(configuration, axis)),
);

/**
 * The squares of a region that is one voxel thick along `axis`: the cells below it, which hold voxels on their upper face
 * only. The cells above it are their mirror images.
 */
export function squareCounts({ count, sumX, sumY, sumZ }: MeshCounts, axis: FlatAxis): SquareCounts {
  const [rows, columns] = [sumZ, sumY, sumX].filter((_, d) => d !== axis) as [Float64Array, Float64Array];
  const squares = { count: new Float64Array(16), sumRow: new Float64Array(16), sumColumn: new Float64Array(16) };
  const table = upperSquares[axis] as Uint8Array;
  for (let c = 1; c < 255; c++) {
    const square = table[c] as number;
    if (square === 0 || square === 15) continue;
    squares.count[square]! += count[c] as number;
    squares.sumRow[square]! += rows[c] as number;
    squares.sumColumn[square]! += columns[c] as number;
  }
  return squares;
}

/** The lines of one configuration in half pixels: integers. */
interface SquareBoundary {
  readonly lines: readonly Pair[];
  /** Sum of the lines' a x b with the square at the origin, and of their directions b - a. */
  readonly determinant: number;
  readonly direction: Pair;
}

/** (o + a) x (o + b) = a x b + o x (b - a). */
function squareBoundary(edges: string): SquareBoundary {
  const lines: Pair[] = [];
  let determinant = 0;
  const direction: [number, number] = [0, 0];
  for (let t = 0; t < edges.length; t += 2) {
    const [a, b] = [0, 1].map((k) => edgeMidpoints[Number(edges[t + k])]) as [Pair, Pair];
    const line: Pair = [b[0] - a[0], b[1] - a[1]];
    lines.push(line);
    determinant += a[0] * b[1] - a[1] * b[0];
    direction[0] += line[0];
    direction[1] += line[1];
  }
  return { lines, determinant, direction };
}

const squareBoundaries = lineEdges.map(squareBoundary);

/**
 * Perimeter (millimetres) and signed area (square millimetres) of the mesh of lines.
 * @param spacing millimetres along the rows' and the columns' axis
 */
export function outlineMeasures(
  { count, sumRow, sumColumn }: SquareCounts,
  spacing: Pair,
): { perimeter: number; surface: number } {
  let perimeter = 0;
  let determinants = 0;
  for (let c = 1; c < 15; c++) {
    const n = count[c] as number;
    if (n === 0) continue;
    const { lines, determinant, direction } = squareBoundaries[c] as SquareBoundary;
    for (const [row, column] of lines)
      perimeter += n * Math.sqrt(((row / 2) * spacing[0]) ** 2 + ((column / 2) * spacing[1]) ** 2);
    determinants +=
      n * determinant + 2 * ((sumRow[c] as number) * direction[1] - (sumColumn[c] as number) * direction[0]);
  }
  // Determinants are in squares of half pixels, and twice the area.
  return { perimeter, surface: (determinants / 8) * (spacing[0] * spacing[1]) };
}
