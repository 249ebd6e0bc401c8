/** IBSI's morphological features (reference manual, "Morphological features"), under its tags. */
import { boxSize } from '../box.ts';
import type { FeatureValues } from '../feature-values.ts';
import type { Extent } from '../roi/extent.ts';
import { hullPoints } from '../shape/diameter.ts';
import { ellipsoidArea, ellipsoidVolume, enclosingEllipsoid, type SemiAxes } from '../shape/ellipsoid.ts';
import { shapeFeatures, type ShapeInput } from '../shape/features.ts';
import { hullMeasures } from '../shape/hull.ts';
import type { Vec3 } from '../volume.ts';
import type { Correlation } from './autocorrelation.ts';

/** Tags of the features without `morph_`, in the manual's order. The oriented minimum bounding box is left out. */
export const morphNames = [
  'volume',
  'vol_approx',
  'area_mesh',
  'av',
  'comp_1',
  'comp_2',
  'sph_dispr',
  'sphericity',
  'asphericity',
  'com',
  'diam',
  'pca_maj_axis',
  'pca_min_axis',
  'pca_least_axis',
  'pca_elongation',
  'pca_flatness',
  'vol_dens_aabb',
  'area_dens_aabb',
  'vol_dens_aee',
  'area_dens_aee',
  'vol_dens_mvee',
  'area_dens_mvee',
  'vol_dens_conv_hull',
  'area_dens_conv_hull',
  'integ_int',
  'moran_i',
  'geary_c',
] as const;

export type MorphName = (typeof morphNames)[number];
type Values = Record<string, number>;

/** Features that compare all pairs of voxels. */
export const needsPairs = (features: readonly string[]): boolean =>
  features.includes('moran_i') || features.includes('geary_c');
/** Features that need sums over positions and intensities together. */
export const needsCorrelation = (features: readonly string[]): boolean =>
  features.includes('com') || needsPairs(features);

/** The intensity mask of a region. */
export interface IntensityMask {
  readonly extent: Extent;
  /** Mean and standard deviation (population) of the intensities; NaN left out. */
  readonly mean: number;
  readonly std: number;
  /** Voxels whose intensity is NaN. */
  readonly nans: number;
  /** Null where it was not asked for, or where it would be NaN. */
  readonly correlation: Correlation | null;
  /** Bytes that the sums over pairs need at once, and what the adapter binds, where that is less; else null. */
  readonly tooLarge: { readonly need: number; readonly limit: number } | null;
}

/** A region. Boxes and positions are in voxels of the same box. */
export interface MorphInput {
  /** The morphological mask: the region before resegmentation. */
  readonly shape: ShapeInput;
  readonly extent: Extent;
  /** The intensity mask: the region after resegmentation. */
  readonly intensity: IntensityMask;
}

/** Why features are NaN. */
const oneVoxel = 'The region is a single voxel, which has no covariance of positions.';
const flat = 'The voxel centres lie in a plane: the ellipsoid that approximates them has no volume.';
const straight = 'The voxel centres lie on a line: the ellipsoid that approximates them has no surface.';
const noCentre = 'The intensities add up to 0: they have no centre of mass.';
const notNumbers = 'The region holds intensities that are NaN.';
const noIntensities = 'The region holds no intensity other than NaN.';
const noPairs = 'A single voxel has an intensity: there are no pairs.';
const constant = 'All intensities of the region are equal.';

/** What depends on the mesh alone. */
function meshFeatures({ shape, extent }: MorphInput, spacing: Vec3, features: readonly string[]): Values {
  const deprecated = ['Compactness1', 'Compactness2', 'SphericalDisproportion'];
  const { values: v } = shapeFeatures(shape, { spacing, deprecated }) as { values: Values };
  const [volume, area] = [v['MeshVolume'] as number, v['SurfaceArea'] as number];
  const [x, y, z] = boxSize(extent.box).map((n, axis) => n * (spacing[axis] as number)) as unknown as Vec3;
  const wanted = (part: string) => features.some((name) => name.includes(part));
  const hull = wanted('conv_hull') || wanted('mvee') ? hullMeasures(hullPoints(shape.extremes), spacing) : null;
  const mvee = hull && wanted('mvee') ? enclosingEllipsoid(hull.corners) : null;
  const { n } = shape.moments;
  // Lengths from the sample covariance, where PyRadiomics has the population's.
  const sample = Math.sqrt(n / (n - 1));
  const lengths = ['Major', 'Minor', 'Least'].map((name) => (v[`${name}AxisLength`] as number) * sample);
  const aee = lengths.map((length) => length / 2) as unknown as SemiAxes;
  return {
    volume,
    vol_approx: v['VoxelVolume'] as number,
    area_mesh: area,
    av: v['SurfaceVolumeRatio'] as number,
    comp_1: v['Compactness1'] as number,
    comp_2: v['Compactness2'] as number,
    sph_dispr: v['SphericalDisproportion'] as number,
    sphericity: v['Sphericity'] as number,
    asphericity: (v['SphericalDisproportion'] as number) - 1,
    diam: v['Maximum3DDiameter'] as number,
    pca_maj_axis: lengths[0] as number,
    pca_min_axis: lengths[1] as number,
    pca_least_axis: lengths[2] as number,
    pca_elongation: v['Elongation'] as number,
    pca_flatness: v['Flatness'] as number,
    vol_dens_aabb: volume / (x * y * z),
    area_dens_aabb: area / (2 * (x * y + x * z + y * z)),
    vol_dens_aee: aee[2] > 0 ? volume / ellipsoidVolume(aee) : Number.NaN,
    area_dens_aee: aee[1] > 0 ? area / ellipsoidArea(aee) : Number.NaN,
    ...(mvee && { vol_dens_mvee: volume / ellipsoidVolume(mvee), area_dens_mvee: area / ellipsoidArea(mvee) }),
    ...(hull && { vol_dens_conv_hull: volume / hull.volume, area_dens_conv_hull: area / hull.area }),
  };
}

