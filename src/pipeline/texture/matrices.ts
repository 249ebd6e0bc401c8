/**
 * The integer texture matrices of one region, as the kernels count them. Rows are grey levels that may occur; `levels[row]`
 * is the grey level (1-based, ascending). Rows without voxels are allowed and are ignored by the feature functions.
 */
import type { Vec3 } from '../volume.ts';

/** A neighbour offset in voxels, (x, y, z). */
export type Offset = Vec3;

export interface LevelTable {
  /** Grey level of each row, ascending. */
  readonly levels: Uint32Array;
  /** Number of voxels of each row: the histogram of the discretised region. */
  readonly histogram: Uint32Array;
}

/** Co-occurrence counts for unidirectional offsets: `counts[(angle * rows + i) * rows + j]`, i at the voxel, j at voxel + offset. */
export interface GlcmMatrix {
  readonly offsets: readonly Offset[];
  readonly counts: Uint32Array;
}

/** Run counts: `counts[(angle * rows + i) * maxRun + length - 1]`. */
export interface GlrlmMatrix {
  readonly offsets: readonly Offset[];
  readonly maxRun: number;
  readonly counts: Uint32Array;
  /** 1 where some line along the angle holds more than one voxel of the region (PyRadiomics drops the other angles). */
  readonly multiElement: Uint8Array;
}

/** Zones (26-connected, 8-connected in 2D) in sparse form: `count[k]` zones of row `row[k]` with `size[k]` voxels, each (row, size) once. */
export interface GlszmMatrix {
  readonly row: Uint32Array;
  readonly size: Uint32Array;
  readonly count: Uint32Array;
}

/** Zones by their distance to the border: `counts[i * maxDistance + d - 1]`, d = the least distance of a voxel of the zone. */
export interface GldzmMatrix {
  readonly maxDistance: number;
  readonly counts: Uint32Array;
}

/** Dependence counts: `counts[i * maxDependence + d]`, d = number of dependent neighbours (0 .. maxDependence - 1). */
export interface GldmMatrix {
  readonly maxDependence: number;
  readonly counts: Uint32Array;
}

/**
 * Neighbourhood grey tone differences, exact: `voxels[i]` = n_i (all voxels of the row, those without neighbours included),
 * `differences[i * maxNeighbours + c - 1]` = sum over voxels with c neighbours of |c * level - sum of the neighbours' levels|,
 * so s_i = sum over c of differences / c. Float64 holds these integers exactly.
 */
export interface NgtdmMatrix {
  readonly maxNeighbours: number;
  readonly voxels: Uint32Array;
  readonly differences: Float64Array;
}
