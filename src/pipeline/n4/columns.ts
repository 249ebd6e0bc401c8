/** How the columns of a grid are cut into stretches: one invocation walks that of four columns side by side. */
import type { Vec3 } from '../volume.ts';
import { type Axis, firstPoint } from './spline.ts';

/** Columns that an invocation walks at once: the kernels have vectors of four. */
const FOUR = 4;

/** Fours of columns along x; the last may reach beyond the grid. */
export const foursOf = (nx: number): number => Math.ceil(nx / FOUR);

/** Columns along y are cut into stretches, one invocation each, where there are too few columns to fill a device. */
export interface Stretches {
  readonly count: number;
  /** Voxels per stretch; the last may have fewer. */
  readonly rows: number;
}

/** Invocations worth having: two threads of eight lanes, or a GPU with its latency hidden. */
const WANTED = { software: 512, device: 65_536 } as const;
/** Shorter stretches would spend their time on control points. */
const SHORTEST = 8;

export function cutColumns([nx, ny, nz]: Vec3, software: boolean): Stretches {
  const wanted = Math.ceil((software ? WANTED.software : WANTED.device) / (foursOf(nx) * nz));
  const rows = Math.max(Math.min(SHORTEST, ny), Math.ceil(ny / wanted));
  return { count: Math.ceil(ny / rows), rows };
}

/** Control points along y that a stretch touches, at most. @param ny samples along y */
export function reachOf(y: Axis, ny: number, { count, rows }: Stretches): number {
  const reach = (s: number) => firstPoint(y, Math.min((s + 1) * rows, ny) - 1) - firstPoint(y, s * rows) + 4;
  return Math.max(...Array.from({ length: count }, (_, s) => reach(s)));
}

/** Invocations of a kernel that walks the stretches: each stretch has workgroups of its own. */
export const walkers = ([nx, , nz]: Vec3, { count }: Stretches, workgroup: number): number =>
  Math.ceil((foursOf(nx) * nz) / workgroup) * workgroup * count;
