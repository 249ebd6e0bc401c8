/** Principal axes of the voxel centres of a region (PyRadiomics shape.py): eigenvalues of their covariance. */
import type { Vec3 } from '../volume.ts';
import type { FlatAxis } from './mesh2d.ts';

/** Exact integer sums over the voxel indices of a region; any origin. */
export interface AxisMoments {
  readonly n: number;
  readonly sx: number;
  readonly sy: number;
  readonly sz: number;
  readonly sxx: number;
  readonly syy: number;
  readonly szz: number;
  readonly sxy: number;
  readonly sxz: number;
  readonly syz: number;
}

/** Upper triangle of the symmetric matrix of n^2 times the covariance in voxels: integers. */
interface Scatter {
  readonly xx: bigint;
  readonly yy: bigint;
  readonly zz: bigint;
  readonly xy: bigint;
  readonly xz: bigint;
  readonly yz: bigint;
}

/** n * sum(ab) - sum(a) * sum(b): the products exceed 2^53, and the difference decides whether a region is flat. */
function scatterOf({ n, sx, sy, sz, sxx, syy, szz, sxy, sxz, syz }: AxisMoments): Scatter {
  const voxels = BigInt(n);
  const central = (product: number, a: number, b: number) => voxels * BigInt(product) - BigInt(a) * BigInt(b);
  return {
    xx: central(sxx, sx, sx),
    yy: central(syy, sy, sy),
    zz: central(szz, sz, sz),
    xy: central(sxy, sx, sy),
    xz: central(sxz, sx, sz),
    yz: central(syz, sy, sz),
  };
}

/** Sweeps of Jacobi rotations; three by three matrices converge in four or five. */
const MAX_SWEEPS = 30;

/** Eigenvalues of a symmetric matrix of three rows by cyclic Jacobi rotations, descending. The matrix is overwritten. */
export function jacobi(a: [number, number, number][]): [number, number, number] {
  const at = (i: number, j: number) => a[i]![j] as number;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    if (at(0, 1) === 0 && at(0, 2) === 0 && at(1, 2) === 0) break;
    for (const [p, q, r] of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 2, 0],
    ] as const) {
      const off = at(p, q);
      if (off === 0) continue;
      // Below this the rotation changes nothing any more.
      if (Math.abs(off) <= 2 ** -60 * Math.sqrt(Math.abs(at(p, p) * at(q, q)))) {
        a[p]![q] = a[q]![p] = 0;
        continue;
      }
      const theta = (at(q, q) - at(p, p)) / (2 * off);
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
      const c = 1 / Math.hypot(t, 1);
      const s = t * c;
      const [rp, rq] = [at(r, p), at(r, q)];
      a[p]![p] = at(p, p) - t * off;
      a[q]![q] = at(q, q) + t * off;
      a[p]![q] = a[q]![p] = 0;
      a[r]![p] = a[p]![r] = c * rp - s * rq;
      a[r]![q] = a[q]![r] = s * rp + c * rq;
    }
  }
  return [at(0, 0), at(1, 1), at(2, 2)].sort((x, y) => y - x) as [number, number, number];
}

/** Ratio to the largest eigenvalue below which the exact invariants give a smaller error than the rotations. */
const SMALL = 1e-4;

/**
 * Variances along the principal axes, ascending, in square millimetres (population covariance). Never negative: the
 * invariants that decide about flat regions are exact, so PyRadiomics' corrections of tiny negative values do not arise.
 * @param spacing millimetres along x, y, z
 */
export function axisVariances(moments: AxisMoments, spacing: Vec3): [least: number, minor: number, major: number] {
  const m = scatterOf(moments);
  const n2 = moments.n ** 2;
  const [x, y, z] = spacing;
  const [xx, yy, zz] = [(Number(m.xx) / n2) * x * x, (Number(m.yy) / n2) * y * y, (Number(m.zz) / n2) * z * z];
  const [xy, xz, yz] = [(Number(m.xy) / n2) * x * y, (Number(m.xz) / n2) * x * z, (Number(m.yz) / n2) * y * z];
  const [major, middle, small] = jacobi([
    [xx, xy, xz],
    [xy, yy, yz],
    [xz, yz, zz],
  ]);
  if (major === 0) return [0, 0, 0];
  if (small > SMALL * major) return [small, middle, major];

  const minorXY = m.xx * m.yy - m.xy * m.xy;
  const minorXZ = m.xx * m.zz - m.xz * m.xz;
  const minorYZ = m.yy * m.zz - m.yz * m.yz;
  const determinant = m.zz * minorXY - m.xx * m.yz * m.yz - m.yy * m.xz * m.xz + 2n * m.xy * m.xz * m.yz;
  const third = (Number(determinant) / n2 ** 3) * (x * y * z) ** 2;
  if (middle > SMALL * major) return [third / (major * middle), middle, major];

  // Sums of non-negative terms: the two small eigenvalues by their sum and product.
  const second =
    ((Number(minorXY) / n2) * (x * y) ** 2 +
      (Number(minorXZ) / n2) * (x * z) ** 2 +
      (Number(minorYZ) / n2) * (y * z) ** 2) /
    n2;
  const product = third / major;
  const sum = (second - product) / major;
  const minor = (sum + Math.sqrt(Math.max(sum * sum - 4 * product, 0))) / 2;
  return [minor === 0 ? 0 : product / minor, minor, major];
}

/**
 * Variances along the principal axes of a plane region, ascending, in square millimetres.
 * @param axis the axis across the plane
 */
export function planeVariances(moments: AxisMoments, spacing: Vec3, axis: FlatAxis): [minor: number, major: number] {
  const m = scatterOf(moments);
  const n2 = moments.n ** 2;
  const [x, y, z] = spacing;
  const planes = [
    { a: m.yy, b: m.xx, ab: m.xy, row: y, column: x },
    { a: m.zz, b: m.xx, ab: m.xz, row: z, column: x },
    { a: m.zz, b: m.yy, ab: m.yz, row: z, column: y },
  ] as const;
  const { a, b, ab, row, column } = planes[axis];
  const [rr, cc, rc] = [
    (Number(a) / n2) * row * row,
    (Number(b) / n2) * column * column,
    (Number(ab) / n2) * row * column,
  ];
  const major = (rr + cc + Math.hypot(rr - cc, 2 * rc)) / 2;
  const determinant = (Number(a * b - ab * ab) / n2 ** 2) * (row * column) ** 2;
  return [major === 0 ? 0 : determinant / major, major];
}
