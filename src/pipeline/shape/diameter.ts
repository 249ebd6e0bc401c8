/**
 * The exact maximum diameters of the surface mesh (PyRadiomics shape.py, cshape.c) without comparing all pairs of
 * vertices: both ends of a largest distance are corners of the convex hull, so of the hulls of all planes through them.
 */
import type { Vec3 } from '../volume.ts';
import { farthestPair, Points } from './farthest.ts';
import type { FlatAxis } from './mesh2d.ts';

/** Ends of parallel grid lines: smallest and largest doubled coordinate of a mesh vertex on each line, -1 where none lies on it. */
export interface LineEnds {
  readonly min: Int32Array;
  readonly max: Int32Array;
}

/**
 * The ends of all grid lines along x and along y through mesh vertices, in doubled coordinates of the region's box padded
 * by one voxel: voxel i of the padded box (0 = padding) is at 2 i, a vertex is odd along one axis and even along the others.
 */
export interface Extremes {
  /** Doubled coordinates along x, y, z: 2 (voxels of the box + 2); coordinates start at 0. */
  readonly size: Vec3;
  /** Entry y + size y * z: smallest and largest x. */
  readonly alongX: LineEnds;
  /** Entry x + size x * z: smallest and largest y. */
  readonly alongY: LineEnds;
}

/** Largest distances in millimetres: between any two vertices, and between those with the same z, y or x. */
export interface Diameters {
  readonly maximum3D: number;
  readonly slice: number;
  readonly column: number;
  readonly row: number;
}

const LOWER_END = 1;
const UPPER_END = 2;

/** Parallel planes and the grid lines in each, given by the table that holds the lines. */
interface PlaneStack {
  readonly ends: LineEnds;
  readonly planes: number;
  readonly lines: number;
  /** Entry of a line: plane * planeStep + line * lineStep. */
  readonly planeStep: number;
  readonly lineStep: number;
  /** Spacing along the lines and from line to line. */
  readonly spacing: readonly [along: number, across: number];
}

function planeStack({ size: [nx, ny, nz], alongX, alongY }: Extremes, [sx, sy, sz]: Vec3, axis: FlatAxis): PlaneStack {
  switch (axis) {
    case 0:
      return { ends: alongX, planes: nz, lines: ny, planeStep: ny, lineStep: 1, spacing: [sx, sy] };
    case 1:
      return { ends: alongX, planes: ny, lines: nz, planeStep: 1, lineStep: ny, spacing: [sx, sz] };
    case 2:
      return { ends: alongY, planes: nx, lines: nz, planeStep: 1, lineStep: nx, spacing: [sy, sz] };
  }
}

/** Finds the corners of the convex hulls of planes; holds scratch memory for one stack of planes. */
class HullFinder {
  private readonly line: Int32Array;
  private readonly along: Int32Array;

  constructor(private readonly stack: PlaneStack) {
    this.line = new Int32Array(stack.lines);
    this.along = new Int32Array(stack.lines);
  }

  /**
   * Adds the hull's corners of one plane to `points` (along, across, 0) and marks them in `corners` by line entry.
   * Exact: integer cross products, and stretching the axes keeps the hull. (Andrew's monotone chain; the lines are in order.)
   */
  find(plane: number, points: Points, corners: Uint8Array | null): void {
    this.side(plane, this.stack.ends.min, 1, LOWER_END, points, corners);
    this.side(plane, this.stack.ends.max, -1, UPPER_END, points, corners);
  }

  private side(
    plane: number,
    ends: Int32Array,
    sign: number,
    mark: number,
    points: Points,
    corners: Uint8Array | null,
  ): void {
    const { lines, planeStep, lineStep, spacing } = this.stack;
    const { line, along } = this;
    let top = 0;
    for (let v = 0, entry = plane * planeStep; v < lines; v++, entry += lineStep) {
      const end = ends[entry] as number;
      if (end < 0) continue;
      const u = sign * end;
      while (top > 1) {
        const v0 = line[top - 2] as number;
        const u0 = along[top - 2] as number;
        if (((line[top - 1] as number) - v0) * (u - u0) - ((along[top - 1] as number) - u0) * (v - v0) > 0) break;
        top--;
      }
      line[top] = v;
      along[top++] = u;
    }
    for (let k = 0; k < top; k++) {
      const v = line[k] as number;
      if (corners) corners[plane * planeStep + v * lineStep]! |= mark;
      points.add(coordinate(sign * (along[k] as number), spacing[0]), coordinate(v, spacing[1]), 0);
    }
  }
}

