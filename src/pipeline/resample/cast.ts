/** Casting to integer types as ITK's ResampleImageFilter does: clamped and cut off towards zero. */
import type { VoxelType } from '../device-volume.ts';

/** Smallest and largest value of the integer types; of the 32-bit ones as far as float32 goes. */
const ranges: Partial<Record<VoxelType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 128],
  uint32: [0, 2 ** 32 - 256],
};

/** The range that values of a type are brought into; null for floats. */
export const castRange = (type: VoxelType): readonly [number, number] | null => ranges[type] ?? null;
