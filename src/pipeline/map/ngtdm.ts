/** map/ngtdm: grey tone difference features of the neighbourhood of each voxel. */
import source from '../../../shaders/map/ngtdm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import type { Offset } from '../texture/matrices.ts';
import { type Kernels, type Tile, tileOutput, tileParams, uploadOffsets, uploadWanted } from './tile.ts';

export const mapNgtdm = defineKernel({
  name: 'map/ngtdm',
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

/**
 * Records the features of a tile.
 * @param offsets all offsets at the distances
 * @param wanted places in `ngtdmNames`
 */
export function recordMapNgtdm(
  rec: Recording,
  kernels: Kernels,
  tile: Tile,
  offsets: readonly Offset[],
  wanted: readonly number[],
): BufferRef {
  const output = tileOutput(rec, tile, wanted);
  rec.dispatch(
    mapNgtdm,
    {
      params: tileParams(kernels, tile, { features: wanted.length, needs: 0, offsets: offsets.length, option: 0 }),
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
