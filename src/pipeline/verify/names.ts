/**
 * IBSI's feature tags (without the aggregation suffix) and the columns that have their definition: PyRadiomics' features where
 * its classes have them, else the classes that are named as the tags.
 */
import { type FeatureClass, featureNames } from '../classes.ts';

const morphology: Record<string, string> = {
  morph_volume: 'shape_MeshVolume',
  morph_vol_approx: 'shape_VoxelVolume',
  morph_area_mesh: 'shape_SurfaceArea',
  morph_av: 'shape_SurfaceVolumeRatio',
  morph_comp_1: 'shape_Compactness1',
  morph_comp_2: 'shape_Compactness2',
  morph_sph_dispr: 'shape_SphericalDisproportion',
  morph_sphericity: 'shape_Sphericity',
  morph_diam: 'shape_Maximum3DDiameter',
  morph_pca_maj_axis: 'shape_MajorAxisLength',
  morph_pca_min_axis: 'shape_MinorAxisLength',
  morph_pca_least_axis: 'shape_LeastAxisLength',
  morph_pca_elongation: 'shape_Elongation',
  morph_pca_flatness: 'shape_Flatness',
};

/** Sum variance is the cluster tendency, and dissimilarity the difference average: the same sums. */
const glcm: Record<string, string> = {
  joint_max: 'MaximumProbability',
  joint_avg: 'JointAverage',
  joint_var: 'SumSquares',
  joint_entr: 'JointEntropy',
  diff_avg: 'DifferenceAverage',
  diff_var: 'DifferenceVariance',
  diff_entr: 'DifferenceEntropy',
  sum_avg: 'SumAverage',
  sum_var: 'ClusterTendency',
  sum_entr: 'SumEntropy',
  energy: 'JointEnergy',
  contrast: 'Contrast',
  dissimilarity: 'DifferenceAverage',
  inv_diff: 'Id',
  inv_diff_norm: 'Idn',
  inv_diff_mom: 'Idm',
  inv_diff_mom_norm: 'Idmn',
  inv_var: 'InverseVariance',
  corr: 'Correlation',
  auto_corr: 'Autocorrelation',
  clust_tend: 'ClusterTendency',
  clust_shade: 'ClusterShade',
  clust_prom: 'ClusterProminence',
  info_corr1: 'Imc1',
  info_corr2: 'Imc2',
};

const glrlm: Record<string, string> = {
  sre: 'ShortRunEmphasis',
  lre: 'LongRunEmphasis',
  lgre: 'LowGrayLevelRunEmphasis',
  hgre: 'HighGrayLevelRunEmphasis',
  srlge: 'ShortRunLowGrayLevelEmphasis',
  srhge: 'ShortRunHighGrayLevelEmphasis',
  lrlge: 'LongRunLowGrayLevelEmphasis',
  lrhge: 'LongRunHighGrayLevelEmphasis',
  glnu: 'GrayLevelNonUniformity',
  glnu_norm: 'GrayLevelNonUniformityNormalized',
  rlnu: 'RunLengthNonUniformity',
  rlnu_norm: 'RunLengthNonUniformityNormalized',
  r_perc: 'RunPercentage',
  gl_var: 'GrayLevelVariance',
  rl_var: 'RunVariance',
  rl_entr: 'RunEntropy',
};

const glszm: Record<string, string> = {
  sze: 'SmallAreaEmphasis',
  lze: 'LargeAreaEmphasis',
  lgze: 'LowGrayLevelZoneEmphasis',
  hgze: 'HighGrayLevelZoneEmphasis',
  szlge: 'SmallAreaLowGrayLevelEmphasis',
  szhge: 'SmallAreaHighGrayLevelEmphasis',
  lzlge: 'LargeAreaLowGrayLevelEmphasis',
  lzhge: 'LargeAreaHighGrayLevelEmphasis',
  glnu: 'GrayLevelNonUniformity',
  glnu_norm: 'GrayLevelNonUniformityNormalized',
  zsnu: 'SizeZoneNonUniformity',
  zsnu_norm: 'SizeZoneNonUniformityNormalized',
  z_perc: 'ZonePercentage',
  gl_var: 'GrayLevelVariance',
  zs_var: 'ZoneVariance',
  zs_entr: 'ZoneEntropy',
};

