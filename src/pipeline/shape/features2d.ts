/** PyRadiomics' 2D shape features (shape2D.py) from the exact integers of the kernels. */
import { type Box, boxSize } from '../box.ts';
import { PipelineError } from '../errors.ts';
import type { FeatureValues } from '../feature-values.ts';
import type { Vec3 } from '../volume.ts';
import { planeVariances } from './axes.ts';
import { planeDiameter } from './diameter.ts';
import { onePointReason, pickDeprecated, type ShapeInput } from './features.ts';
import { type FlatAxis, outlineMeasures, type Pair, squareCounts } from './mesh2d.ts';

/** Feature names in PyRadiomics' order, the deprecated one left out. */
export const shape2DNames = [
  'Elongation',
  'MajorAxisLength',
  'MaximumDiameter',
  'MeshSurface',
  'MinorAxisLength',
  'Perimeter',
  'PerimeterSurfaceRatio',
  'PixelSurface',
  'Sphericity',
] as const;

/** What the kernels count of one region, in 3D also where it is flat, and its box in voxels. */
export interface Shape2DInput extends ShapeInput {
  readonly box: Box;
}

export interface Shape2DOptions {
  /** Millimetres along x, y, z; z is not used for a 2D image. */
  readonly spacing: Vec3;
  /** Dimension of the image. */
  readonly dimension: 2 | 3;
  /** Without effect on a 2D image. */
  readonly settings: { readonly force2D: boolean; readonly force2Ddimension: number };
  /** Names of deprecated features to compute; other names in it are ignored. */
  readonly deprecated?: readonly string[];
}

/**
 * The axis across the plane, or null where PyRadiomics leaves the class out with a warning: without force2D, and where the
 * box is one voxel thick along the axis that force2Ddimension counts from the other end (featureextractor.computeShape
 * indexes a box in x, y, z order by it). So a slice across y (1) never has values.
 * @throws PipelineError BadSetting where the region has several slices: PyRadiomics raises a ValueError
 */
function flatAxis(box: Box, { dimension, settings }: Shape2DOptions): FlatAxis | null {
  if (dimension === 2) return 0;
  if (!settings.force2D) return null;
  const axis = settings.force2Ddimension as FlatAxis;
  const size = boxSize(box);
  if (size[axis] === 1) return null;
  const slices = size[2 - axis] as number;
  if (slices === 1) return axis;
  throw new PipelineError(
    'BadSetting',
    `shape2D needs a region of one slice along force2Ddimension ${axis} (0 = z, 1 = y, 2 = x), this one has ${slices}; choose another force2Ddimension, cut the mask, or leave shape2D out`,
  );
}

/**
 * The 2D shape features of a flat region with at least one voxel, in millimetres and square millimetres; null where
 * PyRadiomics leaves the class out. Elongation is NaN for a single pixel; everything else is finite.
 * @throws PipelineError BadSetting where the region has several slices along force2Ddimension
 */
export function shape2DFeatures(
  { mesh, extremes, moments, box }: Shape2DInput,
  options: Shape2DOptions,
): FeatureValues | null {
  const axis = flatAxis(box, options);
  if (axis === null) return null;
  const { spacing, deprecated } = options;
  const [row, column] = [spacing[2], spacing[1], spacing[0]].filter((_, d) => d !== axis) as unknown as Pair;
  const { perimeter, surface } = outlineMeasures(squareCounts(mesh, axis), [row, column]);
  const [minor, major] = planeVariances(moments, spacing, axis);
  const sphericity = (2 * Math.sqrt(Math.PI * surface)) / perimeter;
  const values = {
    Elongation: Math.sqrt(minor / major),
    MajorAxisLength: Math.sqrt(major) * 4,
    MaximumDiameter: planeDiameter(extremes, spacing, axis),
    MeshSurface: surface,
    MinorAxisLength: Math.sqrt(minor) * 4,
    Perimeter: perimeter,
    PerimeterSurfaceRatio: perimeter / surface,
    PixelSurface: moments.n * (column * row),
    Sphericity: sphericity,
  } satisfies Record<(typeof shape2DNames)[number], number>;
  const reasons: Record<string, string> = major === 0 ? { Elongation: onePointReason } : {};
  return { values: { ...values, ...pickDeprecated({ SphericalDisproportion: 1 / sphericity }, deprecated) }, reasons };
}
