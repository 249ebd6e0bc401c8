/** Rotations by right angles of filters whose kernels are products of one kernel per axis. */
import type { Line } from './convolve.ts';
import type { Lines } from './separable.ts';

type Axis = 0 | 1 | 2;

/** Where a rotation takes the kernels from: for each axis one of the axes, turned round or not. */
export interface Rotation {
  readonly from: readonly [Axis, Axis, Axis];
  readonly flips: readonly [boolean, boolean, boolean];
}

const orders: readonly (readonly [Axis, Axis, Axis])[] = [
  [0, 1, 2],
  [1, 2, 0],
  [2, 0, 1],
  [0, 2, 1],
  [1, 0, 2],
  [2, 1, 0],
];

/**
 * The rotations of a cube, 24, or of a square in the plane of x and y, 4. Of the permutations of axes with changes of
 * direction they are those that are no reflections: an even number of exchanges and changes in all.
 */
export function rotations(dimensions: 2 | 3): Rotation[] {
  return orders.flatMap((from, k) => {
    const isOdd = k >= 3;
    return Array.from({ length: 8 }, (_, bits): Rotation => {
      return { from, flips: [(bits & 1) !== 0, (bits & 2) !== 0, (bits & 4) !== 0] };
    }).filter(({ flips }) => {
      const changes = flips.filter(Boolean).length + Number(isOdd);
      return changes % 2 === 0 && (dimensions === 3 || (from[2] === 2 && !flips[2]));
    });
  });
}

const flipped = ({ taps, centre }: Line): Line => ({ taps: [...taps].reverse(), centre: taps.length - 1 - centre });

/** The kernels of the axes after a rotation. */
export function rotated(lines: Lines, { from, flips }: Rotation): Lines {
  const line = (a: Axis) => (flips[a] ? flipped(lines[from[a]]) : lines[from[a]]);
  return [line(0), line(1), line(2)];
}
