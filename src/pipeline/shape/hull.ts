/** The convex hull of points with whole coordinates, exactly: every decision is the sign of an integer. */
import type { Vec3 } from '../volume.ts';
import type { MeshMeasures } from './mesh.ts';

const minus = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** A triangle whose normal points outwards. */
interface Face {
  readonly corners: readonly [number, number, number];
  readonly normal: Vec3;
  /** A point x is beyond the face where normal . x > offset. */
  readonly offset: number;
  /** Points beyond this face, each of which is on the list of one face only; the farthest first. */
  readonly outside: number[];
  alive: boolean;
}

/** An index of the largest value above 0; -1 where there is none. */
function largest(count: number, value: (index: number) => number): number {
  let [best, at] = [0, -1];
  for (let k = 0; k < count; k++) {
    const here = value(k);
    if (here > best) [best, at] = [here, k];
  }
  return at;
}

/** Four points that are not in a plane, the third to the left of the first two as seen from the fourth. */
export function tetrahedron(points: readonly Vec3[]): [number, number, number, number] | null {
  const origin = points[0] as Vec3;
  const from = (k: number) => minus(points[k] as Vec3, origin);
  const b = largest(points.length, (k) => dot(from(k), from(k)));
  if (b < 0) return null;
  const area = (k: number) => cross(from(b), from(k));
  const c = largest(points.length, (k) => dot(area(k), area(k)));
  if (c < 0) return null;
  const normal = area(c);
  const d = largest(points.length, (k) => Math.abs(dot(normal, from(k))));
  if (d < 0) return null;
  return dot(normal, from(d)) < 0 ? [0, b, c, d] : [0, c, b, d];
}

/** Quickhull (Barber, Dobkin, Huhdanpaa 1996); a point in the plane of a face is not beyond it. */
class Quickhull {
  readonly faces: Face[] = [];
  /** The face to the left of each directed edge, by `edge`. */
  readonly #left = new Map<number, Face>();

  constructor(readonly points: readonly Vec3[]) {}

  readonly #edge = (a: number, b: number): number => a * this.points.length + b;

  /** How far a point is beyond a face, in units of the normal's length: a whole number. */
  #height({ normal, offset }: Face, point: number): number {
    return dot(normal, this.points[point] as Vec3) - offset;
  }

  /** Adds a face with its outward side where a, b, c turn to the left. */
  add(a: number, b: number, c: number): Face {
    const [p, q, r] = [a, b, c].map((k) => this.points[k] as Vec3) as [Vec3, Vec3, Vec3];
    const normal = cross(minus(q, p), minus(r, p));
    const face: Face = { corners: [a, b, c], normal, offset: dot(normal, p), outside: [], alive: true };
    this.#left.set(this.#edge(a, b), face);
    this.#left.set(this.#edge(b, c), face);
    this.#left.set(this.#edge(c, a), face);
    this.faces.push(face);
    return face;
  }

  /** Gives each point to the first face that it is beyond; points beyond none are inside. */
  share(candidates: Iterable<number>, faces: readonly Face[]): void {
    const farthest = new Map<Face, number>();
    for (const point of candidates) {
      const face = faces.find((f) => this.#height(f, point) > 0);
      if (!face) continue;
      const height = this.#height(face, point);
      if (height > (farthest.get(face) ?? 0)) {
        farthest.set(face, height);
        face.outside.unshift(point);
      } else face.outside.push(point);
    }
  }

  /** Extends the hull by the point that is farthest beyond a face. */
  extend(start: Face): void {
    const [apex, ...rest] = start.outside as [number, ...number[]];
    const visible: Face[] = [start];
    start.alive = false;
    const horizon: [number, number][] = [];
    for (let k = 0; k < visible.length; k++) {
      const { corners } = visible[k] as Face;
      corners.forEach((a, i) => {
        const b = corners[(i + 1) % 3] as number;
        const other = this.#left.get(this.#edge(b, a)) as Face;
        if (!other.alive) return;
        if (this.#height(other, apex) > 0) {
          other.alive = false;
          visible.push(other);
        } else horizon.push([a, b]);
      });
    }
    const orphans = [...rest, ...visible.slice(1).flatMap(({ outside }) => outside)];
    const added = horizon.map(([a, b]) => this.add(a, b, apex));
    this.share(orphans, added);
  }
}

/**
 * The convex hull as triangles, corners by index of the point; they turn to the left as seen from outside. Facets of more
 * than three corners are several triangles.
 * @param points whole coordinates below 2^13 in magnitude, for which float64 has every number exactly; no point twice
 * @returns no triangles where all points are in one plane
 */
export function convexHull(points: readonly Vec3[]): (readonly [number, number, number])[] {
  const first = points.length > 3 ? tetrahedron(points) : null;
  if (!first) return [];
  const hull = new Quickhull(points);
  const [a, b, c, d] = first;
  const start = [hull.add(a, b, c), hull.add(a, d, b), hull.add(b, d, c), hull.add(c, d, a)];
  hull.share(
    points.keys().filter((k) => !first.includes(k)),
    start,
  );
  for (let k = 0; k < hull.faces.length; k++) {
    const face = hull.faces[k] as Face;
    if (face.alive && face.outside.length > 0) hull.extend(face);
  }
  return hull.faces.filter(({ alive }) => alive).map(({ corners }) => corners);
}

/** The convex hull of a mesh in millimetres. */
export interface HullMeasures extends MeshMeasures {
  /** Corners of the hull, millimetres along x, y, z. */
  readonly corners: readonly Vec3[];
}

/**
 * Area, volume and corners of the convex hull of mesh vertices. The volume is a whole multiple of 1/48 voxel, so it is
 * exact up to rounding at the end.
 * @param points vertices in doubled coordinates, see `hullPoints`
 * @param spacing millimetres along x, y, z
 */
export function hullMeasures(points: readonly Vec3[], [x, y, z]: Vec3): HullMeasures {
  const faces = convexHull(points);
  let area = 0;
  let determinants = 0;
  for (const corners of faces) {
    const [a, b, c] = corners.map((k) => points[k] as Vec3) as [Vec3, Vec3, Vec3];
    const [nx, ny, nz] = cross(minus(b, a), minus(c, a));
    area += Math.sqrt((nx * y * z) ** 2 + (ny * x * z) ** 2 + (nz * x * y) ** 2) / 8;
    determinants += dot(a, cross(b, c));
  }
  const place = (k: number): Vec3 => {
    const [i, j, l] = points[k] as Vec3;
    return [(i / 2) * x, (j / 2) * y, (l / 2) * z];
  };
  return { area, volume: (determinants / 48) * (x * y * z), corners: [...new Set(faces.flat())].map(place) };
}
