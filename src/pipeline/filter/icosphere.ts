/** Points on a sphere: an icosahedron whose triangles are divided into four, as trimesh makes its icosphere. */
import type { Vec3 } from '../volume.ts';

const [A, B] = [0.5257311121191336, 0.85065080835204];

const corners: readonly Vec3[] = [
  [-A, B, 0],
  [A, B, 0],
  [-A, -B, 0],
  [A, -B, 0],
  [0, -A, B],
  [0, A, B],
  [0, -A, -B],
  [0, A, -B],
  [B, 0, -A],
  [B, 0, A],
  [-B, 0, -A],
  [-B, 0, A],
];

/** Three corners per triangle, anticlockwise seen from outside: those around corner 0, their outer neighbours, around 3. */
const triangles: readonly Vec3[] = [
  ...([
    [0, 11, 5],
    [0, 5, 1],
    [0, 1, 7],
    [0, 7, 10],
    [0, 10, 11],
  ] as const),
  ...([
    [1, 5, 9],
    [5, 11, 4],
    [11, 10, 2],
    [10, 7, 6],
    [7, 1, 8],
  ] as const),
  ...([
    [3, 9, 4],
    [3, 4, 2],
    [3, 2, 6],
    [3, 6, 8],
    [3, 8, 9],
  ] as const),
  ...([
    [4, 9, 5],
    [2, 4, 11],
    [6, 2, 10],
    [8, 6, 7],
    [9, 8, 1],
  ] as const),
];

/** Moves points along their radius onto the sphere. */
function onSphere(points: readonly Vec3[], radius: number): Vec3[] {
  return points.map(([x, y, z]) => {
    const length = Math.sqrt(x * x + y * y + z * z);
    const move = (c: number) => c + (c / length) * (radius - length);
    return [move(x), move(y), move(z)];
  });
}

interface Mesh {
  readonly points: readonly Vec3[];
  readonly faces: readonly Vec3[];
}

/** Four triangles for each: the middles of its edges become points. */
function divide({ points, faces }: Mesh): Mesh {
  const key = (a: number, b: number) => Math.max(a, b) * points.length + Math.min(a, b);
  const edges = faces.flatMap(([a, b, c]) => [key(a, b), key(b, c), key(c, a)]);
  // trimesh sorts edges by their larger end, then by the smaller.
  const sorted = [...new Set(edges)].sort((p, q) => p - q);
  const middles = sorted.map((edge): Vec3 => {
    const [p, q] = [points[edge % points.length]!, points[Math.floor(edge / points.length)]!];
    return [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2];
  });
  const place = new Map(sorted.map((edge, k) => [edge, points.length + k]));
  const divided = faces.flatMap(([a, b, c]): Vec3[] => {
    const [ab, bc, ca] = [place.get(key(a, b))!, place.get(key(b, c))!, place.get(key(c, a))!];
    return [
      [a, ab, ca],
      [ab, b, bc],
      [ca, bc, c],
      [ab, bc, ca],
    ];
  });
  return { points: [...points, ...middles], faces: divided };
}

/**
 * The points of an icosphere, in trimesh's order: 10 x 4^subdivisions + 2 of them.
 * @param subdivisions 0 gives the icosahedron
 */
export function icosphere(subdivisions: number, radius: number): Vec3[] {
  let mesh: Mesh = { points: corners, faces: triangles };
  if (subdivisions === 0) return onSphere(corners, radius);
  for (let k = 0; k < subdivisions; k++) {
    const { points, faces } = divide(mesh);
    mesh = { points: onSphere(points, radius), faces };
  }
  return [...mesh.points];
}
