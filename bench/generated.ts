/** Generated cases: deterministic, of any size. */
import type { Mask, Vec3, Volume } from '../src/pipeline/volume.ts';

export interface GeneratedCase {
  readonly name: string;
  readonly image: Volume;
  readonly mask: Mask;
}

const grid = (size: Vec3) =>
  ({ dimension: 3, size, spacing: [1, 1, 1.5], origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] }) as const;

/** Texture with structure at several scales; integer hash noise, the same everywhere. */
function texture(x: number, y: number, z: number): number {
  let h = Math.imul(x, 374761393) + Math.imul(y, 668265263) + Math.imul(z, 2147483647);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  const noise = ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  return Math.round(500 + 220 * Math.sin(x / 9) * Math.cos(y / 7) + 180 * Math.sin(z / 5) + 250 * noise);
}

function build(name: string, size: Vec3, label: (x: number, y: number, z: number) => number): GeneratedCase {
  const [nx, ny, nz] = size;
  const image = new Int16Array(nx * ny * nz);
  const mask = new Uint8Array(nx * ny * nz);
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        image[i] = texture(x, y, z);
        mask[i] = label(x, y, z);
      }
    }
  }
  return { name, image: { ...grid(size), data: image }, mask: { ...grid(size), data: mask } };
}

/** Squared distance from the centre of a box, 1 on its inscribed ellipsoid. */
const radius =
  ([nx, ny, nz]: Vec3) =>
  (x: number, y: number, z: number): number =>
    ((2 * x + 1) / nx - 1) ** 2 + ((2 * y + 1) / ny - 1) ** 2 + ((2 * z + 1) / nz - 1) ** 2;

/** One ellipsoid of about `voxels` voxels with a margin of background. */
export function ball(voxels: number): GeneratedCase {
  const side = Math.round(Math.cbrt(voxels / (Math.PI / 6)));
  const size: Vec3 = [side + 8, side + 8, side + 8];
  const inside = radius([side, side, side]);
  return build(`ball-${Math.round(voxels / 1000)}k`, size, (x, y, z) => Number(inside(x - 4, y - 4, z - 4) < 1));
}

/** An ellipsoid of 25,000 voxels in the middle of a CT of 512 x 512 x 61: most of the image is not wanted. */
export function smallInLarge(): GeneratedCase {
  const [first, size]: [Vec3, Vec3] = [
    [238, 238, 12],
    [36, 36, 37],
  ];
  const inside = radius(size);
  const at = (x: number, i: 0 | 1 | 2) => x - first[i];
  return build('ct-25k', [512, 512, 61], (x, y, z) => Number(inside(at(x, 0), at(y, 1), at(z, 2)) < 1));
}

/** Scattered tissue of about 100,000 voxels in a box of 1.2 million. */
export function scatter(): GeneratedCase {
  const size: Vec3 = [180, 130, 50];
  const inside = radius(size);
  return build('scatter', size, (x, y, z) =>
    Number(inside(x, y, z) < 1 && Math.sin(x / 2.3) * Math.sin(y / 3.1) * Math.sin(z / 1.7) > 0.25),
  );
}

/** `labels` balls of 1,400 voxels (up to 100), each with its own label, or all with label 1. */
export function lesions(labels: number, distinct: boolean): GeneratedCase {
  const size: Vec3 = [120, 120, 60];
  return build(`lesions-${labels}${distinct ? '' : '-as-one'}`, size, (x, y, z) => {
    const block = Math.floor(x / 24) + 5 * Math.floor(y / 24) + 25 * Math.floor(z / 15);
    const distance = ((x % 24) - 12) ** 2 + ((y % 24) - 12) ** 2 + ((z % 15) - 7) ** 2;
    return distance < 49 && block < labels ? (distinct ? block + 1 : 1) : 0;
  });
}
