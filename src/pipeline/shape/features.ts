/** PyRadiomics' 3D shape features (shape.py) from the exact integers of the kernels. */
import type { FeatureValues } from '../feature-values.ts';
import type { Vec3 } from '../volume.ts';
import { type AxisMoments, axisVariances } from './axes.ts';
import { type Extremes, maximumDiameters } from './diameter.ts';
import { type MeshCounts, meshMeasures } from './mesh.ts';

/** Feature names in PyRadiomics' order, the deprecated ones left out. */
export const shapeNames = [
  'Elongation',
  'Flatness',
  'LeastAxisLength',
  'MajorAxisLength',
  'Maximum2DDiameterColumn',
  'Maximum2DDiameterRow',
  'Maximum2DDiameterSlice',
  'Maximum3DDiameter',
  'MeshVolume',
  'MinorAxisLength',
  'Sphericity',
  'SurfaceArea',
  'SurfaceVolumeRatio',
  'VoxelVolume',
] as const;

/** What the kernels count of one region. */
export interface ShapeInput {
  readonly mesh: MeshCounts;
  readonly extremes: Extremes;
  readonly moments: AxisMoments;
}

export interface ShapeOptions {
  /** Millimetres along x, y, z. */
  readonly spacing: Vec3;
  /** Names of deprecated features to compute; other names in it are ignored. */
  readonly deprecated?: readonly string[];
}

/** Why the ratios of axis lengths have no value. */
export const onePointReason = 'All axis lengths are 0: the region is a single voxel.';

/** Keeps of `wanted` the deprecated features that were asked for. */
export function pickDeprecated(
  all: Readonly<Record<string, number>>,
  wanted: readonly string[] = [],
): Record<string, number> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
}

/**
 * The shape features of a region with at least one voxel: lengths in millimetres, areas and volumes in their powers.
 * Elongation and Flatness are NaN for a single voxel; everything else is finite.
 */
export function shapeFeatures(
  { mesh, extremes, moments }: ShapeInput,
  { spacing, deprecated }: ShapeOptions,
): FeatureValues {
  const { area, volume } = meshMeasures(mesh, spacing);
  const diameters = maximumDiameters(extremes, spacing);
  const [least, minor, major] = axisVariances(moments, spacing);
  const [x, y, z] = spacing;
  const sphere = (36 * Math.PI * volume ** 2) ** (1 / 3);
  const values = {
    Elongation: Math.sqrt(minor / major),
    Flatness: Math.sqrt(least / major),
    LeastAxisLength: Math.sqrt(least) * 4,
    MajorAxisLength: Math.sqrt(major) * 4,
    Maximum2DDiameterColumn: diameters.column,
    Maximum2DDiameterRow: diameters.row,
    Maximum2DDiameterSlice: diameters.slice,
    Maximum3DDiameter: diameters.maximum3D,
    MeshVolume: volume,
    MinorAxisLength: Math.sqrt(minor) * 4,
    Sphericity: sphere / area,
    SurfaceArea: area,
    SurfaceVolumeRatio: area / volume,
    VoxelVolume: moments.n * (z * x * y),
  } satisfies Record<(typeof shapeNames)[number], number>;
  const old = {
    Compactness1: volume / (area ** 1.5 * Math.sqrt(Math.PI)),
    Compactness2: (36 * Math.PI * volume ** 2) / area ** 3,
    SphericalDisproportion: area / sphere,
  };
  const reasons: Record<string, string> = major === 0 ? { Elongation: onePointReason, Flatness: onePointReason } : {};
  return { values: { ...values, ...pickDeprecated(old, deprecated) }, reasons };
}