/** Distance in millimetres from the centre of the morphological mask to that of the intensities; NaN where these add up to 0. */
function centreOfMassShift({ extent, intensity }: MorphInput, correlation: Correlation, spacing: Vec3): number {
  const { box, moments } = intensity.extent;
  const total = intensity.mean * moments.n;
  if (total === 0) return Number.NaN;
  const shift = (['sx', 'sy', 'sz'] as const).map((axis, k) => {
    const middle = ((box.first[k] as number) + (box.last[k] as number)) / 2;
    const { origin, deviation, moment } = correlation;
    const weighted = origin * moments[axis] + (moment[k] as number) + middle * deviation;
    return (weighted / total - extent.moments[axis] / extent.moments.n) * (spacing[k] as number);
  });
  return Math.hypot(...shift);
}

/**
 * Moran's I and Geary's C from sums over all pairs of voxels.
 * @param n voxels of the region, at least two, of different intensities
 */
export function autocorrelationFeatures(
  { deviation, square, pairs }: Correlation,
  n: number,
): { moran_i: number; geary_c: number } {
  if (!pairs) return { moran_i: Number.NaN, geary_c: Number.NaN };
  // Sums about the origin, brought to the mean.
  const shift = deviation / n;
  const variation = square - n * shift ** 2;
  const product = pairs.product - 2 * shift * pairs.deviation + shift ** 2 * pairs.weight;
  // (x_i - x_j)^2, twice for each pair as in the manual, does not depend on the origin.
  const differences = 2 * (pairs.square - pairs.product);
  return {
    moran_i: ((n / pairs.weight) * product) / variation,
    geary_c: (((n - 1) / (2 * pairs.weight)) * differences) / variation,
  };
}

/** What depends on the intensities. */
function intensityFeatures(input: MorphInput, volume: number, spacing: Vec3): Values {
  const { correlation, mean, std, extent, nans } = input.intensity;
  const none = { moran_i: Number.NaN, geary_c: Number.NaN };
  const usable = correlation !== null && nans === 0;
  return {
    integ_int: volume * mean,
    com: usable ? centreOfMassShift(input, correlation, spacing) : Number.NaN,
    ...(usable && std > 0 ? autocorrelationFeatures(correlation, extent.voxels) : none),
  };
}

/** Why Moran's I and Geary's C are NaN. */
function reasonOfPairs({ nans, extent, tooLarge }: IntensityMask): string {
  if (nans > 0) return notNumbers;
  if (extent.voxels === 1) return noPairs;
  if (!tooLarge) return constant;
  return `The sums over pairs of voxels need a buffer of ${tooLarge.need} bytes, this adapter binds ${tooLarge.limit}.`;
}

/** Why a feature is NaN. */
function reasonOf(name: MorphName, { shape, intensity }: MorphInput): string {
  if (name === 'integ_int') return noIntensities;
  if (name === 'com') return intensity.nans > 0 ? notNumbers : noCentre;
  if (name === 'moran_i' || name === 'geary_c') return reasonOfPairs(intensity);
  if (shape.moments.n === 1) return oneVoxel;
  return name === 'area_dens_aee' ? straight : flat;
}

/**
 * The features of a region with at least one voxel: lengths in millimetres, areas and volumes in their powers.
 * @param features the wanted ones; hull, ellipsoid and pairs are left out where none needs them
 */
export function morphFeatures(input: MorphInput, spacing: Vec3, features: readonly string[]): FeatureValues {
  const mesh = meshFeatures(input, spacing, features);
  const all: Values = { ...mesh, ...intensityFeatures(input, mesh['volume'] as number, spacing) };
  const values: Values = {};
  const reasons: Record<string, string> = {};
  for (const name of morphNames) {
    if (!features.includes(name)) continue;
    values[name] = all[name] as number;
    if (Number.isNaN(values[name])) reasons[name] = reasonOf(name, input);
  }
  return { values, reasons };
}
