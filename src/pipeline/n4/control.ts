/** The words that steer the iterations on the GPU, as shaders/common/n4/shared.wgsl names them. */
import { fromOrdered } from './ordered.ts';

const LEVELS = 8;

export const controlBytes = (levels: number): number => 4 * (LEVELS + levels);

export interface ControlState {
  /** Iterations done, all levels. */
  readonly done: number;
  /** Range of log image less log field inside the mask. */
  readonly low: number;
  readonly high: number;
  /** Voxels of the shrunk grid inside the mask, and how many of them are NaN or infinite. */
  readonly inside: number;
  readonly nonFinite: number;
  /** Iterations done in each level. */
  readonly levels: readonly number[];
}

export function decodeControl(words: Uint32Array): ControlState {
  const [, done, low, high, inside, nonFinite] = words as unknown as [number, number, number, number, number, number];
  return {
    done,
    low: fromOrdered(~low >>> 0),
    high: fromOrdered(high),
    inside,
    nonFinite,
    levels: Array.from(words.subarray(LEVELS)),
  };
}
