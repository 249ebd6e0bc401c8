/** IBSI 2's mean filter (S60F). */
import type { Recording } from '../../../engine/index.ts';
import type { Box } from '../../box.ts';
import type { DeviceVolume } from '../../device-volume.ts';
import type { FilteredImage } from '../filtered-image.ts';
import type { Line } from './convolve.ts';
import { identity, recordSeparable } from './separable.ts';
import { checkOdd, checkOneOf, type DimensionSettings, taskOf } from './settings.ts';

export interface MeanSettings extends DimensionSettings {
  /** Side of the cube or square whose mean is taken, an odd number of voxels. */
  readonly support: number;
}

/** The mean of as many samples. @param support odd */
export const meanLine = (support: number): Line => ({
  taps: new Array<number>(support).fill(1 / support),
  centre: (support - 1) / 2,
});

/**
 * The mean of the voxels around each, in float32.
 * @param image stays; of float64 images the float32 part is filtered
 * @param box the voxels wanted; all by default. The image made covers it alone, its values are those of the whole image
 * @param software the adapter runs on the CPU
 * @returns one float32 image, `mean`, whose buffer is kept and the caller's to release
 * @throws PipelineError BadSetting on an even support, unknown dimensions or boundary, a box outside the image
 */
export function recordMean(
  rec: Recording,
  image: DeviceVolume,
  { support, dimensions = 3, boundary = 'mirror' }: MeanSettings,
  box: Box | null = null,
  software = false,
): FilteredImage[] {
  checkOdd('support', support);
  checkOneOf('dimensions', dimensions, [2, 3]);
  const { setting, part, box: wanted, finish } = taskOf(rec, image, boundary, box, software);
  const line = meanLine(support);
  const kernel = [line, line, dimensions === 3 ? line : identity] as const;
  return finish('mean', recordSeparable(setting, part, wanted, [kernel], { pool: 'sum' }));
}
