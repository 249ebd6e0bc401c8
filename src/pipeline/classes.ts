/** Feature classes and their features: what PyRadiomics, or IBSI, calls them, and which are wanted. */
import { PipelineError } from './errors.ts';
import { firstOrderNames } from './firstorder/features.ts';
import { ihNames } from './firstorder/ibsi/ih.ts';
import { ivhNames } from './firstorder/ibsi/ivh.ts';
import { locNames } from './firstorder/ibsi/loc.ts';
import { statNames } from './firstorder/ibsi/stat.ts';
import { suggest } from './settings.ts';
import { shapeNames } from './shape/features.ts';
import { shape2DNames } from './shape/features2d.ts';
import { dzmNames } from './texture/features/dzm.ts';
import { glcmNames } from './texture/features/glcm.ts';
import { gldmNames } from './texture/features/gldm.ts';
import { glrlmNames } from './texture/features/glrlm.ts';
import { glszmNames } from './texture/features/glszm.ts';
import { nglNames } from './texture/features/ngl.ts';
import { ngtdmNames } from './texture/features/ngtdm.ts';

interface KnownClass {
  readonly names: readonly string[];
  readonly deprecated: readonly string[];
}

/** PyRadiomics' classes: features of each in its order, the deprecated ones apart. */
const pyradiomics = {
  shape: { names: shapeNames, deprecated: ['Compactness1', 'Compactness2', 'SphericalDisproportion'] },
  shape2D: { names: shape2DNames, deprecated: ['SphericalDisproportion'] },
  firstorder: { names: firstOrderNames, deprecated: ['StandardDeviation'] },
  glcm: { names: glcmNames, deprecated: ['Dissimilarity', 'Homogeneity1', 'Homogeneity2', 'SumVariance'] },
  gldm: { names: gldmNames, deprecated: ['DependencePercentage', 'GrayLevelNonUniformityNormalized'] },
  glrlm: { names: glrlmNames, deprecated: [] },
  glszm: { names: glszmNames, deprecated: [] },
  ngtdm: { names: ngtdmNames, deprecated: [] },
} as const satisfies Record<string, KnownClass>;

/** Classes of IBSI's features: class and feature together are IBSI's tag without the aggregation. */
const ibsi = {
  loc: { names: locNames, deprecated: [] },
  stat: { names: statNames, deprecated: [] },
  ih: { names: ihNames, deprecated: [] },
  ivh: { names: ivhNames, deprecated: [] },
  dzm: { names: dzmNames, deprecated: [] },
  ngl: { names: nglNames, deprecated: [] },
} as const satisfies Record<string, KnownClass>;

const known = { ...pyradiomics, ...ibsi };

export type FeatureClass = keyof typeof known;
export const featureClasses = Object.keys(known) as readonly FeatureClass[];

/** The classes that PyRadiomics has. */
export const pyradiomicsClasses = Object.keys(pyradiomics) as readonly FeatureClass[];

/** PyRadiomics' default: all its classes but shape2D. */
export const defaultClasses: readonly FeatureClass[] = pyradiomicsClasses.filter((c) => c !== 'shape2D');

/** Names of the features of a class, the deprecated ones last. */
export const featureNames = (name: FeatureClass): readonly string[] => [
  ...known[name].names,
  ...known[name].deprecated,
];

/** Classes to compute; a list of names restricts a class to those features, null means all that are not deprecated. */
export type ClassSelection =
  | readonly FeatureClass[]
  | Readonly<Partial<Record<FeatureClass, readonly string[] | null>>>;

/** The wanted features by class, shape classes first as in PyRadiomics' output. */
export type WantedFeatures = ReadonlyMap<FeatureClass, readonly string[]>;

/**
 * Checks a selection of classes and features.
 * @throws PipelineError BadSetting on an unknown class or feature
 */
export function wantedFeatures(selection: ClassSelection = defaultClasses): WantedFeatures {
  const entries = Array.isArray(selection) ? selection.map((c) => [c, null] as const) : Object.entries(selection);
  const wanted = entries.map(
    ([name, features]) => [checkClass(name), checkFeatures(checkClass(name), features ?? null)] as const,
  );
  const all: WantedFeatures = new Map(wanted);
  return new Map([...maskClasses(all), ...intensityClasses(all)]);
}

function checkClass(name: string): FeatureClass {
  if (name in known) return name as FeatureClass;
  throw new PipelineError(
    'BadSetting',
    `unknown feature class ${name}.${suggest(name, featureClasses)} Known: ${featureClasses.join(', ')}`,
  );
}

function checkFeatures(name: FeatureClass, features: readonly string[] | null): readonly string[] {
  const { names, deprecated } = known[name] as KnownClass;
  if (features === null) return names;
  const unknown = features.find((f) => !names.includes(f) && !deprecated.includes(f));
  if (unknown === undefined) return features;
  throw new PipelineError(
    'BadSetting',
    `unknown feature ${name}_${unknown}.${suggest(unknown, names)} Known: ${names.join(', ')}`,
  );
}

const computedOnMask: readonly FeatureClass[] = ['shape', 'shape2D'];
const isMaskClass = (name: FeatureClass): boolean => computedOnMask.includes(name);

/** The classes that are computed once, on the mask. */
export const maskClasses = (wanted: WantedFeatures): WantedFeatures =>
  new Map([...wanted].filter(([name]) => isMaskClass(name)));

/** The classes that are computed on every image. */
export const intensityClasses = (wanted: WantedFeatures): WantedFeatures =>
  new Map([...wanted].filter(([name]) => !isMaskClass(name)));
