/**
 * A synthetic breast-like case: fatty background, fibroglandular texture, skin, two enhancing lesions.
 * Integer arithmetic throughout, so that every machine makes the same voxels.
 */
import type { Geometry, Mask, Volume } from '../pipeline/volume.ts';

const size = [96, 96, 48] as const;
/** Voxel spacing in tenths of a millimetre: integers, as everything below. */
const step = [9, 9, 20] as const;

const geometry: Geometry = {
  dimension: 3,
  size,
  spacing: [0.9, 0.9, 2],
  origin: [-130.5, -62.25, -47],
  direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};

/** A lesion: label, centre in voxels, mean radius and its irregularity in tenths of a millimetre. */
interface Lesion {
  readonly label: number;
  readonly centre: readonly [number, number, number];
  readonly radius: number;
  readonly roughness: number;
}

const lesions: readonly Lesion[] = [
  { label: 1, centre: [57, 52, 22], radius: 105, roughness: 58 },
  { label: 2, centre: [34, 63, 31], radius: 45, roughness: 10 },
];

/** 32-bit hash of a lattice point (the finaliser of MurmurHash3). */
function hash(x: number, y: number, z: number, seed: number): number {
  let h = Math.imul(x, 0x8da6b343) ^ Math.imul(y, 0xd8163841) ^ Math.imul(z, 0xcb1ab31f) ^ Math.imul(seed, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Value noise 0..255 at 0 or more: hashes on a lattice of `cell` tenths of a millimetre, interpolated trilinearly in integers. */
export function smoothNoise(x: number, y: number, z: number, cell: number, seed: number): number {
  const i = Math.trunc(x / cell);
  const j = Math.trunc(y / cell);
  const k = Math.trunc(z / cell);
  const [u, v, w] = [x - i * cell, y - j * cell, z - k * cell];
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const [a, b, c] = [corner & 1, (corner >> 1) & 1, corner >> 2];
    const weight = (a ? u : cell - u) * (b ? v : cell - v) * (c ? w : cell - w);
    sum += weight * (hash(i + a, j + b, k + c, seed) & 255);
  }
  return Math.trunc(sum / (cell * cell * cell));
}

/** Receiver noise of a voxel, -31..31, bell-shaped: the sum of four bytes. */
export function grain(x: number, y: number, z: number, seed: number): number {
  const h = hash(x, y, z, seed);
  return (((h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24)) >> 4) - 31;
}

/** Centre and half axes of the breast, tenths of a millimetre. */
const breast = [
  [48 * step[0], 405],
  [92 * step[1], 780],
  [24 * step[2], 440],
] as const;

/** 0 at the centre of the breast, 4096 at its skin; half an ellipsoid whose flat side is the chest wall. */
function depth(at: readonly [number, number, number]): number {
  return breast.reduce((sum, [centre, radius], axis) => {
    const distance = at[axis]! - centre;
    return sum + Math.trunc((4096 * distance * distance) / (radius * radius));
  }, 0);
}

/** The lesion at a place; `inside` is 0 at its edge and 256 at its centre. */
function lesionAt([px, py, pz]: readonly [number, number, number]): { label: number; inside: number } | null {
  for (const { label, centre, radius, roughness } of lesions) {
    const [dx, dy, dz] = [px - centre[0] * step[0], py - centre[1] * step[1], pz - centre[2] * step[2]];
    const reach = radius + Math.trunc((roughness * (smoothNoise(px, py, pz, 60, 10 + label) - 128)) / 128);
    const inside = reach * reach - (dx * dx + dy * dy + dz * dz);
    if (inside > 0) return { label, inside: Math.trunc((256 * inside) / (reach * reach)) };
  }
  return null;
}

/** What is at a place in the breast. */
export type Tissue =
  | { readonly kind: 'air' | 'skin' }
  /** `gland` of 40 parts are glandular, the others fat. */
  | { readonly kind: 'breast'; readonly gland: number }
  /** `inside` is 0 at the edge of the lesion and 256 at its centre. */
  | { readonly kind: 'lesion'; readonly label: number; readonly inside: number };

const air: Tissue = { kind: 'air' };
const skin: Tissue = { kind: 'skin' };

/** The tissue at a place, tenths of a millimetre from the corner of the phantom: 0 to 864, 864 and 960 along x, y and z. */
export function tissueAt(px: number, py: number, pz: number): Tissue {
  const at = [px, py, pz] as const;
  const e = depth(at);
  if (e >= 4096) return air;
  const lesion = lesionAt(at);
  if (lesion) return { kind: 'lesion', ...lesion };
  if (e >= 3720) return skin;
  const texture = (smoothNoise(px, py, pz, 130, 2) * 2 + smoothNoise(px, py, pz, 50, 4)) / 3;
  // Glandular tissue lies deep and in strands: it fades in over 40 grey values of the noise.
  return { kind: 'breast', gland: e > 2600 ? 0 : Math.min(Math.max(Math.trunc(texture) - 112, 0), 40) };
}

/** Signal of a place without receiver noise. */
function signal(px: number, py: number, pz: number, tissue: Tissue): number {
  switch (tissue.kind) {
    case 'air':
      return 40;
    case 'skin':
      return 430;
    case 'lesion':
      // The rim enhances more than the core.
      return 760 + ((256 - tissue.inside) >> 1) + smoothNoise(px, py, pz, 40, 3);
    case 'breast': {
      const fat = 230 + (smoothNoise(px, py, pz, 210, 1) >> 2);
      return fat + Math.trunc((tissue.gland * (210 + (smoothNoise(px, py, pz, 35, 5) >> 1))) / 40);
    }
  }
}

/** Makes the case: an int16 image and a mask with labels 1 (irregular, about 20 mm) and 2 (small, about 9 mm). */
export function makePhantom(): { readonly image: Volume; readonly mask: Mask } {
  const voxels = size[0] * size[1] * size[2];
  const image = new Int16Array(voxels);
  const mask = new Uint8Array(voxels);
  let at = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, at++) {
        const [px, py, pz] = [x * step[0], y * step[1], z * step[2]];
        const tissue = tissueAt(px, py, pz);
        mask[at] = tissue.kind === 'lesion' ? tissue.label : 0;
        image[at] = signal(px, py, pz, tissue) + grain(x, y, z, 7);
      }
    }
  }
  return { image: { ...geometry, data: image }, mask: { ...geometry, data: mask } };
}
