/** From the counts of a pass to the features of one region, in float64. */
import type { FeatureClass, WantedFeatures } from '../classes.ts';
import type { FeatureValues } from '../feature-values.ts';
import { firstOrderFeatures } from '../firstorder/features.ts';
import { ihFeatures } from '../firstorder/ibsi/ih.ts';
import { ivhFeatures, type IvhOptions } from '../firstorder/ibsi/ivh.ts';
import { locFeatures } from '../firstorder/ibsi/loc.ts';
import { statFeatures } from '../firstorder/ibsi/stat.ts';
import type { RoiValues } from '../firstorder/statistics.ts';
import { decodeValues } from '../firstorder/values.ts';
import type { Settings } from '../settings.ts';
import { pair } from '../roi/extent.ts';
import { decodeRange } from '../roi/range.ts';
import { shapeFeatures } from '../shape/features.ts';
import { shape2DFeatures } from '../shape/features2d.ts';
import { decodeExtremes, decodeMesh } from '../shape/surface.ts';
import { decodeZones } from '../texture/components.ts';
import { dzmFeatures } from '../texture/features/dzm.ts';
import { glcmFeatures } from '../texture/features/glcm.ts';
import { gldmFeatures } from '../texture/features/gldm.ts';
import { glrlmFeatures } from '../texture/features/glrlm.ts';
import { glszmFeatures } from '../texture/features/glszm.ts';
import { nglFeatures } from '../texture/features/ngl.ts';
import { ngtdmFeatures } from '../texture/features/ngtdm.ts';
import type { GlcmMatrix, GldmMatrix, GldzmMatrix, GlrlmMatrix, NgtdmMatrix } from '../texture/matrices.ts';
import { type Counts, levelTable } from './count.ts';
import type { PassInput, PreparedPass } from './prepare.ts';

/** The matrices of one region, cut out of the tables of all regions. */
export function glcmOf({ layout, glcm }: Counts, region: number): GlcmMatrix {
  const rows = layout.rows[region] as number;
  const first = layout.glcmFirst[region] as number;
  const offsets = layout.neighbourhoods.pairs;
  return { offsets, counts: (glcm as Uint32Array).subarray(first, first + offsets.length * rows * rows) };
}

export function glrlmOf({ layout, glrlm }: Counts, region: number): GlrlmMatrix {
  const { maxRun, totalRows } = layout;
  const offsets = layout.neighbourhoods.unit;
  const rows = layout.rows[region] as number;
  const first = layout.rowFirst[region] as number;
  const { counts: all, multiElement } = glrlm as NonNullable<Counts['glrlm']>;
  const counts = new Uint32Array(offsets.length * rows * maxRun);
  for (let angle = 0; angle < offsets.length; angle++) {
    const from = (angle * totalRows + first) * maxRun;
    counts.set(all.subarray(from, from + rows * maxRun), angle * rows * maxRun);
  }
  return {
    offsets,
    maxRun,
    counts,
    multiElement: Uint8Array.from(offsets, (_, angle) => ((multiElement[region] as number) >>> angle) & 1),
  };
}

export function gldmOf({ layout, gldm }: Counts, region: number): GldmMatrix {
  const maxDependence = layout.neighbourhoods.around.length + 1;
  const first = layout.rowFirst[region] as number;
  return {
    maxDependence,
    counts: (gldm as Uint32Array).subarray(
      first * maxDependence,
      (first + (layout.rows[region] as number)) * maxDependence,
    ),
  };
}

export function gldzmOf({ layout, distanceZones }: Counts, region: number): GldzmMatrix {
  const { maxDistance } = layout;
  const first = layout.rowFirst[region] as number;
  const last = first + (layout.rows[region] as number);
  return { maxDistance, counts: (distanceZones as Uint32Array).subarray(first * maxDistance, last * maxDistance) };
}

export function ngtdmOf(counts: Counts, region: number): NgtdmMatrix {
  const { layout, ngtdm } = counts;
  const maxNeighbours = layout.neighbourhoods.around.length;
  const rows = layout.rows[region] as number;
  const first = 2 * (layout.rowFirst[region] as number) * maxNeighbours;
  const differences = Float64Array.from({ length: rows * maxNeighbours }, (_, k) =>
    pair(ngtdm as Uint32Array, first + 2 * k),
  );
  return { maxNeighbours, voxels: levelTable(counts, region).histogram, differences };
}

