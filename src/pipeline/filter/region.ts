/** What filters share: the images they make, and the part of an image that they make them of. */
import { type Box, boxSize } from '../box.ts';
import { type DeviceVolume, gridOf } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { Geometry, Vec3 } from '../volume.ts';

/** A derived image under PyRadiomics' name of its type, e.g. `squareroot`. */
export interface FilteredImage {
  readonly name: string;
  /** Its buffers are kept; their owner gives them back with `engine.release`. */
  readonly image: DeviceVolume;
}

/**
 * The grid of the voxels of a box.
 * @throws PipelineError BadSetting where the box is not inside the grid
 */
export function boxGrid(grid: Geometry, box: Box): Geometry {
  const { first, last } = box;
  if (![0, 1, 2].every((a) => 0 <= first[a]! && first[a]! <= last[a]! && last[a]! < grid.size[a]!)) {
    throw new PipelineError(
      'BadSetting',
      `expected a box inside ${grid.size.join(' x ')} voxels, found ${first.join(', ')} to ${last.join(', ')}; clip the box`,
    );
  }
  const moved = [0, 1, 2].map(
    (row) =>
      grid.origin[row]! +
      [0, 1, 2].reduce((sum, a) => sum + grid.direction[3 * row + a]! * grid.spacing[a]! * first[a]!, 0),
  );
  return { ...gridOf(grid), size: boxSize(box), origin: moved as unknown as Vec3 };
}
