/** One level of N4 on the GPU: its lattice, tables and scratch. */
import type { BufferRef, Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import { type Basis, fitWeights, squareWeights } from './spline.ts';
import { cutColumns, packSamples, reachOf, type Stretches } from './tables.ts';

/** Bytes of a control point of the lattice in WGSL: a pair, omega, the last step. */
export const NODE_BYTES = 16;
/** Bytes of a control value in WGSL. */
const CONTROL_BYTES = 12;

/** A lattice over a grid, ready to be evaluated there. */
export interface Spread {
  readonly size: Vec3;
  readonly points: Vec3;
  readonly stretches: Stretches;
  /** Samples of all axes. */
  readonly axes: BufferRef;
  /** Where in `axes` the samples for the evaluation begin, per axis. */
  readonly field: Vec3;
  /** Control values of the columns. */
  readonly controls: BufferRef;
  readonly lines: BufferRef;
}

/** A level on the shrunk grid. All its buffers are kept. */
export interface Level extends Omit<Spread, 'field'> {
  readonly reach: number;
  /** Where in `axes` the samples begin, per axis: for numerator and denominator of the fit, for the evaluation. */
  readonly samples: { readonly fit: Vec3; readonly square: Vec3; readonly field: Vec3 };
  readonly nodes: BufferRef;
  readonly columns: BufferRef;
}

const pointsOf = (bases: readonly Basis[]) => bases.map((b) => b.points) as unknown as Vec3;
const sizeOf = (bases: readonly Basis[]) => bases.map((b) => b.first.length) as unknown as Vec3;
const starts = ([nx, ny]: Vec3, from: number): Vec3 => [from, from + nx, from + nx + ny];

function scratch(rec: Recording, [nx, , nz]: Vec3, [px, py]: Vec3) {
  return {
    controls: rec.buffer('n4/lattice.controls', nx * nz * py * CONTROL_BYTES),
    lines: rec.buffer('n4/lattice.lines', px * nz * py * CONTROL_BYTES),
  };
}

/** Prepares the evaluation of a lattice on a grid. */
export function spreadOf(rec: Recording, bases: readonly Basis[], software: boolean): Spread {
  const [size, points] = [sizeOf(bases), pointsOf(bases)];
  return {
    size,
    points,
    stretches: cutColumns(size, software),
    axes: rec.upload('n4/lattice.axes', packSamples(bases)),
    field: starts(size, 0),
    ...scratch(rec, size, points),
  };
}

/**
 * Prepares a level.
 * @param nodes its lattice
 */
export function levelOf(rec: Recording, bases: readonly Basis[], nodes: BufferRef, software: boolean): Level {
  const [size, points] = [sizeOf(bases), pointsOf(bases)];
  const total = size[0] + size[1] + size[2];
  const stretches = cutColumns(size, software);
  const reach = reachOf(bases[1] as Basis, stretches);
  const lines = size[0] * size[2] * stretches.count;
  const tables = [...bases.map(fitWeights), ...bases.map(squareWeights), ...bases];
  const level: Level = {
    size,
    points,
    stretches,
    reach,
    axes: rec.upload('n4/lattice.axes', packSamples(tables)),
    samples: { fit: starts(size, 0), square: starts(size, total), field: starts(size, 2 * total) },
    nodes,
    columns: rec.buffer('n4/fit.columns', lines * reach * 4),
    ...scratch(rec, size, points),
  };
  for (const ref of buffersOf(level)) rec.keep(ref);
  return level;
}

/** The buffers of a level but its lattice. */
export const buffersOf = ({ axes, columns, controls, lines }: Level): BufferRef[] => [axes, columns, controls, lines];

/** Bytes of a lattice. */
export const latticeBytes = ([px, py, pz]: Vec3): number => px * py * pz * NODE_BYTES;
