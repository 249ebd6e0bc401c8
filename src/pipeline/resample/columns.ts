/** How the columns of a grid are cut into stretches that one invocation each walks. */

/** Invocations that hide the latency of a GPU; a software adapter is content with fewer. */
const WANTED = 65_536;
/** Shorter stretches would spend their time on their start. */
const SHORTEST = 16;

export interface Stretches {
  /** Stretches per column. */
  readonly count: number;
  /** Voxels per stretch; the last may have fewer. */
  readonly rows: number;
}

/** Cuts columns into stretches where there are too few columns to fill a device. @param length voxels of a column */
export function cutColumns(columns: number, length: number): Stretches {
  const rows = Math.max(Math.min(SHORTEST, length), Math.ceil((length * columns) / WANTED));
  return rows >= length ? { count: 1, rows: length } : { count: Math.ceil(length / rows), rows };
}

/** Invocations of a kernel that walks the stretches: each stretch has workgroups of its own. */
export const walkers = (columns: number, { count }: Stretches, workgroup: number): number =>
  Math.ceil(columns / workgroup) * workgroup * count;
