/** Images of which a box is on the GPU. */
import type { DeviceVolume, PartialVolume } from './device-volume.ts';
import { type Box, boxSize, forEachRow } from './box.ts';
import { boxGrid } from './geometry.ts';
import { splitFloat } from './twofold.ts';
import type { Volume } from './volume.ts';

/** What is there of an image, as an image of its own. */
export const presentPart = (image: PartialVolume): DeviceVolume =>
  image.covers ? { ...image, ...boxGrid(image, image.covers) } : image;

/** Whether every voxel of a box is the float32, or the sum of two, that an exact upload makes of it. */
export function isExactOnDevice({ data, size }: Volume, box: Box): boolean {
  const wide = data instanceof Float64Array;
  if (!wide && !(data instanceof Int32Array || data instanceof Uint32Array)) return true;
  const holds = (v: number) => {
    const [high, low] = splitFloat(v);
    return (wide ? high + low : high) === v || !Number.isFinite(v);
  };
  const row = boxSize(box)[0];
  let all = true;
  forEachRow(size, box, { size: boxSize(box), pad: 0 }, (from) => {
    for (let i = from; all && i < from + row; i++) all = holds(data[i] as number);
  });
  return all;
}
