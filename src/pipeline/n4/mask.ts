/** Masks as N4 reads them: one bit per voxel. */
import type { Mask } from '../volume.ts';

/** One bit per voxel, 1 where the mask is not 0 (ANTsPy takes any such value), lowest bit first. */
export function packBits({ data }: Pick<Mask, 'data'>): Uint32Array {
  const words = new Uint32Array(Math.ceil(data.length / 32));
  const whole = data.length >>> 5;
  for (let w = 0, i = 0; w < whole; w++) {
    let word = 0;
    for (let bit = 0; bit < 32; bit++, i++) word |= Number(data[i] !== 0) << bit;
    words[w] = word;
  }
  for (let i = whole << 5; i < data.length; i++)
    words[whole] = (words[whole] as number) | (Number(data[i] !== 0) << (i & 31));
  return words;
}
