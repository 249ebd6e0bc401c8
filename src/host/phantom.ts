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

/** Value noise 0..255: hashes on a lattice of `cell` tenths of a millimetre, interpolated trilinearly in integers. */
function smoothNoise(x: number, y: number, z: number, cell: number, seed: number): number {
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

/** Receiver noise, -31..31, bell-shaped: the sum of four bytes. */
function grain(x: number, y: number, z: number): number {
  const h = hash(x, y, z, 7);
  return (((h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24)) >> 4) - 31;
}

/** 0 at the centre of the breast, 4096 at its skin; half an ellipsoid whose flat side is the chest wall. */
function depth(x: number, y: number, z: number): number {
  const parts = [
    [(x - 48) * step[0], 405],
    [(y - 92) * step[1], 780],
    [(z - 24) * step[2], 440],
  ] as const;
  return parts.reduce(
    (sum, [distance, radius]) => sum + Math.trunc((4096 * distance * distance) / (radius * radius)),
    0,
  );
}

function lesionAt(x: number, y: number, z: number): { readonly lesion: Lesion; readonly inside: number } | null {
  for (const lesion of lesions) {
    const [dx, dy, dz] = [0, 1, 2].map((axis) => ([x, y, z][axis]! - lesion.centre[axis]!) * step[axis]!) as [
      number,
      number,
      number,
    ];
    const wave = smoothNoise(x * step[0], y * step[1], z * step[2], 60, 10 + lesion.label) - 128;
    const reach = lesion.radius + Math.trunc((lesion.roughness * wave) / 128);
    const inside = reach * reach - (dx * dx + dy * dy + dz * dz);
    if (inside > 0) return { lesion, inside: Math.trunc((256 * inside) / (reach * reach)) };
  }
  return null;
}

/** Signal of a voxel without receiver noise; `inside` is 0 at a lesion's edge and 256 at its centre. */
function signal(x: number, y: number, z: number, inside: number | null): number {
  const [px, py, pz] = [x * step[0], y * step[1], z * step[2]];
  const e = depth(x, y, z);
  if (e >= 4096) return 40;
  if (inside !== null) {
    // The rim enhances more than the core.
    return 760 + ((256 - inside) >> 1) + smoothNoise(px, py, pz, 40, 3);
  }
  if (e >= 3720) return 430;
  const fat = 230 + (smoothNoise(px, py, pz, 210, 1) >> 2);
  const gland = (smoothNoise(px, py, pz, 130, 2) * 2 + smoothNoise(px, py, pz, 50, 4)) / 3;
  // Glandular tissue lies deep and in strands: it fades in over 40 grey values of the noise.
  const share = e > 2600 ? 0 : Math.min(Math.max(Math.trunc(gland) - 112, 0), 40);
  return fat + Math.trunc((share * (210 + (smoothNoise(px, py, pz, 35, 5) >> 1))) / 40);
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
        const hit = lesionAt(x, y, z);
        mask[at] = hit?.lesion.label ?? 0;
        image[at] = signal(x, y, z, hit?.inside ?? null) + grain(x, y, z);
      }
    }
  }
  return { image: { ...geometry, data: image }, mask: { ...geometry, data: mask } };
}
