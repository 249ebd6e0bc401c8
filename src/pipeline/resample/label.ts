/** resample/label: the label that most of a neighbourhood speaks for. */
import source from '../../../shaders/resample/label.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { voxelCount } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { type Profile, profileOf } from './interpolators.ts';
import { type AxisPositions, inside } from './positions.ts';
import { tapsOf } from './taps.ts';

export const label = defineKernel({
  name: 'resample/label',
  source,
  bindings: { params: 'uniform', samples: 'read', first: 'read', weights: 'read', chosen: 'read_write' },
  workgroup: 64,
});

const OUTSIDE = 0xffffffff;

/** Who speaks for a voxel, and what decides. */
export interface Vote {
  readonly profile: Profile;
  /** Share that a value must have to be taken; of several the largest. */
  readonly least: number;
  /** Word where no value has it, and of voxels outside. */
  readonly otherwise: number;
}

/** The value of most weight under SimpleITK's label Gaussian. @param outside word of voxels outside */
export const byGaussian = (outside: number): Vote => ({
  profile: profileOf('sitkLabelGaussian'),
  least: 0,
  otherwise: outside,
});

/** Halves that rounding left short: float32 weights of a voxel are exact to 1e-7. */
const ROUNDING = 1e-6;

/** IBSI's rule: a label that, interpolated linearly, is at least one half; a half against the background counts. */
export const byMajority: Vote = { profile: profileOf('sitkLinear'), least: 0.5 - ROUNDING, otherwise: 0 };

/** Picks the value that wins the vote. @returns the voxels, not kept */
export function recordLabel(
  rec: Recording,
  voxels: BufferRef,
  size: Vec3,
  grid: Geometry,
  axes: readonly AxisPositions[],
  { profile, least, otherwise }: Vote,
): BufferRef {
  const tables = axes.map(({ axis, positions }) => tapsOf(profile, positions, size[axis], 0));
  const first = Uint32Array.from(
    tables.flatMap((table, gridAxis) => {
      const { axis, positions } = axes[gridAxis]!;
      return Array.from(table.first, (f, k) => (inside(positions[k]!, size[axis]) ? f : OUTSIDE));
    }),
  );
  const strides = [1, size[0], size[0] * size[1]];
  const length = voxelCount(grid);
  const chosen = rec.buffer('resample/label.chosen', length * 4);
  const params = {
    size: grid.size,
    length,
    counts: tables.map((t) => t.count),
    otherwise,
    strides: axes.map(({ axis }) => strides[axis]!),
    least,
  };
  rec.dispatch(
    label,
    {
      params,
      samples: voxels,
      first: rec.upload('resample/label.first', first),
      weights: rec.upload('resample/label.weights', Float32Array.from(tables.flatMap((t) => [...t.weights]))),
      chosen,
    },
    length,
  );
  return chosen;
}
