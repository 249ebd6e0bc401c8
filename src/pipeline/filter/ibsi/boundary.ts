/** Images continued beyond their border, by IBSI 2's boundary conditions. */
import type { BufferRef, Recording } from '../../../engine/index.ts';
import type { Box } from '../../box.ts';
import { boxSize } from '../../box.ts';
import type { Geometry, Vec3 } from '../../volume.ts';
import type { Samples } from '../../resample/axis.ts';
import { recordGather } from '../../resample/gather.ts';

/**
 * What is beyond the border of an image: zeros, the voxel at the border (IBSI's nearest value padding), the image again, or
 * its mirror image, the voxel at the border twice.
 */
export const boundaries = ['zero', 'nearest', 'periodic', 'mirror'] as const;
export type Boundary = (typeof boundaries)[number];

/** A part of an image on the GPU: one float32 for each voxel of the box, x fastest. */
export interface Part {
  readonly buffer: BufferRef;
  readonly box: Box;
}

/** An image that is filtered. */
export interface Setting {
  readonly rec: Recording;
  /** The grid of the whole image. */
  readonly grid: Geometry;
  readonly boundary: Boundary;
  /** The adapter runs on the CPU. */
  readonly software: boolean;
  /** The buffer of that name and number of voxels, for passes that run one after the other. */
  readonly scratch: (name: string, voxels: number) => BufferRef;
}

/** How many voxels are needed before and behind those of a box, along x, y, z. */
export interface Reach {
  readonly before: Vec3;
  readonly behind: Vec3;
}

/** The voxel of a line of `n` that stands for a position beyond its ends; -1 for zero. */
export function indexBeyond(position: number, n: number, boundary: Boundary): number {
  if (position >= 0 && position < n) return position;
  if (boundary === 'zero') return -1;
  if (boundary === 'nearest') return position < 0 ? 0 : n - 1;
  const period = boundary === 'periodic' ? n : 2 * n;
  const phase = ((position % period) + period) % period;
  return phase < n ? phase : 2 * n - 1 - phase;
}

type Axis = 0 | 1 | 2;
const AXES = [0, 1, 2] as const;

/** Per axis the voxels that stand for those of a box and its reach. */
const tablesOf = ({ first, last }: Box, { before, behind }: Reach, size: Vec3, boundary: Boundary): Int32Array[] =>
  AXES.map((a) =>
    Int32Array.from({ length: last[a] - first[a] + 1 + before[a] + behind[a] }, (_, k) =>
      indexBeyond(first[a] - before[a] + k, size[a], boundary),
    ),
  );

/** The voxels of an image that a box and its reach take. @param size voxels of the image */
export function neededBox(box: Box, reach: Reach, size: Vec3, boundary: Boundary): Box {
  const tables = tablesOf(box, reach, size, boundary).map((table) => table.filter((i) => i >= 0));
  const least = (a: Axis) => tables[a]!.reduce((x, y) => Math.min(x, y));
  const most = (a: Axis) => tables[a]!.reduce((x, y) => Math.max(x, y));
  return { first: [least(0), least(1), least(2)], last: [most(0), most(1), most(2)] };
}

/**
 * Copies a box and what its reach takes, beyond the border of the image too.
 * @param part holds `neededBox`
 * @returns samples until the next call
 */
export function recordExtended(
  { rec, grid, boundary, software, scratch }: Setting,
  { buffer, box: held }: Part,
  box: Box,
  reach: Reach,
): Samples {
  const tables = tablesOf(box, reach, grid.size, boundary);
  const axes = AXES.map((axis) => ({
    axis,
    indices: tables[axis]!.map((i) => (i < 0 ? i : i - held.first[axis])),
  }));
  const size: Vec3 = [tables[0]!.length, tables[1]!.length, tables[2]!.length];
  const samples = scratch('filter/convolve.samples', size[0] * size[1] * size[2]);
  recordGather(rec, buffer, boxSize(held), { ...grid, size }, axes, 0, software, samples);
  return { buffer: samples, size };
}
