/** n4/lattice: the products of the fit and of the evaluation that keep the control point along y. */
import source from '../../../shaders/n4/lattice.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Level, Spread } from './level.ts';

const file = { source, workgroup: 64 };

export const update = defineKernel({
  ...file,
  name: 'n4/lattice:update',
  entryPoint: 'update',
  bindings: {
    params: 'uniform',
    control: 'read',
    columns: 'read',
    axes: 'read',
    nodes: 'read_write',
    lines: 'read_write',
    controls: 'read_write',
  },
});
export const expand = defineKernel({
  ...file,
  name: 'n4/lattice:expand',
  entryPoint: 'expand',
  bindings: { params: 'uniform', axes: 'read', nodes: 'read_write', lines: 'read_write', controls: 'read_write' },
});

/** Sums what n4/fit left, adds the step to the lattice and evaluates it; in a weighing pass keeps the sums as omega. */
export function recordUpdate(rec: Recording, control: BufferRef, level: Level, weighing: boolean): void {
  const { size, points, stretches, reach, samples, axes, columns, nodes, lines, controls } = level;
  const fit = weighing ? samples.square : samples.fit;
  const params = {
    size,
    stretches: stretches.count,
    points,
    rows: stretches.rows,
    reach,
    fit_x: fit[0],
    fit_y: fit[1],
    fit_z: fit[2],
    field_x: samples.field[0],
    field_z: samples.field[2],
    weighing: Number(weighing),
    zero: 0,
  };
  rec.dispatch(update, { params, control, columns, axes, nodes, lines, controls }, points[1] * file.workgroup);
}

/** Evaluates a lattice along z and x: `spread.controls`. */
export function recordExpand(
  rec: Recording,
  { size, points, axes, field, lines, controls }: Spread,
  nodes: BufferRef,
): void {
  const unused = { stretches: 0, rows: 0, reach: 0, fit_x: 0, fit_y: 0, fit_z: 0, weighing: 0 };
  const params = { size, points, field_x: field[0], field_z: field[2], zero: 0, ...unused };
  rec.dispatch(expand, { params, axes, nodes, lines, controls }, points[1] * file.workgroup);
}
