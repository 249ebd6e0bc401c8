/** Resampling between parallel grids: one axis after the other, each cut to what the grid needs. */
import type { Recording } from '../../engine/index.ts';
import type { DeviceVolume } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { recordAxis, type Stretch } from './axis.ts';
import { recordAxisWide, type WideSamples } from './axis-wide.ts';
import { type AxisIndices, recordGather } from './gather.ts';
import type { Cast } from './cast.ts';
import type { Profile } from './interpolators.ts';
import { type Line, lineOf } from './lines.ts';
import { type AxisPositions, inside } from './positions.ts';
import { type Taps, tapsOf } from './taps.ts';

/** Weights below this do not show: in float32, and in pairs of them. */
const negligible = (wide: boolean) => (wide ? 1e-15 : 1e-10);

/** Nearest sample, halves up, as ITK rounds; -1 outside. */
export const nearestIndices = (positions: Float64Array, n: number): Int32Array =>
  Int32Array.from(positions, (p) => (inside(p, n) ? Math.min(Math.max(Math.floor(p + 0.5), 0), n - 1) : -1));

/** How a line is processed: by tables, or cut out. */
interface Step {
  readonly line: Line;
  readonly taps: Taps | null;
  /** Samples of the image that are needed. */
  readonly needed: Stretch;
}

function stepOf(line: Line, profile: Profile, n: number, wide: boolean): Step {
  if (line.whole) {
    const first = Math.round(line.positions[0] ?? 0);
    return { line, taps: null, needed: { first, count: line.positions.length } };
  }
  const taps = tapsOf(profile, line.positions, n, negligible(wide));
  const first = taps.first.reduce((a, b) => Math.min(a, b), n);
  const last = taps.first.reduce((a, b) => Math.max(a, b), 0) + taps.count;
  return { line, taps, needed: { first, count: last - first } };
}

/** The tables of a line whose samples before `first` have been cut off. */
const shifted = (taps: Taps, first: number): Taps => ({ ...taps, first: taps.first.map((f) => f - first) });

/** Voxels of an image on their way: words of float32, and what is to be added to them. */
export type VoxelBuffers = Pick<DeviceVolume, 'voxels' | 'tails'>;

/** Picks voxels and their tails. @param outside word of voxels outside */
function gatherBoth(
  rec: Recording,
  { voxels, tails }: VoxelBuffers,
  size: Vec3,
  grid: Geometry,
  indices: readonly AxisIndices[],
  outside: number,
  software: boolean,
): VoxelBuffers {
  return {
    voxels: recordGather(rec, voxels, size, grid, indices, outside, software),
    tails: tails && recordGather(rec, tails, size, grid, indices, 0, software),
  };
}

/**
 * Resamples to a parallel grid.
 * @param outside word of voxels outside
 * @param exact in numbers of twice the width, as images of integer types always are
 * @returns the voxels, not kept
 */
export function recordSeparable(
  rec: Recording,
  image: DeviceVolume,
  grid: Geometry,
  axes: readonly AxisPositions[],
  profile: Profile,
  outside: number,
  cast: Cast | null,
  { exact, software }: { readonly exact: boolean; readonly software: boolean },
): VoxelBuffers {
  const lines = axes.map((a) => lineOf(a, image.size[a.axis]));
  if (lines.some((line) => line.positions.length === 0)) {
    const nowhere = axes.map(({ axis, positions }) => ({ axis, indices: new Int32Array(positions.length).fill(-1) }));
    return gatherBoth(rec, image, image.size, grid, nowhere, outside, software);
  }
  const wide = exact || cast !== null;
  // Where one axis is interpolated ITK smooths along all of them; where none is, the image is only cut out.
  const smooths = profile.smooths && lines.some((line) => !line.whole);
  const steps = lines.map((line) =>
    stepOf(smooths ? { ...line, whole: false } : line, profile, image.size[line.axis], wide),
  );
  // The axis that shrinks most goes first: the others then have less to do.
  const order = steps.filter((s) => s.taps).sort((a, b) => growth(a) - growth(b));
  let samples: WideSamples = { buffer: image.voxels, tails: image.tails, size: image.size };
  const box: Stretch[] = [0, 1, 2].map((i) => steps.find((s) => s.line.axis === i)!.needed);
  order.forEach(({ line, taps, needed }, pass) => {
    const first = pass === 0;
    const table = first ? taps! : shifted(taps!, needed.first);
    samples = wide
      ? recordAxisWide(rec, samples, line.axis, table, box, pass === order.length - 1 ? cast : null)
      : { ...recordAxis(rec, samples, line.axis, table, box), tails: null };
    // From the second pass on only what is needed is there.
    if (first) for (const i of [0, 1, 2]) box[i] = { first: 0, count: box[i]!.count };
    box[line.axis] = { first: 0, count: line.positions.length };
  });
  const cut = order.length === 0;
  const indices = lines.map(({ axis, places }) => ({
    axis,
    indices: cut ? places.map((p) => (p < 0 ? p : p + box[axis]!.first)) : places,
  }));
  const complete = lines.every(({ axis, places }, gridAxis) => axis === gridAxis && places.every((p, k) => p === k));
  // The high word of a float32 image is the value, rounded.
  const found = { voxels: samples.buffer, tails: image.type === 'float64' ? samples.tails : null };
  return complete && !cut ? found : gatherBoth(rec, found, samples.size, grid, indices, outside, software);
}

const growth = ({ line, needed }: Step): number => line.positions.length / needed.count;

/** Copies the nearest voxels. @param outside word of voxels outside */
export function recordNearest(
  rec: Recording,
  voxels: VoxelBuffers,
  size: Vec3,
  grid: Geometry,
  axes: readonly AxisPositions[],
  outside: number,
  software: boolean,
): VoxelBuffers {
  const indices = axes.map(({ axis, positions }) => ({ axis, indices: nearestIndices(positions, size[axis]) }));
  return gatherBoth(rec, voxels, size, grid, indices, outside, software);
}
