/** Whole numbers from interpolated values: cut off towards zero as ITK's ResampleImageFilter, or rounded as IBSI asks of CT. */
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

/** Whole floats need no clamping. */
const unlimited = [-(2 ** 127), 2 ** 127] as const;

/** How values become whole numbers, in the words of the kernels. */
export interface Cast {
  /** 0 not at all, 1 cut off towards zero, 2 to the nearest, halves up. */
  readonly cast_values: 0 | 1 | 2;
  readonly low: number;
  readonly high: number;
}

/** Values stay as they are. */
export const noCast: Cast = { cast_values: 0, low: 0, high: 0 };

/** How values of a type are cast; null for floats that are not rounded. @param round to the nearest whole number */
export function castOf(type: VoxelType, round: boolean): Cast | null {
  const range = ranges[type] ?? (round ? unlimited : null);
  return range && { cast_values: round ? 2 : 1, low: range[0], high: range[1] };
}
