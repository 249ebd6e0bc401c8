/** n4/fit: residuals, and the first product of the B-spline fit: along y. */
import source from '../../../shaders/n4/fit.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { walkers } from './columns.ts';
import type { Level } from './level.ts';
import { packAxis } from './spline.ts';

export const fit = defineKernel({
  name: 'n4/fit',
  source,
  bindings: {
    params: 'uniform',
    values: 'read',
    weights: 'read',
    expectation: 'read',
    columns: 'read_write',
    control: 'read_write',
  },
  workgroup: 64,
});

export interface FitInput {
  readonly values: BufferRef;
  readonly weights: BufferRef | null;
  readonly expectation: BufferRef;
  readonly control: BufferRef;
  readonly bins: number;
}

/** Sums the residuals, or in a weighing pass the weights, into `level.columns`. */
export function recordFit(
  rec: Recording,
  { values, weights, expectation, control, bins }: FitInput,
  { size, stretches, reach, axes, columns }: Level,
  weighing: boolean,
): void {
  const params = {
    size,
    stretches: stretches.count,
    rows: stretches.rows,
    reach,
    axis: packAxis(axes[1]),
    bins,
    weighing: Number(weighing),
    weighted: Number(weights !== null),
  };
  rec.dispatch(
    fit,
    { params, values, weights: weights ?? values, expectation, columns, control },
    walkers(size, stretches, fit.workgroup),
  );
}
