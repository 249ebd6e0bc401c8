/** resample/gather: voxels picked by tables of offsets. */
import source from '../../../shaders/resample/gather.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { voxelCount, type VoxelType } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';

export const gather = defineKernel({
  name: 'resample/gather',
  source,
  bindings: { params: 'uniform', voxels: 'read', offsets: 'read', picked: 'read_write' },
  workgroup: 64,
});

/** Mark of the tables for positions outside the image. */
const OUTSIDE = 0xffffffff;

/** Smallest and largest value of the integer types; of the 32-bit ones as far as float32 goes. */
const ranges: Partial<Record<VoxelType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 128],
  uint32: [0, 2 ** 32 - 256],
};

/** The range that values of a type are brought into; undefined for floats. */
export const castRange = (type: VoxelType): readonly [number, number] | undefined => ranges[type];

/** For every index along an axis of the grid, the sample of the image's axis, or -1 outside. */
export interface AxisIndices {
  readonly axis: 0 | 1 | 2;
  readonly indices: Int32Array;
}

/**
 * Picks voxels.
 * @param size voxels of the image
 * @param cast type whose range the values are brought into; null copies the words
 * @param outside word of voxels outside
 */
export function recordGather(
  rec: Recording,
  voxels: BufferRef,
  size: Vec3,
  grid: Geometry,
  axes: readonly AxisIndices[],
  cast: VoxelType | null,
  outside: number,
): BufferRef {
  const length = voxelCount(grid);
  const strides = [1, size[0], size[0] * size[1]];
  const offsets = Uint32Array.from(
    axes.flatMap(({ axis, indices }) => Array.from(indices, (i) => (i < 0 ? OUTSIDE : i * strides[axis]!))),
  );
  const range = cast === null ? undefined : castRange(cast);
  const picked = rec.buffer('resample/gather.picked', length * 4);
  const params = {
    size: grid.size,
    cast_values: Number(range !== undefined),
    low: range?.[0] ?? 0,
    high: range?.[1] ?? 0,
    outside_word: outside,
    length,
  };
  rec.dispatch(gather, { params, voxels, offsets: rec.upload('resample/gather.offsets', offsets), picked }, length);
  return picked;
}
