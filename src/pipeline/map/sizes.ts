/** map/glrlm, map/glszm, map/gldm: features of runs, zones and dependences of the neighbourhood of each voxel. */
import gldmSource from '../../../shaders/map/gldm.wgsl?raw';
import glrlmSource from '../../../shaders/map/glrlm.wgsl?raw';
import glszmSource from '../../../shaders/map/glszm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { glrlmNames } from '../texture/features/glrlm.ts';
import type { Offset } from '../texture/matrices.ts';
import { uploadLogarithms } from './logarithms.ts';
import { type Kernels, placesOf, type Tile, tileOutput, tileParams, uploadOffsets, uploadWanted } from './tile.ts';

const bindings = {
  params: 'uniform',
  targets: 'read',
  cells: 'read',
  offsets: 'read',
  wanted: 'read',
  logs: 'read',
  scratch: 'read_write',
  output: 'read_write',
} as const;
const common = { bindings, workgroup: 64 };

export const mapGlrlm = defineKernel({ ...common, name: 'map/glrlm', source: glrlmSource });
export const mapGlszm = defineKernel({ ...common, name: 'map/glszm', source: glszmSource });
export const mapGldm = defineKernel({ ...common, name: 'map/gldm', source: gldmSource });

export type SizeClass = 'glrlm' | 'glszm' | 'gldm';
const kernelOf = { glrlm: mapGlrlm, glszm: mapGlszm, gldm: mapGldm } as const;

/** The features that need to know how often sizes and levels occur. */
const counted = [
  'GrayLevelNonUniformity',
  'GrayLevelNonUniformityNormalized',
  'RunEntropy',
  'RunLengthNonUniformity',
  'RunLengthNonUniformityNormalized',
];

/** What GLRLM calls a feature of zones or dependences. */
function runName(name: string): string {
  const words: readonly [RegExp, string][] = [
    [/^(Zone|Dependence)(Entropy|Variance|Percentage)$/, 'Run$2'],
    [/^(SizeZone|Dependence)NonUniformity/, 'RunLengthNonUniformity'],
    [/^(Large)(Area|Dependence)/, 'LongRun'],
    [/^(Small)(Area|Dependence)/, 'ShortRun'],
    [/^(High|Low)GrayLevel(Zone)?Emphasis$/, '$1GrayLevelRunEmphasis'],
  ];
  return words.reduce((text, [from, to]) => text.replace(from, to), name);
}

/** Place of a feature among the values of the three kernels. */
export const sizeSlot = (name: string): number => (glrlmNames as readonly string[]).indexOf(runName(name));

/**
 * Records the features of a tile.
 * @param offsets one of each pair of opposite unit offsets; for `gldm` all offsets at the distances
 * @param wanted places of features, see `sizeSlot`
 * @param alpha largest difference of dependent levels, for `gldm`
 */
export function recordMapSizes(
  rec: Recording,
  name: SizeClass,
  kernels: Kernels,
  tile: Tile,
  offsets: readonly Offset[],
  wanted: readonly number[],
  alpha = 0,
): BufferRef {
  const output = tileOutput(rec, tile, wanted);
  rec.dispatch(
    kernelOf[name],
    {
      params: tileParams(kernels, tile, {
        features: wanted.length,
        needs: Number(wanted.some((slot) => counted.includes(glrlmNames[slot] as string))),
        offsets: offsets.length,
        option: alpha,
      }),
      targets: kernels.targets,
      cells: kernels.cells,
      offsets: uploadOffsets(rec, kernels.box, offsets),
      wanted: uploadWanted(rec, wanted),
      logs: uploadLogarithms(rec, placesOf(kernels.radius)),
      scratch: tile.scratch,
      output,
    },
    tile.length,
  );
  return output;
}
