/** The convex hull and the smallest enclosing ellipsoid of meshes, against planes through all triples and Khachiyan's steps. */
import { describe, expect, it } from 'vitest';
import { hullPoints } from '../../src/pipeline/shape/diameter.ts';
import { ellipsoidArea, ellipsoidVolume, enclosingEllipsoid } from '../../src/pipeline/shape/ellipsoid.ts';
import { convexHull, hullMeasures } from '../../src/pipeline/shape/hull.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { extremes, vertices } from '../reference/shape/extremes.ts';
import { enclosingVolume, hullByPlanes } from '../reference/shape/hull.ts';
import { expectClose } from '../support/close.ts';
import { random, randomLabels, voxelCount } from '../support/random.ts';

/** A few hundred float64 operations on either side. */
const ROUNDING = 1e-12;
/** Where Khachiyan's algorithm stops, and how much too large the volume can be then: the bound of its paper. */
const KHACHIYAN = 1e-3;
const ENCLOSING = (1 + KHACHIYAN) ** 2 - 1;

const minus = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const volume6 = (a: Vec3, b: Vec3, c: Vec3): number =>
  a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0]);

/** Closed, convex, and nothing outside: there is one such surface. */
function expectHull(mask: Uint8Array, size: Vec3): void {
  const points = hullPoints(extremes(mask, size));
  const faces = convexHull(points);
  const edges = new Set<string>();
  const all = vertices(mask, size);
  for (const face of faces) {
    const [a, b, c] = face.map((k) => points[k]!) as [Vec3, Vec3, Vec3];
    for (const p of all) expect(volume6(minus(b, a), minus(c, a), minus(p, a))).toBeLessThanOrEqual(0);
    face.forEach((from, k) => {
      const edge = `${from} ${face[(k + 1) % 3]}`;
      expect(edges.has(edge)).toBe(false);
      edges.add(edge);
    });
  }
  for (const edge of edges) expect(edges.has(edge.split(' ').reverse().join(' '))).toBe(true);
  expect(faces.length).toBeGreaterThanOrEqual(4);
}

const spacing: Vec3 = [0.7, 1.3, 2.5];

/** Scattered and full masks of up to four voxels along an axis. */
const small = Array.from({ length: 12 }, (_, k) => {
  const next = random(k);
  const size = [0, 0, 0].map(() => 1 + Math.floor(next() * 3)) as unknown as Vec3;
  const mask = randomLabels(size, 1, 0.5 + next(), k);
  mask[0] = 1;
  return { name: `${k}, ${size.join(' x ')}`, size, mask };
});

describe('the convex hull of a mesh', () => {
  it('is closed, convex and encloses every vertex', () => {
    const next = random(5);
    for (let k = 0; k < 60; k++) {
      const size = [0, 0, 0].map(() => 1 + Math.floor(next() * 9)) as unknown as Vec3;
      const mask = randomLabels(size, 1, 0.02 + next(), k);
      mask[0] = 1;
      expectHull(mask, size);
    }
  });

  it.each(small)('has the area and volume of its planes: $name', ({ size, mask }) => {
    const points = vertices(mask, size);
    const found = hullMeasures(hullPoints(extremes(mask, size)), spacing);
    const half = spacing.map((s) => s / 2) as unknown as Vec3;
    const expected = hullByPlanes(points, half);
    expectClose(found.volume, expected.volume, { rel: ROUNDING, what: 'volume' });
    expectClose(found.area, expected.area, { rel: ROUNDING, what: 'area' });
  });

  it('of a voxel is the octahedron of its face centres', () => {
    const { area, volume, corners } = hullMeasures(hullPoints(extremes(new Uint8Array([1]), [1, 1, 1])), [1, 1, 1]);
    expect(corners).toHaveLength(6);
    expectClose(volume, 1 / 6, { rel: ROUNDING });
    expectClose(area, Math.sqrt(3), { rel: ROUNDING });
  });

  it('of points in a plane has no faces', () => {
    expect(convexHull([[0, 0, 0]])).toEqual([]);
    expect(convexHull([[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]])).toEqual([]); // biome-ignore format: a line each
    expect(convexHull([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1], [5, 3, 1]])).toEqual([]); // biome-ignore format: a line each
  });
});

describe('ellipsoids', () => {
  it.each(small)('the smallest one is Khachiyan’s: $name', ({ size, mask }) => {
    const place = (p: Vec3): Vec3 => [(p[0] * spacing[0]) / 2, (p[1] * spacing[1]) / 2, (p[2] * spacing[2]) / 2];
    const axes = enclosingEllipsoid(hullMeasures(hullPoints(extremes(mask, size)), spacing).corners);
    const expected = enclosingVolume(vertices(mask, size).map(place), KHACHIYAN);
    expectClose(ellipsoidVolume(axes), expected, { rel: ENCLOSING, what: 'volume' });
    expect(axes[0]).toBeGreaterThanOrEqual(axes[1]);
    expect(axes[1]).toBeGreaterThanOrEqual(axes[2]);
  });

  it('round a cuboid has axes of its sides times the root of three quarters', () => {
    const corners = Array.from({ length: 8 }, (_, k): Vec3 => [4 * (k & 1), 2 * ((k >> 1) & 1), 3 * (k >> 2)]);
    const axes = enclosingEllipsoid(corners);
    [4, 3, 2].forEach((side, k) => {
      expectClose(axes[k]!, (side * Math.sqrt(3)) / 2, { rel: 1e-6 });
    });
  });

  it('have the manual’s surface', () => {
    /** The series as printed, P by its recurrence. */
    const series = (a: number, b: number, c: number) => {
      const [alpha, beta] = [Math.sqrt(1 - (b / a) ** 2), Math.sqrt(1 - (c / a) ** 2)];
      const x = (alpha ** 2 + beta ** 2) / (2 * alpha * beta);
      const p = [1, x];
      for (let v = 1; v < 20; v++) p.push(((2 * v + 1) * x * p[v]! - v * p[v - 1]!) / (v + 1));
      return 4 * Math.PI * a * b * p.reduce((sum, pv, v) => sum + ((alpha * beta) ** v / (1 - 4 * v * v)) * pv, 0);
    };
    const ellipsoids: Vec3[] = [
      [3, 2, 1],
      [5.7, 4.655, 4.27],
      [10, 9.9, 0.1],
      [10, 0.2, 0],
    ];
    for (const axes of ellipsoids)
      expectClose(ellipsoidArea(axes), series(...axes), { rel: ROUNDING, what: axes.join() });
    expectClose(ellipsoidArea([2, 2, 2]), 16 * Math.PI, { rel: ROUNDING });
    expect(ellipsoidArea([2, 0, 0])).toBe(0);
  });

  it('of a large ball takes a few steps', () => {
    const size: Vec3 = [41, 41, 41];
    const mask = Uint8Array.from({ length: voxelCount(size) }, (_, k) => {
      const at = [k % 41, Math.floor(k / 41) % 41, Math.floor(k / 1681)];
      return Number(at.reduce((sum, x) => sum + (x - 20.3) ** 2, 0) <= 400);
    });
    const { corners, volume } = hullMeasures(hullPoints(extremes(mask, size)), [1, 1, 1]);
    const enclosing = ellipsoidVolume(enclosingEllipsoid(corners));
    expect(enclosing).toBeGreaterThan(volume);
    expect(enclosing).toBeLessThan(1.1 * volume);
  });
});
