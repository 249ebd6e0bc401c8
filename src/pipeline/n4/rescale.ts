/** n4/rescale: maps the values inside the mask linearly. */
import source from '../../../shaders/n4/rescale.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';

export const rescale = defineKernel({
  name: 'n4/rescale',
  source,
  bindings: { params: 'uniform', mask: 'read', image: 'read_write' },
  workgroup: 64,
});

export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** Maps `from` onto `to` in place. A range of one value becomes the low end. */
export function recordRescale(
  rec: Recording,
  image: BufferRef,
  mask: BufferRef | null,
  length: number,
  from: ValueRange,
  to: ValueRange,
): void {
  const slope = from.high > from.low ? (to.high - to.low) / (from.high - from.low) : 0;
  const params = { length, masked: Number(mask !== null), origin: from.low, slope, target_low: to.low };
  rec.dispatch(rescale, { params, mask: mask ?? rec.buffer('n4/rescale.none', 4), image }, length);
}
