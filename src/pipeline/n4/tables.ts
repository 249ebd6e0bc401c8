/** What the kernels read of the bases: samples as WGSL lays them out, and how columns are cut into stretches. */
import type { Basis } from './spline.ts';
import type { Vec3 } from '../volume.ts';

const SAMPLE_WORDS = 5;

/** Samples one after the other, each its first control point (u32) and four weights (f32): `array<Sample>`. */
export function packSamples(bases: readonly Basis[]): Uint32Array {
  const total = bases.reduce((sum, b) => sum + b.first.length, 0);
  const words = new Uint32Array(SAMPLE_WORDS * total);
  const floats = new Float32Array(words.buffer);
  let at = 0;
  for (const { first, weights } of bases) {
    for (let i = 0; i < first.length; i++, at += SAMPLE_WORDS) {
      words[at] = first[i] as number;
      for (let k = 0; k < 4; k++) floats[at + 1 + k] = weights[4 * i + k] as number;
    }
  }
  return words;
}

/** Columns along y are cut into stretches, one invocation each, where there are too few columns to fill a device. */
export interface Stretches {
  readonly count: number;
  /** Voxels per stretch; the last may have fewer. */
  readonly rows: number;
}

/** Invocations worth having: two threads of eight lanes, or a GPU with its latency hidden. */
const WANTED = { software: 512, device: 65_536 } as const;
/** Shorter stretches would spend their time on control points. */
const SHORTEST = 8;

export function cutColumns([nx, ny, nz]: Vec3, software: boolean): Stretches {
  const wanted = Math.ceil((software ? WANTED.software : WANTED.device) / (nx * nz));
  const rows = Math.max(Math.min(SHORTEST, ny), Math.ceil(ny / wanted));
  return { count: Math.ceil(ny / rows), rows };
}

/** Control points along y that a stretch touches, at most. */
export function reachOf({ first }: Basis, { count, rows }: Stretches): number {
  let most = 0;
  for (let s = 0; s < count; s++) {
    const [a, b] = [s * rows, Math.min((s + 1) * rows, first.length) - 1];
    most = Math.max(most, (first[b] as number) - (first[a] as number) + 4);
  }
  return most;
}

/** Invocations of a kernel that walks the stretches: each stretch has workgroups of its own. */
export const walkers = ([nx, , nz]: Vec3, { count }: Stretches, workgroup: number): number =>
  Math.ceil((nx * nz) / workgroup) * workgroup * count;
