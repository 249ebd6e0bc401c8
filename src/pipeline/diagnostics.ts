/** PyRadiomics' diagnostics columns (generalinfo.py): which image, which mask, which settings a row comes from. */
import type { Engine } from '../engine/index.ts';
import { version } from '../version.ts';
import { momentsOf } from './firstorder/features.ts';
import { decodeValues } from './firstorder/values.ts';
import { indexToPhysical } from './geometry.ts';
import type { ImageType } from './image-types.ts';
import { imageStatistics } from './image-statistics.ts';
import { checkOptions } from './n4/options.ts';
import type { Counts } from './pass/count.ts';
import type { PassInput, PreparedPass, RegionState } from './pass/prepare.ts';
import type { PreprocessSteps } from './preprocess.ts';
import { type RegionFacts, regionFacts } from './roi/facts.ts';
import { forEachLabelled } from './roi/labels.ts';
import type { Row } from './row.ts';
import type { Settings } from './settings.ts';
import type { Geometry, Mask, Volume, VoxelArray } from './volume.ts';

const prefix = 'diagnostics_';

/** The bytes SimpleITK hashes: little-endian voxels of the file's type. */
function hashBytes(data: VoxelArray, widened: boolean): Uint8Array<ArrayBuffer> {
  const values = widened ? BigUint64Array.from(data as Float64Array, (x) => BigInt.asUintN(64, BigInt(x))) : data;
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

/**
 * SHA-1 of the voxels as `SimpleITK.Hash` gives it, computed off the main thread.
 * @param widened the values are 64-bit integers in float64 (exact up to 2^53)
 * @returns 40 hexadecimal digits, or null where the platform offers no Web Crypto (pages without https)
 */
export async function sha1Hex(data: VoxelArray, widened = false): Promise<string | null> {
  const { subtle } = globalThis.crypto;
  if (!subtle) return null;
  const digest = new Uint8Array(await subtle.digest('SHA-1', hashBytes(data, widened)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-1 of a mask as PyRadiomics sees it: uint32 voxels. */
export function maskHash({ data }: Mask): Promise<string | null> {
  if (data instanceof Uint32Array) return sha1Hex(data);
  const wide = new Uint32Array(data.length);
  // Most of a mask is background, which need not be written.
  forEachLabelled(data, (i) => {
    wide[i] = data[i]!;
  });
  return sha1Hex(wide);
}

/** Size and spacing have as many entries as the image has dimensions. */
export function gridColumns(name: string, { dimension, spacing, size }: Geometry): Row {
  return {
    [`${prefix}${name}_Spacing`]: spacing.slice(0, dimension),
    [`${prefix}${name}_Size`]: size.slice(0, dimension),
  };
}

/**
 * The columns of an image as it was loaded: hash, grid, mean, minimum, maximum.
 * @param options.hash false leaves the hash out, which costs one pass over the bytes
 */
export async function imageDiagnostics(
  image: Volume,
  options: { readonly hash: boolean } = { hash: true },
): Promise<Row> {
  const name = `${prefix}Image-original`;
  // The digest runs on another thread while the statistics are computed.
  const hash = options.hash ? sha1Hex(image.data, image.widened) : null;
  const { mean, minimum, maximum } = imageStatistics(image.data);
  return {
    ...(hash ? { [`${name}_Hash`]: await hash } : {}),
    [`${name}_Dimensionality`]: `${image.dimension}D`,
    ...gridColumns('Image-original', image),
    [`${name}_Mean`]: mean,
    [`${name}_Minimum`]: minimum,
    [`${name}_Maximum`]: maximum,
  };
}

/**
 * The columns of one region of a mask; `original` masks are complete with `maskHash`.
 * @param stage PyRadiomics' word for the state of the mask
 */
export function maskDiagnostics(
  mask: Geometry,
  region: RegionFacts,
  stage: 'original' | 'corrected' | 'interpolated' | 'resegmented' = 'original',
): Row {
  const name = `${prefix}Mask-${stage}`;
  const { dimension } = mask;
  const { boundingBox, voxelNum, volumeNum, centerOfMassIndex, intensity } = region;
  return {
    ...gridColumns(`Mask-${stage}`, mask),
    [`${name}_BoundingBox`]: [...boundingBox.slice(0, dimension), ...boundingBox.slice(3, 3 + dimension)],
    [`${name}_VoxelNum`]: voxelNum,
    [`${name}_VolumeNum`]: volumeNum,
    [`${name}_CenterOfMassIndex`]: centerOfMassIndex.slice(0, dimension),
    [`${name}_CenterOfMass`]: indexToPhysical(mask, centerOfMassIndex).slice(0, dimension),
    ...(intensity
      ? {
          [`${name}_Mean`]: intensity.mean,
          [`${name}_Minimum`]: intensity.minimum,
          [`${name}_Maximum`]: intensity.maximum,
        }
      : {}),
  };
}

/** The columns that all regions of a case share. */
export interface CaseDiagnostics {
  /** Versions, configuration and image of a row, and the hash of its mask; `region` is the label or union. */
  before(region: string): Row;
  /** What computed the row. */
  readonly after: Row;
}

/** The image types as a parameter file names them: a list of settings where a type is there several times. */
const enabledTypes = (types: readonly ImageType[]): Record<string, unknown> =>
  Object.fromEntries(
    [...Map.groupBy(types, ({ name }) => name)].map(([name, group]) => {
      const overrides = group.map((type) => type.overrides);
      return [name, overrides.length === 1 ? overrides[0] : overrides];
    }),
  );

/**
 * Versions, configuration, image and mask of a case. PyRadiomics' versions of Python packages have no equal here;
 * `diagnostics_Versions_voxomics` stands in their place.
 * @param mask as it was loaded
 */
export async function caseDiagnostics(
  engine: Engine,
  image: Volume,
  mask: Mask,
  settings: Settings,
  types: readonly ImageType[],
): Promise<CaseDiagnostics> {
  const [imageColumns, hash] = await Promise.all([imageDiagnostics(image), maskHash(mask)]);
  const label = (region: string) => (/^\d+$/.test(region) ? Number(region) : region);
  return {
    before: (region) => ({
      [`${prefix}Versions_voxomics`]: version,
      [`${prefix}Configuration_Settings`]: { ...settings, label: label(region) },
      [`${prefix}Configuration_EnabledImageTypes`]: enabledTypes(types),
      ...imageColumns,
      [`${prefix}Mask-original_Hash`]: hash,
    }),
    after: { [`${prefix}Adapter`]: engine.caps.adapter, [`${prefix}Driver`]: engine.caps.driver },
  };
}

/**
 * The columns of the steps before the features that were asked for beside the settings, with their defaults; masks and weights of
 * N4 by whether there are any.
 */
export function stepColumns(image: Geometry, { n4, normalise, resample }: PreprocessSteps): Row {
  const name = `${prefix}Preprocessing`;
  const corrected = n4 && checkOptions(image, n4);
  const { interpolator = 'sitkBSpline', grid = 'pyradiomics', ...others } = resample ?? {};
  return {
    ...(corrected
      ? { [`${name}_N4`]: { ...corrected, mask: corrected.mask !== null, weights: corrected.weights !== null } }
      : {}),
    ...(normalise ? { [`${name}_Normalise`]: { ...normalise } } : {}),
    ...(resample ? { [`${name}_Resample`]: { ...others, interpolator, grid } } : {}),
  };
}

/** The mask columns of one region of a pass: as loaded, corrected or interpolated where it was resampled, resegmented where it was. */
export function regionDiagnostics(input: PassInput, pass: PreparedPass, counts: Counts, region: number): Row {
  const { image, mask, loaded } = input;
  const before = pass.original[region] as RegionState;
  const after = pass.states[region] as RegionState;
  const resegmented = pass.states !== pass.original;
  const { box } = pass.cells.box;
  const facts = (state: RegionState) =>
    regionFacts(state.extent, box, state.volumes ?? counts.volumes?.[region] ?? Number.NaN);
  const mean = counts.values && meanOf(counts.values, pass, counts, region);
  const original = loaded?.facts.get(before.selection.name) ?? facts(before);
  const resampled = loaded && withIntensity(facts(before), before, resegmented ? before.mean : mean);
  return {
    ...maskDiagnostics(mask, original),
    ...(resampled ? { ...loaded.image, ...maskDiagnostics(image, resampled, loaded.stage) } : {}),
    ...(resegmented ? maskDiagnostics(image, withIntensity(facts(after), after, mean), 'resegmented') : {}),
  };
}

function meanOf(values: Uint32Array, pass: PreparedPass, counts: Counts, region: number): number {
  const { range } = pass.states[region] as RegionState;
  return momentsOf(decodeValues(values, counts.layout.values, region, pass.image, range)).mean;
}

function withIntensity(facts: RegionFacts, { range }: RegionState, mean: number | null): RegionFacts {
  return { ...facts, intensity: { mean: mean ?? Number.NaN, minimum: range.minimum, maximum: range.maximum } };
}
