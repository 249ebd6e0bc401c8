/** Masks on the GPU: what the preprocessing stages take besides an image. */
import { type BufferRef, Recording, type Engine } from '../engine/index.ts';
import { gridOf } from './device-volume.ts';
import type { Geometry, Mask } from './volume.ts';

/** Which voxels of a grid count. */
export interface DeviceMask extends Geometry {
  /** One u32 per voxel, x fastest: 1 inside, 0 outside. Kept; its owner gives it back with `engine.release`. */
  readonly inside: BufferRef;
}

/**
 * Uploads a mask and keeps it; every label but 0 is inside.
 * @param rec takes the upload; the mask is on the GPU once it has run
 */
export function uploadMask(rec: Recording, mask: Mask): DeviceMask {
  const { data } = mask;
  const inside = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) inside[i] = Number(data[i] !== 0);
  return { ...gridOf(mask), inside: rec.keep(rec.upload('mask.inside', inside)) };
}

/** Brings a mask to the GPU in a submit of its own. */
export async function maskToDevice(engine: Engine, mask: Mask): Promise<DeviceMask> {
  const rec = new Recording('mask/upload');
  const device = uploadMask(rec, mask);
  await engine.execute(rec);
  return device;
}
