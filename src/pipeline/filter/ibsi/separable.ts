/** Filters whose kernels are products of one kernel per axis, and sums or maxima of several of them. */
import type { BufferRef } from '../../../engine/index.ts';
import { type Box, boxSize } from '../../box.ts';
import type { Samples } from '../../resample/axis.ts';
import type { Vec3 } from '../../volume.ts';
import { neededBox, type Part, type Reach, recordExtended, type Setting } from './boundary.ts';
import { before, behind, type Line, type Pool, recordConvolve } from './convolve.ts';

type Axis = 0 | 1 | 2;

/** A kernel for each axis: x, y, z. */
export type Lines = readonly [Line, Line, Line];

/** The kernel that changes nothing. */
export const identity: Line = { taps: [1], centre: 0 };

const isIdentity = ({ taps }: Line): boolean => taps.length === 1 && taps[0] === 1;

/** A kernel in words: kernels of the same words are the same. */
export const wordsOf = ({ taps, centre }: Line): string => `${centre}:${taps.join()}`;

/** The reach that is enough for all of some kernels. */
function reachOf(kernels: readonly Lines[]): Reach {
  const most = (side: (line: Line) => number, a: Axis) => kernels.reduce((n, lines) => Math.max(n, side(lines[a])), 0);
  return {
    before: [most(before, 0), most(before, 1), most(before, 2)],
    behind: [most(behind, 0), most(behind, 1), most(behind, 2)],
  };
}

/** The voxels of an image that the responses of a box to some kernels take. */
export const supportOf = ({ grid, boundary }: Setting, box: Box, kernels: readonly Lines[]): Box =>
  neededBox(box, reachOf(kernels), grid.size, boundary);

export interface SeparableOptions {
  /** How the responses to the kernels become one. */
  readonly pool: 'sum' | 'max';
  /** Factor of all responses. Default 1. */
  readonly scale?: number;
  /** Filters the absolute values. */
  readonly magnitude?: boolean;
  /** Responses to pool with; a buffer of its own otherwise. */
  readonly onto?: BufferRef | undefined;
  /** The responses are read by the next call alone. */
  readonly passing?: boolean;
}

/**
 * Convolves a part of an image with each of some kernels and pools the responses. Kernels that agree along x, or along x and
 * y, share these passes.
 * @param part holds `supportOf` the box
 * @param box voxels whose responses are wanted
 */
export function recordSeparable(
  setting: Setting,
  part: Part,
  box: Box,
  kernels: readonly Lines[],
  { pool, scale = 1, magnitude = false, onto, passing = false }: SeparableOptions,
): Part {
  const { rec, scratch } = setting;
  const reach = reachOf(kernels);
  const size = boxSize(box);
  const used = ([0, 1, 2] as const).filter((a) => kernels.some((lines) => !isIdentity(lines[a])));
  const axes: readonly Axis[] = used.length > 0 ? used : [0];
  const extended = recordExtended(setting, part, box, reach);
  const voxels = size[0] * size[1] * size[2];
  const own = () =>
    passing ? scratch('filter/convolve.passing', voxels) : rec.buffer('filter/convolve.pooled', 4 * voxels);
  const result = onto ?? own();
  let isFirst = onto === undefined;

  /** The passes from number `done` on, for kernels that agree in those before. */
  function descend(samples: Samples, alike: readonly Lines[], done: number): void {
    const axis = axes[done]!;
    const isLast = done === axes.length - 1;
    const groups = Map.groupBy(alike, (lines) => wordsOf(lines[axis]));
    for (const group of groups.values()) {
      const line = group[0]![axis];
      const common = { count: size[axis], margin: reach.before[axis], magnitude: magnitude && done === 0 };
      if (!isLast) {
        const held: Vec3 = samples.size.map((n, a) => (a === axis ? size[axis] : n)) as unknown as Vec3;
        const buffer = scratch(`filter/convolve.along_${'xyz'[axis]}`, held[0] * held[1] * held[2]);
        descend(recordConvolve(rec, samples, axis, line, { ...common, pool: 'write' }, buffer), group, done + 1);
        continue;
      }
      // Of kernels that are the same the largest response is that of one; the sum counts them all.
      const times = scale * (pool === 'sum' ? group.length : 1);
      const taps = line.taps.map((tap) => times * tap);
      const how: Pool = isFirst ? 'write' : pool === 'sum' ? 'add' : 'max';
      recordConvolve(rec, samples, axis, { ...line, taps }, { ...common, pool: how }, result);
      isFirst = false;
    }
  }
  descend(extended, kernels, 0);
  return { buffer: result, box };
}
