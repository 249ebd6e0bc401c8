/** The bias field that N4 found: a lattice of control points, which is all that it takes to evaluate it. */
import { type BufferRef, type Engine, Recording } from '../../engine/index.ts';
import { type DeviceVolume, gridOf } from '../device-volume.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { recordApply } from './apply.ts';
import { imageAxes } from './grid.ts';
import { recordExpand } from './lattice.ts';
import { NODE_BYTES, spreadOf } from './level.ts';

/** The natural logarithm of the bias field as a cubic B-spline over the grid of an image. */
export interface N4Field {
  /** Grid of the image. */
  readonly grid: Geometry;
  /** Voxels of zeros in front of the image along x, y, z, and its size with all padding: what the lattice spans. */
  readonly lower: Vec3;
  readonly padded: Vec3;
  /** Control points along x, y, z (1 along z for a 2D image). */
  readonly points: Vec3;
  /** Control points, x fastest. */
  readonly lattice: Float64Array;
}

const WORDS = NODE_BYTES / 4;

/** Reads the nodes of a lattice. @param floats content of the buffer of nodes */
export function latticeOf(floats: Float32Array, count: number): Float64Array {
  return Float64Array.from(
    { length: count },
    (_, i) => (floats[WORDS * i] as number) + (floats[WORDS * i + 1] as number),
  );
}

/** Control points of the kernels: a 2D lattice gets the three that it does not use. */
const kernelPoints = ({ grid, points }: N4Field): Vec3 => (grid.dimension === 2 ? [points[0], points[1], 4] : points);

/** The buffer of nodes of a lattice. */
export function nodesOf(lattice: Float64Array): Float32Array {
  const floats = new Float32Array(WORDS * lattice.length);
  lattice.forEach((value, i) => {
    floats[WORDS * i] = value;
    floats[WORDS * i + 1] = value - Math.fround(value);
  });
  return floats;
}

/** Nodes of all control points that the kernels expect. */
function uploadNodes(rec: Recording, field: N4Field): BufferRef {
  const [px, py, pz] = kernelPoints(field);
  const floats = new Float32Array(WORDS * px * py * pz);
  floats.set(nodesOf(field.lattice));
  return rec.upload('n4/lattice.nodes', floats);
}

/**
 * The bias field exp(log field) on the grid of the image, float32; the corrected image is the image divided by it.
 * The caller releases `voxels`.
 */
export async function fieldVolume(engine: Engine, field: N4Field): Promise<DeviceVolume> {
  const rec = new Recording('n4/field volume');
  const { dimension, size } = field.grid;
  const points = kernelPoints(field);
  const axes = imageAxes({ dimension, padded: field.padded, lower: field.lower }, points);
  const spread = spreadOf(rec, size, axes, points, uploadNodes(rec, field), engine.caps.software);
  recordExpand(rec, spread);
  const { voxels } = recordApply(rec, spread, null, null);
  await engine.execute(rec);
  return { ...gridOf(field.grid), voxels, tails: null, type: 'float32' };
}
