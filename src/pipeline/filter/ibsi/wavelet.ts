/** IBSI 2's separable wavelets (25BO): undecimated, by the algorithme à trous. */
import type { BufferRef, Recording } from '../../../engine/index.ts';
import type { Box } from '../../box.ts';
import type { DeviceVolume } from '../../device-volume.ts';
import { PipelineError } from '../../errors.ts';
import type { FilteredImage } from '../filtered-image.ts';
import { waveletBank } from '../wavelet-bank.ts';
import type { Line } from './convolve.ts';
import { rotated, rotations } from './rotations.ts';
import { identity, type Lines, recordSeparable, supportOf, wordsOf } from './separable.ts';
import { checkOneOf, checkWhole, type CommonSettings, type Pooling, poolings, taskOf } from './settings.ts';

export interface IbsiWaveletSettings extends CommonSettings {
  /** A discrete wavelet of PyWavelets. */
  readonly wavelet: string;
  /** L or H along x, y and z, as LHL; of x and y alone filters planes. */
  readonly bands: string;
  /** Number of decompositions: those before the last take the low pass along all axes. Default 1. */
  readonly level?: number;
  /** Filter in all rotations by right angles, and what to make of the responses. Default: in one only. */
  readonly pooling?: Pooling;
}

/** The centre of a kernel of even length is behind its middle, as if a zero followed, which is there when it is turned round. */
const odd = (taps: ArrayLike<number>): number[] =>
  taps.length % 2 === 0 ? [...Array.from(taps), 0] : Array.from(taps);

/** A kernel with `2^(level - 1) - 1` zeros between its values. */
function spread(taps: readonly number[], level: number): Line {
  const step = 2 ** (level - 1);
  const wide = new Array<number>((taps.length - 1) * step + 1).fill(0);
  taps.forEach((tap, t) => {
    wide[t * step] = tap;
  });
  return { taps: wide, centre: (wide.length - 1) / 2 };
}

/** The kernels of each level in turn. */
function levelsOf(wavelet: string, bands: string, level: number): Lines[] {
  const { low, high } = waveletBank(wavelet);
  return Array.from({ length: level }, (_, k): Lines => {
    const line = (a: 0 | 1 | 2): Line => {
      const letter = bands[a];
      if (letter === undefined) return identity;
      return spread(odd(k === level - 1 && letter === 'H' ? high : low), k + 1);
    };
    return [line(0), line(1), line(2)];
  });
}

/**
 * A band of an undecimated separable wavelet, in float32.
 * @param image stays; of float64 images the float32 part is filtered
 * @param box the voxels wanted; all by default. The image made covers it alone, its values are those of the whole image
 * @param software the adapter runs on the CPU
 * @returns one float32 image, `wavelet-LHL`, whose buffer is kept and the caller's to release
 * @throws PipelineError BadSetting on an unknown wavelet, bands that are not two or three of L and H, a level below 1, unknown
 *   pooling or boundary, a box outside the image
 */
export function recordIbsiWavelet(
  rec: Recording,
  image: DeviceVolume,
  { wavelet, bands, level = 1, pooling, boundary = 'mirror' }: IbsiWaveletSettings,
  box: Box | null = null,
  software = false,
): FilteredImage[] {
  if (!/^[LH]{2,3}$/.test(bands))
    throw new PipelineError('BadSetting', `bands: expected two or three of L and H, as LHL, found ${bands}`);
  checkWhole('level', level, 1);
  if (pooling !== undefined) checkOneOf('pooling', pooling, poolings);
  const { setting, part, box: wanted, finish } = taskOf(rec, image, boundary, box, software);
  const levels = levelsOf(wavelet, bands, level);
  const turns = pooling ? rotations(bands.length === 3 ? 3 : 2) : [null];
  const cascades = turns.map((turn) => levels.map((lines) => (turn ? rotated(lines, turn) : lines)));
  // Rotations that agree in the levels before the last share these.
  const groups = Map.groupBy(cascades, (cascade) =>
    cascade
      .slice(0, -1)
      .flatMap((lines) => lines.map(wordsOf))
      .join(';'),
  );
  const pool = pooling === 'max' ? 'max' : 'sum';
  const scale = pool === 'max' ? 1 : 1 / cascades.length;
  let onto: BufferRef | undefined;
  for (const group of groups.values()) {
    const lasts = group.map((cascade) => cascade.at(-1)!);
    const needed = [supportOf(setting, wanted, lasts)];
    for (const lines of group[0]!.slice(1, -1).reverse()) needed.unshift(supportOf(setting, needed[0]!, [lines]));
    const source = group[0]!
      .slice(0, -1)
      .reduce(
        (current, lines, k) => recordSeparable(setting, current, needed[k]!, [lines], { pool: 'sum', passing: true }),
        part,
      );
    onto = recordSeparable(setting, source, wanted, lasts, { pool, scale, onto }).buffer;
  }
  return finish(`wavelet-${bands}`, { buffer: onto!, box: wanted });
}
