/** Which of NIfTI's two orientations counts, and what ITK makes of it (itkNiftiImageIO.cxx of ITK 5.4). */
import { type SingularValues, singularValues } from '../../pipeline/svd.ts';
import { badFile } from './decoded.ts';
import { type FileGrid, identityAxes } from './grid.ts';
import type { NiftiHeader } from './nifti-header.ts';

/** `NIFTI_XFORM_SCANNER_ANAT`. */
const scanner = 1;
/** ITK's tolerances on float32 matrices. */
const sameRotation = 1e-5;
const sameTranslation = 1e-7;
const similar = 1e-4;

/** Voxel to RAS: a row-major 3 x 4 matrix. */
type Affine = readonly number[];
const columns = (m: Affine, axis: number): number[] => [m[axis]!, m[4 + axis]!, m[8 + axis]!];

/** The quaternion form as an affine; in float32 for NIfTI-1, as niftilib rounds it. */
function quaternionAffine({ version, quaternion, qoffset, pixdim, qfac }: NiftiHeader): Affine {
  let [b, c, d] = quaternion as [number, number, number];
  const rest = 1 - (b * b + c * c + d * d);
  let a = 0;
  if (rest < 1e-7) {
    const scale = 1 / Math.sqrt(b * b + c * c + d * d);
    [b, c, d] = [b * scale, c * scale, d * scale];
  } else {
    a = Math.sqrt(rest);
  }
  const [dx, dy, dz] = [0, 1, 2].map((i) => (pixdim[i]! > 0 ? pixdim[i]! : 1)) as [number, number, number];
  const z = qfac < 0 ? -dz : dz;
  const rows = [
    (a * a + b * b - c * c - d * d) * dx,
    2 * (b * c - a * d) * dy,
    2 * (b * d + a * c) * z,
    qoffset[0],
    2 * (b * c + a * d) * dx,
    (a * a + c * c - b * b - d * d) * dy,
    2 * (c * d - a * b) * z,
    qoffset[1],
    2 * (b * d - a * c) * dx,
    2 * (c * d + a * b) * dy,
    (a * a + d * d - c * c - b * b) * z,
    qoffset[2],
  ];
  return version === 1 ? rows.map(Math.fround) : rows;
}

/** Without a quaternion form niftilib has the grid spacings on the diagonal. */
function spacingAffine({ pixdim }: NiftiHeader): Affine {
  const [x, y, z] = pixdim as [number, number, number];
  return [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0];
}

const near = (a: Affine, b: Affine, entries: readonly number[], tolerance: number): boolean =>
  entries.every((i) => Math.abs(a[i]! - b[i]!) <= tolerance);
const linear = [0, 1, 2, 4, 5, 6, 8, 9, 10];
const offsets = [3, 7, 11];

function nearlySame(s: Affine, q: Affine): boolean {
  const translation = offsets.reduce((sum, i) => sum + Math.abs(s[i]! - q[i]!), 0);
  return near(s, q, linear, sameRotation) && translation <= sameTranslation;
}

const length = (v: readonly number[]): number => Math.hypot(...v);
const unit = (v: readonly number[]): number[] => v.map((x) => x / length(v));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Whether the axes of an affine are orthogonal to ITK's tolerance. */
function isOrthogonal(m: Affine): boolean {
  const axes = [0, 1, 2].map((axis) => unit(columns(m, axis)));
  // Rows of the normalised matrix, because ITK tests R R' and not R' R.
  const rows = [0, 1, 2].map((row) => axes.map((axis) => axis[row]!));
  return rows.every((a, i) => rows.every((b, j) => Math.abs(dot(a, b) - Number(i === j)) <= similar));
}

const linearPart = (m: Affine): number[] => linear.map((i) => m[i]!);

/**
 * Whether ITK takes two orthogonal affines for the same: it compares left singular vectors, singular values and
 * offsets, in float32. The vectors are not unique where spacings are equal, so LINPACK's own are needed.
 */
function agree(s: Affine, q: Affine): boolean {
  const [a, b] = [s, q].map((m) => singularValues(linearPart(m), 3, Math.fround)) as [SingularValues, SingularValues];
  // U of the sform times the transpose of U of the quaternion form.
  const product = (i: number, j: number) => [0, 1, 2].reduce((sum, c) => sum + a.u[c]![i]! * b.u[c]![j]!, 0);
  const vectors = [0, 1, 2].every((i) => [0, 1, 2].every((j) => Math.abs(product(i, j) - Number(i === j)) <= similar));
  const values = [0, 1, 2].every((c) => Math.abs(a.w[c]! - b.w[c]!) <= similar);
  return vectors && values && near(s, q, offsets, similar);
}

/** ITK's choice between the two forms. */
function chooseAffine(header: NiftiHeader, name: string): Affine {
  const { qformCode, sformCode } = header;
  const q = qformCode ? quaternionAffine(header) : spacingAffine(header);
  if (!sformCode) return q;
  const s = header.srow;
  if (!isOrthogonal(s)) {
    if (nearlySame(s, q)) return s;
    if (qformCode) return q;
    throw badFile(
      name,
      `expected orthogonal axes, found a sheared or singular sform (${linear.map((i) => s[i]).join(' ')}); resample the image to an orthogonal grid`,
    );
  }
  if (!qformCode || sformCode === scanner) return s;
  return agree(s, q) ? s : q;
}

/** ITK's order of operations, so that the last digit is the same. */
function normalise(v: number[]): number[] {
  const norm = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  return norm === 0 ? v : v.map((x) => x / norm);
}

/**
 * The grid of a NIfTI file in ITK's LPS frame.
 * @param dimension 2 or 3
 * @throws PipelineError BadFile for sheared or singular orientations
 */
export function niftiGrid(header: NiftiHeader, dimension: number, name: string): FileGrid {
  const size = header.dims.slice(0, dimension);
  const spacing = header.pixdim.slice(0, dimension).map((s) => s * header.unit);
  if (!header.qformCode && !header.sformCode) {
    return { size, spacing, origin: size.map(() => 0), axes: identityAxes(dimension) };
  }
  const affine = chooseAffine(header, name);
  // RAS to LPS: x and y change sign.
  const flip = (v: number[]) => v.map((x, row) => (row < 2 ? -x : x)).slice(0, dimension);
  return {
    size,
    spacing,
    origin: flip(columns(affine, 3)).map((x) => x * header.unit),
    axes: size.map((_, axis) => normalise(flip(columns(affine, axis)))),
  };
}