/** As cshape.c computes positions, so that distances are rounded in the same way. */
const coordinate = (doubled: number, spacing: number): number => (doubled / 2) * spacing;

/** The largest squared distance within any plane of a stack; marks the corners of the planes' hulls. */
function searchPlanes(stack: PlaneStack, corners: Uint8Array | null): number {
  const finder = new HullFinder(stack);
  const points = new Points();
  let best = 0;
  // From the middle outwards: the first planes are the largest ones as a rule, and the bound excludes the others.
  for (let k = 0; k < stack.planes; k++) {
    const plane = (stack.planes >> 1) + (k & 1 ? -(k + 1) >> 1 : k >> 1);
    points.length = 0;
    finder.find(plane, points, corners);
    if (points.length > 0) best = farthestPair(points, best);
  }
  return best;
}

/** Vertices that are corners of the hulls of all three planes through them, in doubled coordinates. */
function hullCandidates({ size: [nx, ny, nz], alongX, alongY }: Extremes, corners: readonly Uint8Array[]): Vec3[] {
  const [inZ, inY, inX] = corners as [Uint8Array, Uint8Array, Uint8Array];
  const points: Vec3[] = [];
  const add = (x: number, y: number, z: number) => {
    const line = x + nx * z;
    const marks = inX[line] as number;
    const corner = (alongY.min[line] === y && marks & LOWER_END) || (alongY.max[line] === y && marks & UPPER_END);
    if (corner) points.push([x, y, z]);
  };
  for (let z = 0, line = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++, line++) {
      const marks = (inZ[line] as number) & (inY[line] as number);
      if (marks & LOWER_END) add(alongX.min[line] as number, y, z);
      if (marks & UPPER_END) add(alongX.max[line] as number, y, z);
    }
  }
  return points;
}

/** Marks of hull corners for the stacks of planes across z, y and x, none yet. */
const noCorners = ({ alongX, alongY }: Extremes): Uint8Array[] =>
  [alongX, alongX, alongY].map((ends) => new Uint8Array(ends.min.length));

/**
 * Mesh vertices among which are all corners of the convex hull of the mesh, each once, in doubled coordinates: a corner
 * of the hull is one of the hulls of the three planes through it.
 */
export function hullPoints(extremes: Extremes): Vec3[] {
  const corners = noCorners(extremes);
  for (const axis of [0, 1, 2] as const) {
    // Stretching the axes keeps the hull.
    const stack = planeStack(extremes, [1, 1, 1], axis);
    const finder = new HullFinder(stack);
    const points = new Points();
    for (let plane = 0; plane < stack.planes; plane++) {
      points.length = 0;
      finder.find(plane, points, corners[axis] as Uint8Array);
    }
  }
  const seen = new Set<number>();
  const [nx, ny] = extremes.size;
  return hullCandidates(extremes, corners).filter(([x, y, z]) => {
    const index = x + nx * (y + ny * z);
    return !seen.has(index) && seen.add(index);
  });
}

/**
 * All four diameters. The result is the largest of the distances that cshape.c computes for all pairs of vertices; where
 * several pairs are equally far apart their rounding may differ in the last bit.
 * @param spacing millimetres along x, y, z
 */
export function maximumDiameters(extremes: Extremes, spacing: Vec3): Diameters {
  const corners = noCorners(extremes);
  const [slice, column, row] = ([0, 1, 2] as const).map((axis) =>
    searchPlanes(planeStack(extremes, spacing, axis), corners[axis] as Uint8Array),
  ) as [number, number, number];
  const [sx, sy, sz] = spacing;
  const candidates = new Points();
  for (const [x, y, z] of hullCandidates(extremes, corners))
    candidates.add(coordinate(x, sx), coordinate(y, sy), coordinate(z, sz));
  const largest = candidates.length > 0 ? farthestPair(candidates, Math.max(slice, column, row)) : 0;
  return { maximum3D: Math.sqrt(largest), slice: Math.sqrt(slice), column: Math.sqrt(column), row: Math.sqrt(row) };
}

/**
 * The largest distance between vertices of the outline of a region that is one voxel thick along `axis`.
 * @param spacing millimetres along x, y, z
 */
export function planeDiameter(extremes: Extremes, spacing: Vec3, axis: FlatAxis): number {
  const stack = planeStack(extremes, spacing, axis);
  const points = new Points();
  // The plane through the centres of the region's only layer of voxels.
  new HullFinder(stack).find(2, points, null);
  return points.length > 0 ? Math.sqrt(farthestPair(points, 0)) : 0;
}
