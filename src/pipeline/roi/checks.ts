/** The checks that PyRadiomics makes of a region before it computes anything (imageoperations.checkMask). */
import { type Box, boxSize } from '../box.ts';
import { PipelineError } from '../errors.ts';
import type { Settings } from '../settings.ts';

/** @throws PipelineError RoiTooSmall, RoiTooFewDimensions */
export function checkRegion(name: string, voxels: number, box: Box, settings: Settings): void {
  const size = boxSize(box);
  const dimensions = size.filter((n) => n > 1).length;
  if (dimensions === 0) {
    throw new PipelineError(
      'RoiTooSmall',
      `label ${name}: the region is a single voxel; no features can be computed. Check the mask or the label`,
    );
  }
  if (dimensions < settings.minimumROIDimensions) {
    throw new PipelineError(
      'RoiTooFewDimensions',
      `label ${name}: the region has ${dimensions} dimension(s) (${size.join(' x ')} voxels), at least ${settings.minimumROIDimensions} are required; set minimumROIDimensions=${dimensions} to accept it`,
    );
  }
  if (settings.minimumROISize !== null && voxels <= settings.minimumROISize) {
    throw new PipelineError(
      'RoiTooSmall',
      `label ${name}: the region has ${voxels} voxels, more than minimumROISize=${settings.minimumROISize} are required`,
    );
  }
}
