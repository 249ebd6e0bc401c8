/** CPU twin of shape/mesh: configurations cell by cell; and area and volume triangle by triangle, as cshape.c does. */
import type { MeshCounts, MeshMeasures } from '../../../src/pipeline/shape/mesh.ts';
import { edgeMidpoints, triangleEdges } from '../../../src/pipeline/shape/mesh-table.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';

const corners = [
  [0, 0, 0],
  [0, 0, 1],
  [0, 1, 1],
  [0, 1, 0],
  [1, 0, 0],
  [1, 0, 1],
  [1, 1, 1],
  [1, 1, 0],
] as const;

/** Whether voxel (x, y, z) of the box padded by one belongs to the region. */
export function paddedMask(mask: Uint8Array, [nx, ny, nz]: Vec3): (x: number, y: number, z: number) => boolean {
  return (x, y, z) =>
    x > 0 && y > 0 && z > 0 && x <= nx && y <= ny && z <= nz && mask[x - 1 + nx * (y - 1 + ny * (z - 1))] === 1;
}

/** Calls `cell` for every cell of the padded box whose corners are not all alike. */
function forEachCell(
  mask: Uint8Array,
  size: Vec3,
  cell: (configuration: number, x: number, y: number, z: number) => void,
): void {
  const inside = paddedMask(mask, size);
  for (let z = 0; z <= size[2]; z++) {
    for (let y = 0; y <= size[1]; y++) {
      for (let x = 0; x <= size[0]; x++) {
        let configuration = 0;
        corners.forEach(([dz, dy, dx], k) => {
          if (inside(x + dx, y + dy, z + dz)) configuration |= 1 << k;
        });
        if (configuration !== 0 && configuration !== 255) cell(configuration, x, y, z);
      }
    }
  }
}

/** @param mask 1 inside, x fastest @param size of the mask's box */
export function meshCounts(mask: Uint8Array, size: Vec3): MeshCounts {
  const table = () => new Float64Array(256);
  const counts = { count: table(), sumX: table(), sumY: table(), sumZ: table() };
  forEachCell(mask, size, (configuration, x, y, z) => {
    counts.count[configuration]! += 1;
    counts.sumX[configuration]! += x;
    counts.sumY[configuration]! += y;
    counts.sumZ[configuration]! += z;
  });
  return counts;
}

/** Area and volume by summing over the triangles at their places. */
export function meshByTriangles(mask: Uint8Array, size: Vec3, spacing: Vec3): MeshMeasures {
  let area = 0;
  let volume = 0;
  forEachCell(mask, size, (configuration, x, y, z) => {
    const flipped = configuration >= 128;
    const edges = triangleEdges[flipped ? configuration ^ 255 : configuration]!;
    for (let t = 0; t < edges.length; t += 3) {
      const [a, b, c] = [0, 1, 2].map((k) => {
        const [dz, dy, dx] = edgeMidpoints[edges[t + k]!]!;
        return [(z + dz / 2) * spacing[2], (y + dy / 2) * spacing[1], (x + dx / 2) * spacing[0]];
      }) as [number[], number[], number[]];
      const cross = (p: number[], q: number[]) => [
        p[1]! * q[2]! - q[1]! * p[2]!,
        p[2]! * q[0]! - q[2]! * p[0]!,
        p[0]! * q[1]! - q[0]! * p[1]!,
      ];
      const ab = cross(a, b);
      volume += ((flipped ? -1 : 1) * (ab[0]! * c[0]! + ab[1]! * c[1]! + ab[2]! * c[2]!)) / 6;
      const minus = (p: number[], q: number[]) => p.map((v, d) => v - q[d]!);
      area += Math.hypot(...cross(minus(a, c), minus(b, c))) / 2;
    }
  });
  return { area, volume };
}

/** The vertices that cshape.c stores, in doubled coordinates: of each cell those on the edges that meet in its corner 7. */
export function storedVertices(mask: Uint8Array, size: Vec3): Vec3[] {
  const vertices: Vec3[] = [];
  const pointsAndEdges = [
    [6, 6],
    [4, 7],
    [3, 11],
  ] as const;
  forEachCell(mask, size, (configuration, x, y, z) => {
    const index = configuration >= 128 ? configuration ^ 255 : configuration;
    for (const [point, edge] of pointsAndEdges) {
      const [dz, dy, dx] = edgeMidpoints[edge]!;
      if (index & (1 << point)) vertices.push([2 * x + dx, 2 * y + dy, 2 * z + dz]);
    }
  });
  return vertices;
}
