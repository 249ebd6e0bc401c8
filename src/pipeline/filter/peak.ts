/** filter/peak: the largest absolute value of an image, which scales PyRadiomics' point filters. */
import source from '../../../shaders/filter/peak.wgsl?raw';
import { defineKernel, type Engine, Recording } from '../../engine/index.ts';
import { type DeviceVolume, voxelCount } from '../device-volume.ts';
import { valueOfKey } from '../keys.ts';

export const peakKernel = defineKernel({
  name: 'filter/peak',
  source,
  bindings: { params: 'uniform', voxels: 'read', tails: 'read', rows: 'read_write' },
  workgroup: 256,
});

const STRIP = 64;
const ROW = 5;
const INFINITE_KEYS = [0x007fffff, 0xff800000] as const;

/** What a point filter has to know of the whole image. */
export interface Peak {
  /** Largest absolute value; NaN where a voxel is NaN. */
  readonly magnitude: number;
  /** Extremes; not finite where a voxel is not. */
  readonly minimum: number;
  readonly maximum: number;
  /** Whether every voxel is a whole number. */
  readonly whole: boolean;
}

/** Looks for the largest absolute value, in one pass over the image and a submit of its own. */
export async function findPeak(engine: Engine, image: DeviceVolume): Promise<Peak> {
  const rec = new Recording('filter/peak');
  const length = voxelCount(image);
  const count = Math.ceil(length / (peakKernel.workgroup * STRIP));
  const rows = rec.buffer('filter/peak.rows', count * ROW * 4);
  const { voxels, tails } = image;
  const params = { length, rows: count, strip: STRIP, has_tails: Number(tails !== null) };
  rec.dispatch(peakKernel, { params, voxels, tails: tails ?? voxels, rows }, count * peakKernel.workgroup);
  const download = rec.download(rows);
  const found = (await engine.execute(rec)).u32(download);
  let [high, low, lowest, highest, fractions] = [0, 0, 0, 0, 0];
  for (let at = 0; at < found.length; at += ROW) {
    const row = found.subarray(at, at + ROW) as unknown as [number, number, number, number, number];
    if (row[0] > high) [high, low] = [row[0], row[1]];
    else if (row[0] === high) low = Math.max(low, row[1]);
    [lowest, highest, fractions] = [Math.max(lowest, row[2]), Math.max(highest, row[3]), fractions | row[4]];
  }
  const lowestKey = ~lowest >>> 0;
  const finite = lowestKey > INFINITE_KEYS[0] && highest < INFINITE_KEYS[1];
  const largest = valueOfKey('float32', (high | 0x80000000) >>> 0);
  return {
    magnitude: finite ? largest + valueOfKey('float32', low) : largest,
    minimum: valueOfKey('float32', lowestKey),
    maximum: valueOfKey('float32', highest),
    whole: finite && fractions === 0,
  };
}
