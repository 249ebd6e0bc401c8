/** CPU twin of the convex hull: planes through three points that have all others on one side; and Khachiyan's ellipsoid. */
import type { Vec3 } from '../../../src/pipeline/volume.ts';

const minus = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vec3, b: Vec3) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const length = (a: Vec3) => Math.sqrt(dot(a, a));

/** Area of the convex polygon round coplanar points: triangles from their centre to the corners in order of the angle. */
function polygonArea(points: readonly Vec3[], normal: Vec3): number {
  const centre = [0, 1, 2].map((d) => points.reduce((s, p) => s + p[d]!, 0) / points.length) as unknown as Vec3;
  const u = minus(points[0]!, centre);
  const v = cross(normal, u);
  const angle = (p: Vec3) => Math.atan2(dot(minus(p, centre), v) / length(normal), dot(minus(p, centre), u));
  let ring = [...points].sort((a, b) => angle(a) - angle(b));
  // What is not a corner turns to the right.
  for (let changed = true; changed; ) {
    const before = ring.length;
    ring = ring.filter((p, k) => {
      const [a, b] = [ring.at(k - 1)!, ring[(k + 1) % ring.length]!];
      return dot(cross(minus(p, a), minus(b, p)), normal) > 0;
    });
    changed = ring.length < before;
  }
  const [first, ...rest] = ring as [Vec3, ...Vec3[]];
  return rest.reduce((sum, p, k) => {
    const next = rest[k + 1];
    return next ? sum + length(cross(minus(p, first), minus(next, first))) / 2 : sum;
  }, 0);
}

/** Area and volume of the hull of points with whole coordinates, in units of `scale` per axis. */
export function hullByPlanes(points: readonly Vec3[], scale: Vec3): { area: number; volume: number } {
  const seen = new Set<string>();
  let [area, volume] = [0, 0];
  const place = (p: Vec3): Vec3 => [p[0] * scale[0], p[1] * scale[1], p[2] * scale[2]];
  const inside = [0, 1, 2].map((d) => points.reduce((s, p) => s + p[d]!, 0) / points.length) as unknown as Vec3;
  points.forEach((a, i) => {
    for (let j = i + 1; j < points.length; j++) {
      for (let k = j + 1; k < points.length; k++) {
        const normal = cross(minus(points[j]!, a), minus(points[k]!, a));
        const heights = points.map((p) => dot(normal, minus(p, a)));
        const above = heights.some((h) => h > 0);
        if (!normal.some((n) => n !== 0) || (above && heights.some((h) => h < 0))) continue;
        const on = points.flatMap((p, l) => (heights[l] === 0 ? [p] : []));
        const key = on.map((p) => p.join()).join(';');
        if (seen.has(key)) continue;
        seen.add(key);
        const outwards = (above ? normal.map((n) => -n) : [...normal]) as unknown as Vec3;
        const stretched = [outwards[0] / scale[0], outwards[1] / scale[1], outwards[2] / scale[2]] as Vec3;
        const face = polygonArea(on.map(place), stretched);
        area += face;
        volume += (face * dot(stretched, minus(place(a), place(inside)))) / length(stretched) / 3;
      }
    }
  });
  return { area, volume };
}

/** Volume of the smallest ellipsoid round points by Khachiyan's algorithm as published, to `tolerance`. */
export function enclosingVolume(points: readonly Vec3[], tolerance: number): number {
  const n = points.length;
  const q = points.map((p) => [...p, 1]);
  let u = q.map(() => 1 / n);
  for (;;) {
    const m = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => q.reduce((s, p, k) => s + u[k]! * p[i]! * p[j]!, 0)));
    const inverse = invert(m);
    const far = q.map((p) => p.reduce((s, x, i) => s + x * p.reduce((t, y, j) => t + inverse[i]![j]! * y, 0), 0));
    const most = Math.max(...far);
    if (most <= 4 * (1 + tolerance)) {
      const centre = [0, 1, 2].map((i) => m[i]![3]!);
      const s = [0, 1, 2].map((i) => [0, 1, 2].map((j) => m[i]![j]! - centre[i]! * centre[j]!));
      return (4 / 3) * Math.PI * Math.sqrt(determinant(s)) * (most - 1) ** 1.5;
    }
    const at = far.indexOf(most);
    const step = (most - 4) / (4 * (most - 1));
    u = u.map((w, k) => (1 - step) * w + (k === at ? step : 0));
  }
}

const determinant = (m: number[][]): number =>
  dot(m[0] as unknown as Vec3, cross(m[1] as unknown as Vec3, m[2] as unknown as Vec3));

/** Gauss and Jordan, with pivots. */
function invert(matrix: number[][]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  for (let c = 0; c < n; c++) {
    const pivot = rows.slice(c).reduce((best, row) => (Math.abs(row[c]!) > Math.abs(best[c]!) ? row : best));
    const at = rows.indexOf(pivot);
    [rows[c], rows[at]] = [pivot, rows[c]!];
    rows[c] = pivot.map((x) => x / pivot[c]!);
    rows.forEach((row, r) => {
      if (r !== c) rows[r] = row.map((x, k) => x - row[c]! * rows[c]![k]!);
    });
  }
  return rows.map((row) => row.slice(n));
}
