/** map/mcc: maximal correlation coefficient of the neighbourhood of each voxel. */
import source from '../../../shaders/map/mcc.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Offset } from '../texture/matrices.ts';
import { type Kernels, placesOf, type Tile, tileOutput, tileParams, uploadOffsets, uploadWanted } from './tile.ts';

export const mapMcc = defineKernel({
  name: 'map/mcc',
  source,
  bindings: {
    params: 'uniform',
    targets: 'read',
    cells: 'read',
    offsets: 'read',
    wanted: 'read',
    scratch: 'read_write',
    output: 'read_write',
  },
  workgroup: 64,
});

/** Words of scratch memory that a voxel needs: its pairs, its levels, two vectors and the matrix. */
export function mccWords({ radius, top }: Pick<Kernels, 'radius' | 'top'>, symmetrical: boolean): number {
  const places = placesOf(radius);
  const levels = Math.min(places, top);
  const order = symmetrical ? levels : 2 * levels;
  return places + levels + 2 * order + order * order;
}

/**
 * Records MCC of a tile: the mean over the angles that hold pairs, NaN where none does; 0 for a neighbourhood of one level.
 * @param offsets one of each pair of opposite offsets
 */
export function recordMapMcc(
  rec: Recording,
  kernels: Kernels,
  tile: Tile,
  offsets: readonly Offset[],
  symmetrical: boolean,
): BufferRef {
  const wanted = [0];
  const output = tileOutput(rec, tile, wanted);
  rec.dispatch(
    mapMcc,
    {
      params: tileParams(kernels, tile, {
        features: wanted.length,
        needs: 0,
        offsets: offsets.length,
        option: Number(symmetrical),
      }),
      targets: kernels.targets,
      cells: kernels.cells,
      offsets: uploadOffsets(rec, kernels.box, offsets),
      wanted: uploadWanted(rec, wanted),
      scratch: tile.scratch,
      output,
    },
    tile.length,
  );
  return output;
}
