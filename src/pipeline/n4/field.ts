/** n4/field: the log field on the shrunk grid after an iteration. */
import source from '../../../shaders/n4/field.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { cutColumns, walkers } from './columns.ts';
import type { Level } from './level.ts';
import type { Vec3 } from '../volume.ts';
import { packAxis } from './spline.ts';

export const field = defineKernel({
  name: 'n4/field',
  source,
  bindings: {
    params: 'uniform',
    logs: 'read',
    controls: 'read',
    values: 'read_write',
    moments: 'read_write',
    control: 'read_write',
  },
  workgroup: 64,
});

/** What n4/field leaves of the ratio of two successive fields: one row per workgroup. */
export interface Moments {
  readonly rows: BufferRef;
  readonly count: number;
}

const BYTES = 12;

/** @param size of the shrunk grid */
export function momentsOf(rec: Recording, size: Vec3, software: boolean): Moments {
  const count = walkers(size, cutColumns(size, software), field.workgroup) / field.workgroup;
  // Workgroups folded into y may be a few more than asked for.
  return { count, rows: rec.keep(rec.zeros('n4/field.moments', (count + 64) * BYTES)) };
}

export interface FieldInput {
  readonly logs: BufferRef;
  readonly values: BufferRef;
  readonly control: BufferRef;
  readonly moments: Moments;
}

export function recordField(
  rec: Recording,
  { logs, values, control, moments }: FieldInput,
  { size, stretches, points, axes, controls }: Level,
): void {
  const params = {
    size,
    stretches: stretches.count,
    rows: stretches.rows,
    points: points[1],
    axis: packAxis(axes[1]),
    zero: 0,
  };
  rec.dispatch(
    field,
    { params, logs, controls, values, moments: moments.rows, control },
    walkers(size, stretches, field.workgroup),
  );
}
