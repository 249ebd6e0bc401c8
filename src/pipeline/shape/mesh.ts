/** Area and volume of the surface mesh from the numbers of marching-cubes configurations (PyRadiomics cshape.c). */
import type { Vec3 } from '../volume.ts';
import { edgeMidpoints, triangleEdges } from './mesh-table.ts';

/**
 * How often each marching-cubes configuration occurs on the surface of a region, as exact integers indexed by the
 * 8-bit configuration (corner k of the cell is bit k, see mesh-table.ts; 0 and 255 are never counted).
 */
export interface MeshCounts {
  readonly count: Float64Array;
  /** Sums of the positions of those cells in voxels of the region's box padded by one: corner 0 of cell (0, 0, 0) is padding. */
  readonly sumX: Float64Array;
  readonly sumY: Float64Array;
  readonly sumZ: Float64Array;
}

export interface MeshMeasures {
  /** Area in square millimetres. */
  readonly area: number;
  /** Enclosed volume in cubic millimetres. */
  readonly volume: number;
}

type Vector = readonly [z: number, y: number, x: number];

const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The triangles of one configuration in half voxels: integers. */
interface CellSurface {
  /** Cross product of two edges of each triangle; its length is twice the area. */
  readonly normals: readonly Vector[];
  /** Sum of the triangles' determinants det(a, b, c) with the cell at the origin, and its change per half voxel of position. */
  readonly determinant: number;
  readonly gradient: Vector;
}

/** det(o + a, o + b, o + c) = det(a, b, c) + o . (a x b + b x c + c x a), and the bracket is the triangle's normal. */
function cellSurface(configuration: number): CellSurface {
  const complement = configuration & 0x80;
  const edges = triangleEdges[complement ? configuration ^ 0xff : configuration] as readonly number[];
  const sign = complement ? -1 : 1;
  const normals: Vector[] = [];
  let determinant = 0;
  const gradient: [number, number, number] = [0, 0, 0];
  for (let t = 0; t < edges.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => edgeMidpoints[edges[t + k] as number]) as [Vector, Vector, Vector];
    const normal = cross(subtract(b, a), subtract(c, a));
    normals.push(normal);
    determinant += sign * dot(a, cross(b, c));
    for (let d = 0; d < 3; d++) gradient[d]! += sign * (normal[d] as number);
  }
  return { normals, determinant, gradient };
}

const cellSurfaces: readonly CellSurface[] = Array.from({ length: 256 }, (_, configuration) =>
  cellSurface(configuration),
);

/** Area in square millimetres of the triangles of a cell; the factors turn normals from half voxels into millimetres. */
function cellArea({ normals }: CellSurface, [sx, sy, sz]: Vec3): number {
  let area = 0;
  for (const [nz, ny, nx] of normals)
    area += Math.sqrt((nz * sy * sx) ** 2 + (ny * sz * sx) ** 2 + (nx * sz * sy) ** 2);
  return area / 8;
}

/**
 * Surface area and volume of the mesh. The volume is an integer multiple of 1/48 voxel, so it is exact up to rounding at
 * the end. Positions matter: where voxels touch at edges only, the table leaves gaps in the surface, and the signed volume
 * then depends on the origin, as it does in PyRadiomics.
 * @param spacing millimetres along x, y, z
 */
export function meshMeasures({ count, sumX, sumY, sumZ }: MeshCounts, spacing: Vec3): MeshMeasures {
  let area = 0;
  let determinants = 0;
  for (let c = 1; c < 255; c++) {
    const n = count[c] as number;
    if (n === 0) continue;
    const cell = cellSurfaces[c] as CellSurface;
    area += n * cellArea(cell, spacing);
    const position: Vector = [sumZ[c] as number, sumY[c] as number, sumX[c] as number];
    determinants += n * cell.determinant + 2 * dot(position, cell.gradient);
  }
  // Determinants are in cubes of half voxels, and six times the volume.
  return { area, volume: (determinants / 48) * (spacing[0] * spacing[1] * spacing[2]) };
}
