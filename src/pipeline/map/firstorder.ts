/** map/firstorder: first-order features of the neighbourhood of each voxel. */
import source from '../../../shaders/map/firstorder.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { forEachRow, type PaddedBox } from '../box.ts';
import { firstOrderNames } from '../firstorder/features.ts';
import type { Volume } from '../volume.ts';
import { uploadLogarithms } from './logarithms.ts';
import { type Kernels, placesOf, type Tile, tileOutput, tileParams, uploadWanted } from './tile.ts';

export const mapFirstorder = defineKernel({
  name: 'map/firstorder',
  source,
  bindings: {
    params: 'uniform',
    targets: 'read',
    cells: 'read',
    intensities: 'read',
    shifts: 'read',
    wanted: 'read',
    logs: 'read',
    scratch: 'read_write',
    output: 'read_write',
  },
  workgroup: 64,
});

const groups: readonly (readonly string[])[] = [
  ['10Percentile', '90Percentile', 'InterquartileRange', 'Median', 'RobustMeanAbsoluteDeviation'],
  ['Entropy', 'Uniformity'],
];

/** Place of a feature among the kernel's values; the deprecated StandardDeviation is the last. */
export const firstorderSlot = (name: string): number =>
  name === 'StandardDeviation' ? firstOrderNames.length : (firstOrderNames as readonly string[]).indexOf(name);

/** Intensities of a padded box as pairs of float32: the value, and what is left of it. */
export function uploadIntensities(rec: Recording, { data, size }: Volume, box: PaddedBox): BufferRef {
  const pairs = new Float32Array(2 * box.cells);
  forEachRow(size, box.box, { size: box.padded, pad: box.pad }, (from, to) => {
    for (let x = 0; x < box.size[0]; x++) {
      const value = data[from + x] as number;
      const high = Math.fround(value);
      pairs[2 * (to + x)] = high;
      pairs[2 * (to + x) + 1] = value - high;
    }
  });
  return rec.upload('map/firstorder.intensities', pairs);
}

export interface FirstorderMapOptions {
  /** Added to the intensities before they are squared. */
  readonly voxelArrayShift: number;
  /** Volume of a voxel in mm^3, of a 2D image area of a pixel in mm^2: the factor of TotalEnergy. */
  readonly voxelVolume: number;
}

/**
 * Records the features of a tile.
 * @param intensities of the box of the kernels, see `uploadIntensities`
 * @param wanted places of features, see `firstorderSlot`
 */
export function recordMapFirstorder(
  rec: Recording,
  kernels: Kernels,
  tile: Tile,
  intensities: BufferRef,
  { voxelArrayShift, voxelVolume }: FirstorderMapOptions,
  wanted: readonly number[],
): BufferRef {
  const output = tileOutput(rec, tile, wanted);
  const needs = groups.reduce(
    (bits, names, bit) => bits | (wanted.some((slot) => names.includes(firstOrderNames[slot] ?? '')) ? 1 << bit : 0),
    0,
  );
  rec.dispatch(
    mapFirstorder,
    {
      params: tileParams(kernels, tile, { features: wanted.length, needs, offsets: 0, option: 0 }),
      targets: kernels.targets,
      cells: kernels.cells,
      intensities,
      shifts: rec.upload('map/firstorder.shifts', Float32Array.of(voxelArrayShift, voxelVolume)),
      wanted: uploadWanted(rec, wanted),
      logs: uploadLogarithms(rec, placesOf(kernels.radius)),
      scratch: tile.scratch,
      output,
    },
    tile.length,
  );
  return output;
}
