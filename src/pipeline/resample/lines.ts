/** The positions that a grid wants along one axis of the image. */
import { type AxisPositions, inside } from './positions.ts';

/** One axis of the image: the positions wanted along it in ascending order, and which index of the grid each has. */
export interface Line {
  readonly axis: 0 | 1 | 2;
  /** Positions inside the image, ascending. */
  readonly positions: Float64Array;
  /** Index among `positions` of every index of the grid; -1 outside. */
  readonly places: Int32Array;
  /** Positions descend along the grid. */
  readonly descends: boolean;
  /** All positions are whole numbers without a gap: nothing to interpolate. */
  readonly whole: boolean;
}

export function lineOf({ axis, positions }: AxisPositions, n: number): Line {
  const kept = [...positions.keys()].filter((k) => inside(positions[k]!, n));
  const descends = kept.length > 1 && positions[kept[0]!]! > positions[kept[1]!]!;
  const ordered = descends ? kept.reverse() : kept;
  const places = new Int32Array(positions.length).fill(-1);
  ordered.forEach((k, place) => {
    places[k] = place;
  });
  // Within a rounding error of whole numbers, which interpolation would hand on.
  const steps = ordered.map((k, place) => positions[k]! - place - Math.round(positions[ordered[0]!]!));
  const whole = steps.every((d) => Math.abs(d) < 1e-9);
  return { axis, positions: Float64Array.from(ordered, (k) => positions[k]!), places, descends, whole };
}
