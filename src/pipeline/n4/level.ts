/** A lattice over a grid on the GPU, with what its kernels need. */
import type { BufferRef, Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import { cutColumns, foursOf, reachOf, type Stretches } from './columns.ts';
import type { Axes } from './grid.ts';

/** Bytes of a control point of the lattice in WGSL: a pair, omega, the last step. */
export const NODE_BYTES = 16;
/** Bytes of a control value in WGSL, and of those of four columns. */
const CONTROL_BYTES = 12;
const CONTROLS_BYTES = 48;

/** A lattice over a grid, ready to be evaluated there. */
export interface Spread {
  /** Of the grid. */
  readonly size: Vec3;
  readonly axes: Axes;
  /** Control points along each axis. */
  readonly points: Vec3;
  readonly stretches: Stretches;
  readonly nodes: BufferRef;
  /** Scratch: values at the control points of every column. */
  readonly controls: BufferRef;
  readonly lines: BufferRef;
}

/** A level on the shrunk grid. All its buffers are kept. */
export interface Level extends Spread {
  /** Control points along y that a stretch touches, at most. */
  readonly reach: number;
  /** What n4/fit leaves. */
  readonly columns: BufferRef;
}

/** Prepares the evaluation of a lattice on a grid. */
export function spreadOf(
  rec: Recording,
  size: Vec3,
  axes: Axes,
  points: Vec3,
  nodes: BufferRef,
  software: boolean,
): Spread {
  const rows = size[2] * points[1];
  return {
    size,
    axes,
    points,
    stretches: cutColumns(size, software),
    nodes,
    controls: rec.buffer('n4/lattice.controls', foursOf(size[0]) * rows * CONTROLS_BYTES),
    lines: rec.buffer('n4/lattice.lines', points[0] * rows * CONTROL_BYTES),
  };
}

/** Prepares a level. */
export function levelOf(rec: Recording, spread: Spread): Level {
  const { size, axes, stretches } = spread;
  const reach = reachOf(axes[1], size[1], stretches);
  const bytes = foursOf(size[0]) * size[2] * stretches.count * reach * 16;
  const level = { ...spread, reach, columns: rec.buffer('n4/fit.columns', bytes) };
  for (const ref of buffersOf(level)) rec.keep(ref);
  return level;
}

export const buffersOf = ({ nodes, columns, controls, lines }: Level): BufferRef[] => [nodes, columns, controls, lines];

/** Bytes of a lattice. */
export const latticeBytes = ([px, py, pz]: Vec3): number => px * py * pz * NODE_BYTES;