/** The features of one class; null where PyRadiomics has none for this image (3D shape of a 2D image). */
function computeClass(
  image: string,
  name: FeatureClass,
  input: PassInput,
  pass: PreparedPass,
  counts: Counts,
  region: number,
  features: readonly string[],
): FeatureValues | null {
  const { settings } = input;
  const { spacing, dimension } = input.image;
  const state = pass.states[region] as PreparedPass['states'][number];
  const { symmetricalGLCM: symmetrical, weightingNorm, voxelArrayShift } = settings;
  switch (name) {
    case 'firstorder':
      return firstOrderFeatures(valuesOf(pass, counts, region), levelTable(counts, region).histogram, {
        voxelArrayShift,
        spacing,
        dimension,
        deprecated: features,
      });
    case 'loc': {
      const { local, global } = counts.peaks as NonNullable<Counts['peaks']>;
      const largest = (ranges: Uint32Array) => decodeRange(ranges, region, 'twofold').maximum;
      return locFeatures(largest(local), largest(global));
    }
    case 'ih':
      return ihFeatures(levelTable(counts, region));
    case 'ivh':
      return ivhFeatures(valuesOf(pass, counts, region), {
        binWidth: settings.ivhBinWidth,
        binCount: settings.ivhBinCount,
        range: image === 'original' ? rangeOf(settings) : null,
      });
    case 'dzm':
      return dzmFeatures(levelTable(counts, region), gldzmOf(counts, region), state.extent.voxels);
    case 'ngl':
      return nglFeatures(levelTable(counts, region), gldmOf(counts, region), state.extent.voxels);
    case 'stat':
      return statFeatures(valuesOf(pass, counts, region));
    case 'glcm':
      return glcmFeatures(levelTable(counts, region), glcmOf(counts, region), { symmetrical, weightingNorm, spacing });
    case 'glrlm':
      return glrlmFeatures(levelTable(counts, region), glrlmOf(counts, region), { weightingNorm, spacing });
    case 'glszm': {
      const { counts: zones, large } = counts.zones as NonNullable<Counts['zones']>;
      const matrix = decodeZones(
        zones,
        large,
        counts.layout.rowFirst[region] as number,
        counts.layout.rows[region] as number,
      );
      return glszmFeatures(levelTable(counts, region), matrix, state.extent.voxels);
    }
    case 'gldm':
      return gldmFeatures(levelTable(counts, region), gldmOf(counts, region));
    case 'ngtdm':
      return ngtdmFeatures(levelTable(counts, region), ngtdmOf(counts, region));
    case 'shape':
      return dimension === 2 ? null : shapeFeatures(surfaceOf(pass, counts, region), { spacing, deprecated: features });
    case 'shape2D':
      return shape2DFeatures(surfaceOf(pass, counts, region), { spacing, dimension, settings, deprecated: features });
  }
}

/** The range that resegmentation asks for in the image's unit; null where it does not. */
function rangeOf({ resegmentRange, resegmentMode }: Settings): IvhOptions['range'] {
  if (resegmentRange === null || resegmentMode !== 'absolute') return null;
  const [lower, upper = null] = [...resegmentRange].sort((a, b) => a - b) as [number, number?];
  return { lower, upper };
}

/** The intensities of one region. */
function valuesOf(pass: PreparedPass, { values, layout }: Counts, region: number): RoiValues {
  const { range } = pass.states[region] as PreparedPass['states'][number];
  return decodeValues(values as Uint32Array, layout.values, region, pass.image, range);
}

function surfaceOf(pass: PreparedPass, counts: Counts, region: number) {
  return {
    mesh: decodeMesh(counts.mesh as Uint32Array, region),
    extremes: decodeExtremes(
      counts.lines as Uint32Array,
      counts.layout.lines as NonNullable<Counts['layout']['lines']>,
      region,
    ),
    moments: (pass.shape.extents[region] as PreparedPass['shape']['extents'][number]).moments,
    box: (pass.states[region] as PreparedPass['states'][number]).extent.box,
  };
}

/** Feature columns of one region in PyRadiomics' order, with the reasons of NaN values. @param image the first part of their names */
export function finaliseRegion(
  image: string,
  input: PassInput,
  pass: PreparedPass,
  counts: Counts,
  region: number,
  wanted: WantedFeatures,
): FeatureValues {
  const values: Record<string, number> = {};
  const reasons: Record<string, string> = {};
  for (const [name, features] of wanted) {
    const computed = computeClass(image, name, input, pass, counts, region, features);
    if (!computed) continue;
    for (const feature of features) {
      // Deprecated texture features are known names without a value, as in PyRadiomics.
      if (!(feature in computed.values)) continue;
      const column = `${image}_${name}_${feature}`;
      values[column] = computed.values[feature] as number;
      const reason = computed.reasons[feature];
      if (reason !== undefined) reasons[column] = reason;
    }
  }
  return { values, reasons };
}
