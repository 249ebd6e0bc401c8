/** CPU twins of shaders/roi: obvious loops over all voxels. */
import type { Vec3 } from '../../../src/pipeline/volume.ts';

export interface Labelled {
  readonly labels: ArrayLike<number>;
  readonly size: Vec3;
}

/** Calls f(x, y, z, value) for every voxel that is not background. */
function visit({ labels, size: [nx, ny, nz] }: Labelled, f: (at: Vec3, label: number, index: number) => void): void {
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        const index = x + nx * (y + ny * z);
        const label = labels[index] as number;
        if (label !== 0) f([x, y, z], label, index);
      }
    }
  }
}

/** Labels of a mask and roi/extent: count, box and moments by label. */
export function extents(mask: Labelled) {
  const found = new Map<number, { voxels: number; first: number[]; last: number[]; moments: Record<string, number> }>();
  visit(mask, ([x, y, z], label) => {
    const e = found.get(label) ?? {
      voxels: 0,
      first: [x, y, z],
      last: [x, y, z],
      moments: { n: 0, sx: 0, sy: 0, sz: 0, sxx: 0, syy: 0, szz: 0, sxy: 0, sxz: 0, syz: 0 },
    };
    found.set(label, e);
    e.voxels++;
    [x, y, z].forEach((c, axis) => {
      e.first[axis] = Math.min(e.first[axis] as number, c);
      e.last[axis] = Math.max(e.last[axis] as number, c);
    });
    const m = e.moments;
    const add = { n: 1, sx: x, sy: y, sz: z, sxx: x * x, syy: y * y, szz: z * z, sxy: x * y, sxz: x * z, syz: y * z };
    for (const [name, value] of Object.entries(add)) m[name] = (m[name] as number) + value;
  });
  return found;
}

/** roi/range: smallest and largest value by label, NaN left out and counted. */
export function ranges(mask: Labelled, values: ArrayLike<number>) {
  const found = new Map<number, { minimum: number; maximum: number; nans: number }>();
  visit(mask, (_at, label, index) => {
    const r = found.get(label) ?? { minimum: Number.POSITIVE_INFINITY, maximum: Number.NEGATIVE_INFINITY, nans: 0 };
    found.set(label, r);
    const v = values[index] as number;
    if (Number.isNaN(v)) r.nans++;
    else {
      r.minimum = Math.min(r.minimum, v);
      r.maximum = Math.max(r.maximum, v);
    }
  });
  return found;
}

/** roi/resegment: labels whose value lies in the closed range of their label, others become background. */
export function resegmented(
  mask: Labelled,
  values: ArrayLike<number>,
  range: (label: number) => { lower: number; upper: number | null },
): number[] {
  const kept = Array.from(mask.labels, () => 0);
  visit(mask, (_at, label, index) => {
    const { lower, upper } = range(label);
    const v = values[index] as number;
    if (v >= lower && (upper === null || v <= upper)) kept[index] = label;
  });
  return kept;
}
