/** IBSI 2's Laws kernels (JTXT) and their texture energy images (PQSD). */
import type { Recording } from '../../../engine/index.ts';
import type { Box } from '../../box.ts';
import type { DeviceVolume } from '../../device-volume.ts';
import { PipelineError } from '../../errors.ts';
import type { FilteredImage } from '../filtered-image.ts';
import type { Line } from './convolve.ts';
import { meanLine } from './mean.ts';
import { rotated, rotations } from './rotations.ts';
import { identity, type Lines, recordSeparable, supportOf } from './separable.ts';
import { checkOneOf, checkWhole, type CommonSettings, type Pooling, poolings, taskOf } from './settings.ts';

export interface LawsSettings extends CommonSettings {
  /** Names of the kernels along x, y and z, as E5L5S5; of x and y alone filters planes. */
  readonly kernels: string;
  /** Filter in all rotations by right angles, and what to make of the responses. Default: in one only. */
  readonly pooling?: Pooling;
  /** Take the mean of the absolute responses no further than this away along each axis, voxels. Default: not taken. */
  readonly energy?: number;
}

const normalised = (taps: readonly number[]): Line => {
  const norm = Math.hypot(...taps);
  return { taps: taps.map((tap) => tap / norm), centre: (taps.length - 1) / 2 };
};

/** Level, edge, spot, wave and ripple: of length 1, as IBSI has them. */
const kernelLines: Readonly<Record<string, Line>> = {
  L3: normalised([1, 2, 1]),
  L5: normalised([1, 4, 6, 4, 1]),
  E3: normalised([-1, 0, 1]),
  E5: normalised([-1, -2, 0, 2, 1]),
  S3: normalised([-1, 2, -1]),
  S5: normalised([-1, 0, 2, 0, -1]),
  W5: normalised([-1, 2, 0, -2, 1]),
  R5: normalised([1, -4, 6, -4, 1]),
};

/** The kernels of a name. */
function linesOf(name: string): readonly [lines: Lines, dimensions: 2 | 3] {
  const found = (name.match(/../g) ?? []).map((part) => kernelLines[part]);
  const [x, y, z = identity] = found;
  if (name.length !== 2 * found.length || !x || !y || found.length > 3 || !found.every((line) => line !== undefined))
    throw new PipelineError(
      'BadSetting',
      `kernels: expected two or three of ${Object.keys(kernelLines).join(', ')}, as E5L5S5, found ${name}`,
    );
  return [[x, y, z], found.length === 3 ? 3 : 2];
}

/**
 * The response to Laws kernels, in float32.
 * @param image stays; of float64 images the float32 part is filtered
 * @param box the voxels wanted; all by default. The image made covers it alone, its values are those of the whole image
 * @param software the adapter runs on the CPU
 * @returns one float32 image, `laws-E5L5S5`, whose buffer is kept and the caller's to release
 * @throws PipelineError BadSetting on unknown kernels, pooling or boundary, an energy that is no whole number of at least 1, a
 *   box outside the image
 */
export function recordLaws(
  rec: Recording,
  image: DeviceVolume,
  { kernels, pooling, energy, boundary = 'mirror' }: LawsSettings,
  box: Box | null = null,
  software = false,
): FilteredImage[] {
  const [lines, dimensions] = linesOf(kernels);
  if (pooling !== undefined) checkOneOf('pooling', pooling, poolings);
  if (energy !== undefined) checkWhole('energy', energy, 1);
  const { setting, part, box: wanted, finish } = taskOf(rec, image, boundary, box, software);
  const all = pooling ? rotations(dimensions).map((rotation) => rotated(lines, rotation)) : [lines];
  const filter = (where: Box) =>
    recordSeparable(setting, part, where, all, {
      pool: pooling === 'max' ? 'max' : 'sum',
      scale: pooling === 'average' ? 1 / all.length : 1,
    });
  const name = `laws-${kernels}`;
  if (energy === undefined) return finish(name, filter(wanted));
  const line = meanLine(2 * energy + 1);
  const window: Lines = [line, line, dimensions === 3 ? line : identity];
  const responses = filter(supportOf(setting, wanted, [window]));
  return finish(name, recordSeparable(setting, responses, wanted, [window], { pool: 'sum', magnitude: true }));
}
