/** firstorder/peak: mean intensities of spheres around the voxels of all regions, and the largest of them. */
import source from '../../../shaders/firstorder/peak.wgsl?raw';
import { type Download, defineKernel, type Recording } from '../../engine/index.ts';
import type { PaddedBox } from '../box.ts';
import { keyCodes } from '../keys.ts';
import type { RegionCells } from '../roi/compact.ts';
import { type KeyBuffer, recordRange, recordRanges } from '../roi/range.ts';
import type { Vec3 } from '../volume.ts';

const file = { source, workgroup: 64 };

export const rows = defineKernel({
  ...file,
  name: 'firstorder/peak:rows',
  entryPoint: 'rows',
  bindings: { params: 'uniform', keys: 'read', running: 'read_write' },
});
export const mean = defineKernel({
  ...file,
  name: 'firstorder/peak:mean',
  entryPoint: 'mean',
  bindings: {
    params: 'uniform',
    voxels: 'read',
    cells: 'read',
    keys: 'read',
    ranges: 'read',
    discs: 'read',
    running: 'read_write',
    peaks: 'read_write',
    tops: 'read_write',
  },
});

/** Radius of a sphere of 1 cm^3, millimetres (IBSI 3.2). */
export const PEAK_RADIUS = 10 * (3 / (4 * Math.PI)) ** (1 / 3);

/** Bytes of the running sums of a voxel: the largest buffer. */
export const PEAK_BYTES = 12;

/**
 * The rows along x of a sphere as far as a box can hold them: offset in y and z, and the most voxels to either side, four
 * numbers each. @param spacing millimetres along x, y, z
 */
export function sphereRows(radius: number, spacing: Vec3, { size }: Pick<PaddedBox, 'size'>): Int32Array {
  const [nx, ny, nz] = [0, 1, 2].map((i) => Math.min(Math.floor(radius / spacing[i]!), size[i]! - 1)) as [
    number,
    number,
    number,
  ];
  const found: number[] = [];
  for (let z = -nz; z <= nz; z++) {
    for (let y = -ny; y <= ny; y++) {
      const rest = radius ** 2 - (y * spacing[1]) ** 2 - (z * spacing[2]) ** 2;
      if (rest >= 0) found.push(y, z, Math.min(Math.floor(Math.sqrt(rest) / spacing[0]), nx), 0);
    }
  }
  return Int32Array.from(found);
}

/** Ranges of the means as `decodeRange` reads them (kind `twofold`): of all voxels, and of those with the largest intensity. */
export interface PeakDownloads {
  readonly global: Download;
  readonly local: Download;
}

/**
 * @param image intensities of the whole box, which reaches as far around the regions as the spheres, or to the image's end
 * @param regions their number
 * @param spacing millimetres along x, y, z
 */
export function recordPeaks(
  rec: Recording,
  region: RegionCells,
  image: KeyBuffer,
  regions: number,
  spacing: Vec3,
): PeakDownloads {
  const { cells, voxels, length, box } = region;
  const [nx, ny, nz] = box.size;
  const discs = sphereRows(PEAK_RADIUS, spacing, box);
  const params = { size: box.size, pad: box.pad, kind: keyCodes[image.kind], discs: discs.length / 4, zero: 0 };
  const running = rec.buffer('firstorder/peak.running', (nx + 1) * ny * nz * PEAK_BYTES);
  rec.dispatch(rows, { params: { ...params, length: ny * nz }, keys: image.keys, running }, ny * nz);
  const peaks = rec.buffer('firstorder/peak.peaks', box.cells * 8);
  const tops = rec.buffer('firstorder/peak.tops', box.cells * 4);
  const ranges = recordRanges(rec, region, image, regions);
  rec.dispatch(
    mean,
    {
      params: { ...params, length },
      voxels,
      cells,
      keys: image.keys,
      ranges,
      discs: rec.upload('firstorder/peak.discs', discs),
      running,
      peaks,
      tops,
    },
    length,
  );
  const means: KeyBuffer = { kind: 'twofold', words: 2, keys: peaks };
  return {
    global: recordRange(rec, region, means, regions),
    local: recordRange(rec, { ...region, cells: tops }, means, regions),
  };
}
