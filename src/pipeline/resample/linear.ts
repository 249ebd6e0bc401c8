/** resample/linear: linear interpolation between parallel grids in one pass. */
import source from '../../../shaders/resample/linear.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { voxelCount } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { cutColumns, WALKERS } from './columns.ts';
import { type AxisPositions, inside } from './positions.ts';

/** For planes of a multiple of four voxels. */
export const linear = defineKernel({
  name: 'resample/linear',
  source,
  bindings: { params: 'uniform', samples: 'read', taps: 'read', quads: 'read_write' },
  workgroup: WALKERS,
});
/** For planes of any number of voxels. */
export const linearRagged = defineKernel({
  name: 'resample/linear:ragged',
  source,
  entryPoint: 'ragged',
  bindings: { params: 'uniform', samples: 'read', taps: 'read', resampled: 'read_write' },
  workgroup: WALKERS,
});

/** Mark of the tables for positions outside the image. */
export const OUTSIDE = 0xffffffff;

/** Positions this near to a sample are on it: what composing two grids in float64 leaves. */
const ON_SAMPLE = 1e-9;

interface Tap {
  readonly low: number;
  readonly high: number;
  /** Of the sample `high`. */
  readonly weight: number;
}

/** The samples on both sides of a position on a line of `n`; beyond the outer ones these are repeated. */
export function tapOf(position: number, n: number): Tap {
  if (!inside(position, n)) return { low: OUTSIDE, high: OUTSIDE, weight: 0 };
  if (n === 1) return { low: 0, high: 0, weight: 1 };
  const low = Math.min(Math.max(Math.floor(position), 0), n - 2);
  return { low, high: low + 1, weight: Math.min(Math.max(position - low, 0), 1) };
}

/** On a sample its neighbour has no part. */
function snapped({ low, high, weight }: Tap): Tap {
  const near = Math.round(weight);
  return { low, high, weight: Math.abs(weight - near) < ON_SAMPLE ? near : weight };
}

/** On a sample only the first of the two is read; that of weight 1 takes its place. */
const onFirst = ({ low, high, weight }: Tap): Tap =>
  weight === 1 ? { low: high, high, weight: 0 } : { low, high, weight };

/**
 * Interpolates linearly.
 * @param size voxels of the image
 * @param outside value of voxels outside
 * @param software the adapter runs on the CPU
 * @returns the voxels, not kept
 */
export function recordLinear(
  rec: Recording,
  samples: BufferRef,
  size: Vec3,
  grid: Geometry,
  axes: readonly AxisPositions[],
  outside: number,
  software: boolean,
): BufferRef {
  const strides = [1, size[0], size[0] * size[1]];
  const lines = axes.map(({ axis, positions }, gridAxis) => {
    const found = Array.from(positions, (p) => snapped(tapOf(p, size[axis])));
    // Along z the walk holds both samples.
    const taps = gridAxis === 2 ? found : found.map(onFirst);
    const step = strides[axis]!;
    return taps.map((t) => (t.low === OUTSIDE ? t : { low: t.low * step, high: t.high * step, weight: t.weight }));
  });
  const taps = new Uint32Array(3 * lines.reduce((sum, line) => sum + line.length, 0));
  const weights = new Float32Array(taps.buffer);
  lines.flat().forEach(({ low, high, weight }, k) => {
    taps[3 * k] = low;
    taps[3 * k + 1] = high;
    weights[3 * k + 2] = weight;
  });
  const walk = cutColumns(grid.size, software);
  const resampled = rec.buffer('resample/linear.resampled', voxelCount(grid) * 4);
  const blends = (line: readonly Tap[]) => line.some((t) => t.weight !== 0);
  const params = {
    size: grid.size,
    stretches: walk.stretches,
    rows: walk.rows,
    blends: Number(blends(lines[0]!) || blends(lines[1]!)),
    outside,
  };
  const args = { params, samples, taps: rec.upload('resample/linear.taps', taps) };
  if (walk.even) rec.dispatch(linear, { ...args, quads: resampled }, walk.invocations);
  else rec.dispatch(linearRagged, { ...args, resampled }, walk.invocations);
  return resampled;
}