const ngtdm: Record<string, string> = {
  coarseness: 'Coarseness',
  contrast: 'Contrast',
  busyness: 'Busyness',
  complexity: 'Complexity',
  strength: 'Strength',
};

const families: Record<string, [string, Record<string, string>]> = {
  cm: ['glcm', glcm],
  rlm: ['glrlm', glrlm],
  szm: ['glszm', glszm],
  ngt: ['ngtdm', ngtdm],
};

/** Classes named as the tags begin, of the whole region and of slices too. */
const wholeClasses: readonly string[] = ['loc', 'stat', 'ih', 'ivh'] satisfies FeatureClass[];
const textureClasses: readonly string[] = ['dzm', 'ngl'] satisfies FeatureClass[];

/** The column without the image that has a tag's feature; null where none has. */
function featureOf(prefix: string, name: string, classes: readonly string[]): string | null {
  if (classes.includes(prefix)) return featureNames(prefix as FeatureClass).includes(name) ? `${prefix}_${name}` : null;
  const family = families[prefix];
  const feature = family?.[1][name];
  return feature ? `${family[0]}_${feature}` : null;
}

/** How IBSI puts slices and directions together: 2D averages features over slices, 2.5D merges the matrices of the slices. */
export type Aggregation = `${'3D' | '2D' | '2_5D'}${'' | '_avg' | '_comb'}`;

/** A column of `extract` and the aggregation it needs. */
export interface TaggedColumn {
  readonly column: string;
  readonly aggregation: Aggregation;
}

/** Features of slices that need the number of grey levels of the whole region, which a slice by itself does not know. */
const ofWholeRegion = /^cm_inv_diff(_mom)?_norm_2D_/;

/** Column of a tag and the aggregation it needs; null for features that no class has. */
export function columnOf(tag: string): TaggedColumn | null {
  if (ofWholeRegion.test(tag)) return null;
  const whole = tag in morphology ? morphology[tag] : featureOf(...split(tag), wholeClasses);
  if (whole) return { column: `original_${whole}`, aggregation: '3D' };
  const match = /^([a-z]+)_(.+?)_(3D|2D|2_5D)(_avg|_comb)?$/.exec(tag) as
    | [string, string, string, string, string?]
    | null;
  const feature = match && featureOf(match[1], match[2], textureClasses);
  return feature ? { column: `original_${feature}`, aggregation: `${match[3]}${match[4] ?? ''}` as Aggregation } : null;
}

const split = (tag: string): [prefix: string, name: string] => {
  const at = tag.indexOf('_');
  return [tag.slice(0, at), tag.slice(at + 1)];
};

const familyNames: Readonly<Record<string, string>> = {
  morph: 'morphology',
  loc: 'local intensity',
  stat: 'statistics',
  ih: 'intensity histogram',
  ivh: 'intensity-volume histogram',
  cm: 'GLCM',
  rlm: 'GLRLM',
  szm: 'GLSZM',
  dzm: 'GLDZM',
  ngt: 'NGTDM',
  ngl: 'NGLDM',
};

/** Name of a tag's family of features. @throws Error on a tag that is none of IBSI's */
export function familyOf(tag: string): string {
  const name = familyNames[tag.split('_')[0] as string];
  if (name) return name;
  throw new Error(`no family of IBSI begins with the prefix of ${tag}`);
}

/** Why there is no column for a tag. */
export function whyMissing(tag: string): string {
  if (ofWholeRegion.test(tag)) return 'slices do not get the number of grey levels of the whole region yet';
  return 'no class computes this feature yet';
}
