/** resample/linear-wide: linear interpolation of values that become whole numbers, to the side on which ITK's float64 falls. */
import source from '../../../shaders/resample/linear-wide.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { type DeviceVolume, isIntegerType, voxelCount } from '../device-volume.ts';
import type { Geometry } from '../volume.ts';
import type { Cast } from './cast.ts';
import { cutColumns, WALKERS } from './columns.ts';
import { OUTSIDE, tapOf } from './linear.ts';
import { type AxisPositions, inside, itkRows, wobbleOf } from './positions.ts';

export const linearWide = defineKernel({
  name: 'resample/linear-wide',
  source,
  bindings: { params: 'uniform', samples: 'read', taps: 'read', places: 'read', resampled: 'read_write' },
  workgroup: WALKERS,
});

/** Marks of the tables in place of a number of binary digits; see the shader. */
const INEXACT = 100;
const UNSURE = 1000;
const BORDER = 10_000;
/** Digits that float32 holds. */
const FLOAT32_DIGITS = 24;
/** Positions this near to a sample, or to the border, may be on it: what composing two grids in float64 leaves. */
const NEAR = 1e-9;

/** Binary digits behind the point of a number between 0 and 1. */
function digitsOf(weight: number): number {
  for (let digits = 0; digits <= FLOAT32_DIGITS; digits++) if (Number.isInteger(weight * 2 ** digits)) return digits;
  return INEXACT;
}

/** What is known of a position along a line of `n`. @param wobble its largest error; 0 where it is ITK's own */
function certainty(position: number, weight: number, n: number, wobble: number): number {
  if (wobble === 0) return digitsOf(weight);
  const near = NEAR + 2 * wobble;
  if (Math.min(Math.abs(position + 0.5), Math.abs(position - (n - 0.5))) < near) return BORDER;
  if (Math.abs(position - Math.round(position)) >= near) return INEXACT;
  // Float32 misses samples with more than a rounding error of weight.
  return wobble < NEAR ? UNSURE : BORDER;
}

/**
 * Interpolates linearly. Of images of integer types every voxel is that of ITK's ResampleImageFilter.
 * @param image without tails
 * @param outside value of voxels outside
 * @param software the adapter runs on the CPU
 * @returns the voxels, not kept
 */
export function recordLinearWide(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  axes: readonly AxisPositions[],
  outside: number,
  cast: Cast,
  software: boolean,
): BufferRef {
  const { size } = image;
  const strides = [1, size[0], size[0] * size[1]];
  const rows = itkRows(grid, image);
  const wobbles = wobbleOf(rows, grid, axes);
  // Of fractions no sum is exact.
  const least = isIntegerType(image.type) ? 0 : UNSURE;
  const tables = axes.map(({ axis, positions }, gridAxis) => {
    const [n, step, wobble] = [size[axis], strides[axis]!, wobbles[gridAxis]!];
    const table = new Uint32Array(4 * positions.length);
    const weights = new Float32Array(table.buffer);
    positions.forEach((position, k) => {
      const isBorder = certainty(position, 0, n, wobble) === BORDER;
      const held = isBorder && !inside(position, n) ? Math.min(Math.max(position, -0.5), n - 1) : position;
      const tap = tapOf(held, n);
      if (tap.low === OUTSIDE) {
        table.fill(OUTSIDE, 4 * k, 4 * k + 2);
        return;
      }
      table[4 * k] = tap.low * step;
      table[4 * k + 1] = tap.high * step;
      weights[4 * k + 2] = tap.weight;
      table[4 * k + 3] = Math.max(least, certainty(position, tap.weight, n, wobble));
    });
    return table;
  });
  const taps = new Uint32Array(tables.reduce((sum, table) => sum + table.length, 0));
  tables.reduce((at, table) => {
    taps.set(table, at);
    return at + table.length;
  }, 0);
  const shares = Float64Array.from({ length: grid.size[0] }, (_, k) => k / grid.size[0]);
  const places = new Float64Array(shares.length + rows.length);
  places.set(shares);
  places.set(rows, shares.length);
  const walk = cutColumns(grid.size, software);
  const resampled = rec.buffer('resample/linear-wide.resampled', voxelCount(grid) * 4);
  const params = {
    size: grid.size,
    stretches: walk.stretches,
    old_size: size,
    rows: walk.rows,
    outside,
    wobble: wobbles.reduce((sum, w) => sum + w, 0),
    ...cast,
  };
  const args = {
    params,
    samples: image.voxels,
    taps: rec.upload('resample/linear-wide.taps', taps),
    places: rec.upload('resample/linear-wide.places', new Uint32Array(places.buffer)),
    resampled,
  };
  rec.dispatch(linearWide, args, walk.invocations);
  return resampled;
}
