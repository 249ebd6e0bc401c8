/** Grids to resample to. */
import { type Box, boxSize, grownBox } from '../box.ts';
import { gridOf } from '../device-volume.ts';
import { boxGrid, indexToPhysical } from '../geometry.ts';
import type { Geometry, Vec3 } from '../volume.ts';

const map3 = (f: (axis: 0 | 1 | 2) => number): Vec3 => [f(0), f(1), f(2)];

/** The spacing wanted of each axis: 0, and axes that a 2D image does not have, keep theirs. */
const wantedSpacing = ({ spacing }: Geometry, wanted: readonly number[]): Vec3 => map3((i) => wanted[i] || spacing[i]);

/** NumPy's allclose, by which PyRadiomics decides that a spacing is already right. */
const closeTo = (a: Vec3, b: Vec3): boolean => a.every((x, i) => Math.abs(x - b[i]!) <= 1e-8 + 1e-5 * Math.abs(b[i]!));

/**
 * PyRadiomics' grid (imageoperations.resampleImage): voxels share the corner of the image, and only the region's box with
 * `padDistance` voxels on each side is kept, inside the image. Axes along which the region has one voxel keep their
 * spacing. Where every spacing is right already the image is cropped only.
 * @param region box in voxels of the image
 * @param spacing millimetres along x, y, z; 0 keeps an axis
 */
export function pyradiomicsGrid(
  image: Geometry,
  region: Box,
  spacing: readonly number[],
  padDistance: number,
): Geometry {
  const extent = boxSize(region);
  const wanted = wantedSpacing(image, spacing);
  const target = map3((i) => (extent[i] === 1 ? image.spacing[i] : wanted[i]));
  if (closeTo(image.spacing, target)) return boxGrid(image, grownBox(region, padDistance, image));
  const ratio = map3((i) => image.spacing[i] / target[i]);
  const last = map3((i) => Math.ceil(image.size[i] * ratio[i]) - 1);
  const low = map3((i) => Math.max(0, Math.floor((region.first[i] - 0.5) * ratio[i] - padDistance)));
  const high = map3((i) => Math.min(last[i], Math.ceil((region.last[i] + 0.5) * ratio[i] + padDistance)));
  const inPlane = image.dimension === 2;
  const origin = map3((i) => (0.5 * (target[i] - image.spacing[i])) / image.spacing[i] + low[i] / ratio[i]);
  return {
    ...gridOf(image),
    size: map3((i) => (inPlane && i === 2 ? 1 : high[i] - low[i] + 1)),
    spacing: target,
    origin: indexToPhysical(image, origin),
  };
}

/**
 * IBSI's grid: the centre of the volume stays, the size is rounded up (IBSI 1, interpolation: align grid centers).
 * @param spacing millimetres along x, y, z; 0 keeps an axis
 */
export function ibsiGrid(image: Geometry, spacing: readonly number[]): Geometry {
  const target = wantedSpacing(image, spacing);
  // A product that is whole but for rounding must not gain a voxel.
  const size = map3((i) => Math.ceil((image.size[i] * image.spacing[i]) / target[i] - 1e-9));
  const first = map3((i) => (image.size[i] - 1) / 2 - (((size[i] - 1) / 2) * target[i]) / image.spacing[i]);
  return { ...gridOf(image), size, spacing: target, origin: indexToPhysical(image, first) };
}

/**
 * ITK's usual grid: the centres of the first voxels coincide, the size is rounded (ANTs' resample_image).
 * @param spacing millimetres along x, y, z; 0 keeps an axis
 */
export function itkGrid(image: Geometry, spacing: readonly number[]): Geometry {
  const target = wantedSpacing(image, spacing);
  const size = map3((i) => Math.max(1, Math.floor((image.size[i] * image.spacing[i]) / target[i] + 0.5)));
  return { ...gridOf(image), size, spacing: target };
}

/**
 * The grid of another number of voxels over the same extent: from the outer face of the first voxel to that of the last along
 * every axis.
 * @param size voxels along x, y, z
 */
export function extentGrid(image: Geometry, size: Vec3): Geometry {
  const spacing = map3((i) => (image.size[i] * image.spacing[i]) / size[i]);
  const first = map3((i) => (image.size[i] / size[i] - 1) / 2);
  return { ...gridOf(image), size, spacing, origin: indexToPhysical(image, first) };
}
