/** How kernels walk the columns of a grid along z, four neighbours at a time (common/quads). */
import type { Vec3 } from '../volume.ts';

/** Invocations per workgroup of such kernels. */
export const WALKERS = 64;
/** Columns of an invocation. */
const COLUMNS = 4;
/** Invocations worth having: two threads of eight lanes, or a GPU with its latency hidden. */
const WANTED = { software: 512, device: 65_536 } as const;
/** Shorter stretches would spend their time on their start. */
const SHORTEST = 16;

export interface ColumnWalk {
  /** Stretches that a column is cut into where there are too few columns to fill a device. */
  readonly stretches: number;
  /** Voxels per stretch; the last may have fewer. */
  readonly rows: number;
  /** Planes have a multiple of four voxels, which can be stored together. */
  readonly even: boolean;
  /** Each stretch has workgroups of its own. */
  readonly invocations: number;
}

/** Cuts the columns of a grid. @param software the adapter runs on the CPU */
export function cutColumns([nx, ny, nz]: Vec3, software: boolean): ColumnWalk {
  const walkers = Math.ceil((nx * ny) / COLUMNS);
  const rows = Math.min(
    nz,
    Math.max(SHORTEST, Math.ceil((nz * walkers) / (software ? WANTED.software : WANTED.device))),
  );
  const stretches = Math.ceil(nz / rows);
  return {
    stretches,
    rows,
    even: (nx * ny) % COLUMNS === 0,
    invocations: Math.ceil(walkers / WALKERS) * WALKERS * stretches,
  };
}
