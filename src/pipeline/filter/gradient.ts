/** filter/gradient: PyRadiomics' Gradient, that is ITK's magnitude of the gradient, device to device. */
import source from '../../../shaders/filter/gradient.wgsl?raw';
import { defineKernel, type Recording } from '../../engine/index.ts';
import { type Box, wholeBox } from '../box.ts';
import { type DeviceVolume, voxelCount } from '../device-volume.ts';
import { splitFloat } from '../twofold.ts';
import { boxGrid } from '../geometry.ts';
import type { FilteredImage } from './filtered-image.ts';

export const gradientKernel = defineKernel({
  name: 'filter/gradient',
  source,
  bindings: { params: 'uniform', voxels: 'read', tails: 'read', gradient: 'read_write' },
  workgroup: 256,
});

/** Voxels per invocation. */
const STRIP = 16;

export interface GradientSettings {
  /** Whether differences are taken per millimetre or per voxel. Default true, as PyRadiomics. */
  readonly gradientUseSpacing?: boolean;
}

/**
 * Takes the magnitude of the gradient: central differences, the border going on outside. It is computed in numbers of 48
 * bits and rounded to float32, where ITK rounds from float64: they differ in the last bit where a value lies within 1e-13
 * of the middle between two float32.
 * @param box the voxels wanted; all by default. Neighbours outside the box are looked at
 * @returns one float32 image, of the size of the box
 * @throws PipelineError BadSetting where the box is not inside the image
 */
export function recordGradient(
  rec: Recording,
  image: DeviceVolume,
  { gradientUseSpacing = true }: GradientSettings = {},
  box: Box = wholeBox(image),
): FilteredImage[] {
  const { voxels, tails } = image;
  const grid = boxGrid(image, box);
  const length = voxelCount(grid);
  const gradient = rec.keep(rec.buffer('filter/gradient.gradient', length * 4));
  const params = {
    size: grid.size,
    length,
    first: box.first,
    strip: STRIP,
    image_size: image.size,
    has_tails: Number(tails !== null),
    axes: 3,
    zero: 0,
    half_width: image.spacing.flatMap((mm) => [...splitFloat(gradientUseSpacing ? 0.5 / mm : 0.5), 0, 0]),
  };
  rec.dispatch(gradientKernel, { params, voxels, tails: tails ?? voxels, gradient }, Math.ceil(length / STRIP));
  return [{ name: 'gradient', image: { ...grid, voxels: gradient, tails: null, type: 'float32' } }];
}
