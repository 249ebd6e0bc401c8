/** Boxes of voxels, and the padded box in which the kernels work. */
import type { Vec3 } from './volume.ts';

/** Voxels `first` to `last`, both inclusive, along x, y, z. */
export interface Box {
  readonly first: Vec3;
  readonly last: Vec3;
}

export function boxSize({ first, last }: Box): Vec3 {
  return [last[0] - first[0] + 1, last[1] - first[1] + 1, last[2] - first[2] + 1];
}

/** The box of all voxels. */
export const wholeBox = ({ size }: { readonly size: Vec3 }): Box => ({
  first: [0, 0, 0],
  last: [size[0] - 1, size[1] - 1, size[2] - 1],
});

/** A box with `by` voxels around it, of all axes or of each, as far as the image goes. */
export function grownBox({ first, last }: Box, by: number | Vec3, { size }: { readonly size: Vec3 }): Box {
  const along = (axis: number) => (typeof by === 'number' ? by : by[axis]!);
  return {
    first: first.map((x, i) => Math.max(0, x - along(i))) as unknown as Vec3,
    last: last.map((x, i) => Math.min(size[i]! - 1, x + along(i))) as unknown as Vec3,
  };
}

/** The smallest box that holds both. */
export function boxUnion(a: Box, b: Box): Box {
  const pick = (f: (x: number, y: number) => number, p: Vec3, q: Vec3): Vec3 => [
    f(p[0], q[0]),
    f(p[1], q[1]),
    f(p[2], q[2]),
  ];
  return { first: pick(Math.min, a.first, b.first), last: pick(Math.max, a.last, b.last) };
}

/** The box of a case with `pad` voxels of background around it, so that neighbours need no bounds check. */
export interface PaddedBox {
  readonly box: Box;
  readonly pad: number;
  /** Size of `box`. */
  readonly size: Vec3;
  /** Size with the padding. */
  readonly padded: Vec3;
  /** Number of cells: voxels with the padding. */
  readonly cells: number;
}

export function padBox(box: Box, pad: number): PaddedBox {
  const size = boxSize(box);
  const padded: Vec3 = [size[0] + 2 * pad, size[1] + 2 * pad, size[2] + 2 * pad];
  return { box, pad, size, padded, cells: padded[0] * padded[1] * padded[2] };
}

/** The step in the linear index of the padded box that an offset (x, y, z) makes. */
export function linearStep({ padded }: PaddedBox, [x, y, z]: Vec3): number {
  return x + padded[0] * (y + padded[1] * z);
}

/** Calls `row(source, target)` with the linear indices of the first voxel of each row of the box in the whole grid and in the target grid. */
export function forEachRow(
  grid: Vec3,
  { first, last }: Box,
  target: { size: Vec3; pad: number },
  row: (source: number, target: number) => void,
): void {
  const { size, pad } = target;
  for (let z = first[2]; z <= last[2]; z++) {
    for (let y = first[1]; y <= last[1]; y++) {
      const source = first[0] + grid[0] * (y + grid[1] * z);
      row(source, pad + size[0] * (y - first[1] + pad + size[1] * (z - first[2] + pad)));
    }
  }
}
