/** n4/lattice: the products of the fit and of the evaluation that keep the control point along y. */
import source from '../../../shaders/n4/lattice.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Level, Spread } from './level.ts';
import { packAxis } from './spline.ts';

const file = { source, workgroup: 64 };

export const update = defineKernel({
  ...file,
  name: 'n4/lattice:update',
  entryPoint: 'update',
  bindings: {
    params: 'uniform',
    control: 'read',
    columns: 'read',
    nodes: 'read_write',
    lines: 'read_write',
    controls: 'read_write',
  },
});
export const expand = defineKernel({
  ...file,
  name: 'n4/lattice:expand',
  entryPoint: 'expand',
  bindings: { params: 'uniform', nodes: 'read_write', lines: 'read_write', controls: 'read_write' },
});

const axesOf = ({ axes: [x, y, z] }: Spread) => ({ x: packAxis(x), y: packAxis(y), z: packAxis(z) });

/** Sums what n4/fit left, adds the step to the lattice and evaluates it; in a weighing pass keeps the sums as omega. */
export function recordUpdate(rec: Recording, control: BufferRef, level: Level, weighing: boolean): void {
  const { size, points, stretches, reach, columns, nodes, lines, controls } = level;
  const params = {
    size,
    stretches: stretches.count,
    points,
    rows: stretches.rows,
    reach,
    ...axesOf(level),
    weighing: Number(weighing),
    zero: 0,
  };
  rec.dispatch(update, { params, control, columns, nodes, lines, controls }, points[1] * file.workgroup);
}

/** Evaluates a lattice along z and x: `spread.controls`. */
export function recordExpand(rec: Recording, spread: Spread): void {
  const { size, points, nodes, lines, controls } = spread;
  const params = { size, points, ...axesOf(spread), stretches: 0, rows: 0, reach: 0, weighing: 0, zero: 0 };
  rec.dispatch(expand, { params, nodes, lines, controls }, points[1] * file.workgroup);
}
