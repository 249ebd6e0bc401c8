/** map/glcm: co-occurrence features of the neighbourhood of each voxel. */
import source from '../../../shaders/map/glcm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { glcmNames } from '../texture/features/glcm.ts';
import type { Offset } from '../texture/matrices.ts';
import { uploadLogarithms } from './logarithms.ts';
import { type Kernels, placesOf, type Tile, tileOutput, tileParams, uploadOffsets, uploadWanted } from './tile.ts';

export const mapGlcm = defineKernel({
  name: 'map/glcm',
  source,
  bindings: {
    params: 'uniform',
    targets: 'read',
    cells: 'read',
    offsets: 'read',
    wanted: 'read',
    logs: 'read',
    scratch: 'read_write',
    output: 'read_write',
    seen: 'read_write',
  },
  workgroup: 64,
});

/** Groups of features that the kernel computes only where one of them is wanted. */
const groups: readonly (readonly string[])[] = [
  ['Id', 'Idm', 'Idmn', 'Idn', 'InverseVariance'],
  [
    'Autocorrelation',
    'ClusterProminence',
    'ClusterShade',
    'ClusterTendency',
    'Correlation',
    'DifferenceVariance',
    'JointAverage',
    'SumAverage',
    'SumSquares',
  ],
  ['DifferenceEntropy', 'Imc1', 'Imc2', 'JointEnergy', 'JointEntropy', 'MaximumProbability', 'SumEntropy'],
];

/** The number of angles of a neighbourhood that hold pairs, beside the features. */
const ANGLES = glcmNames.length;

/** Place of a feature among the kernel's values. @param name a feature but MCC, or `angles` */
export const glcmSlot = (name: string): number =>
  name === 'angles' ? ANGLES : (glcmNames as readonly string[]).indexOf(name);

/** Groups of features that the wanted places need. */
const needsOf = (wanted: readonly number[]): number =>
  groups.reduce(
    (bits, names, bit) => bits | (wanted.some((slot) => names.includes(glcmNames[slot] ?? '')) ? 1 << bit : 0),
    0,
  );

/**
 * Records the features of a tile. Returns the values, and for each offset whether any neighbourhood holds a pair.
 * @param offsets one of each pair of opposite offsets
 * @param wanted places of features, see `glcmSlot`
 */
export function recordMapGlcm(
  rec: Recording,
  kernels: Kernels,
  tile: Tile,
  offsets: readonly Offset[],
  symmetrical: boolean,
  wanted: readonly number[],
): { readonly values: BufferRef; readonly seen: BufferRef } {
  const output = tileOutput(rec, tile, wanted);
  const seen = rec.zeros('map/glcm.seen', offsets.length * 4);
  rec.dispatch(
    mapGlcm,
    {
      params: tileParams(kernels, tile, {
        features: wanted.length,
        needs: needsOf(wanted),
        offsets: offsets.length,
        option: Number(symmetrical),
      }),
      targets: kernels.targets,
      cells: kernels.cells,
      offsets: uploadOffsets(rec, kernels.box, offsets),
      wanted: uploadWanted(rec, wanted),
      logs: uploadLogarithms(rec, 2 * placesOf(kernels.radius)),
      scratch: tile.scratch,
      output,
      seen,
    },
    tile.length,
  );
  return { values: output, seen };
}
