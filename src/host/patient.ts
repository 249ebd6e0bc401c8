/**
 * A synthetic patient: two mammograms and four MR sequences of the phantom's breast, the large lesion outlined in each.
 * The MR sequences are multiplied by the known sensitivity of a coil. Integers and exact operations throughout, so that every
 * machine makes the same voxels.
 */
import type { Geometry, Mask, Vec3, Volume } from '../pipeline/volume.ts';
import { grain, smoothNoise, type Tissue, tissueAt } from './phantom.ts';

/** One image of the patient. */
export interface Sequence {
  readonly name: string;
  readonly modality: 'MG' | 'MR';
  readonly image: Volume;
  /** The lesion, label 1. */
  readonly mask: Mask;
  /** 1 where there is tissue, 0 in air. */
  readonly tissue: Mask;
  /** What the image was multiplied by; null for mammograms. */
  readonly field: Volume | null;
}

/** Mean and range of a texture. */
type Texture = readonly [mean: number, range: number];

/** How bright the tissues are. */
interface Weighting {
  readonly air: number;
  readonly skin: number;
  readonly fat: Texture;
  readonly gland: Texture;
  readonly core: Texture;
  /** Of the lesion's edge; it fades into the core. */
  readonly rim: number;
}

/** A place of the phantom, tenths of a millimetre. */
type Place = readonly [number, number, number];

const textured = ([mean, range]: Texture, [x, y, z]: Place, cell: number, seed: number): number =>
  mean + Math.trunc((range * (smoothNoise(x, y, z, cell, seed) - 128)) / 256);

function brightness(w: Weighting, at: Place, tissue: Tissue): number {
  switch (tissue.kind) {
    case 'air':
      return w.air;
    case 'skin':
      return w.skin;
    case 'lesion': {
      const core = textured(w.core, at, 40, 3);
      return core + Math.trunc(((w.rim - w.core[0]) * (256 - tissue.inside)) / 256);
    }
    case 'breast': {
      const fat = textured(w.fat, at, 210, 1);
      if (tissue.gland === 0) return fat;
      return fat + Math.trunc((tissue.gland * (textured(w.gland, at, 35, 5) - fat)) / 40);
    }
  }
}

/** An MR sequence. */
interface Protocol {
  readonly name: string;
  readonly size: Vec3;
  /** Tenths of a millimetre. */
  readonly step: Vec3;
  readonly weighting: Weighting;
  /** Where the coil is most sensitive, tenths of a millimetre; null for images that do not depend on it (ADC is a ratio). */
  readonly coil: Place | null;
  readonly seed: number;
}

const protocols: readonly Protocol[] = [
  {
    name: 'T2WI',
    size: [96, 96, 32],
    step: [9, 9, 30],
    weighting: { air: 14, skin: 300, fat: [560, 40], gland: [260, 60], core: [330, 160], rim: 280 },
    coil: [150, 40, 300],
    seed: 11,
  },
  {
    name: 'DWI-b800',
    size: [72, 72, 24],
    step: [12, 12, 40],
    weighting: { air: 12, skin: 110, fat: [90, 12], gland: [190, 40], core: [420, 170], rim: 520 },
    coil: [700, 100, 250],
    seed: 12,
  },
  {
    name: 'ADC',
    size: [72, 72, 24],
    step: [12, 12, 40],
    weighting: { air: 20, skin: 900, fat: [420, 60], gland: [1750, 300], core: [960, 260], rim: 1080 },
    coil: null,
    seed: 13,
  },
  {
    name: 'DCE-phase2',
    size: [96, 96, 60],
    step: [9, 9, 16],
    weighting: { air: 16, skin: 430, fat: [250, 60], gland: [470, 130], core: [780, 250], rim: 930 },
    coil: [430, 20, 700],
    seed: 14,
  },
];

/** Squared distance from the coil at which its sensitivity has fallen to one half, tenths of a millimetre. */
const REACH = 1100 * 1100;
const STRENGTH = 1.4;

const sensitivity = ([cx, cy, cz]: Place, [x, y, z]: Place): number =>
  STRENGTH / (1 + ((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / REACH);

const axes = { direction: [1, 0, 0, 0, 1, 0, 0, 0, 1], origin: [-130.5, -62.25, -47] as const, dimension: 3 } as const;
const gridOf = (size: Vec3, [x, y, z]: Vec3): Geometry => ({ ...axes, size, spacing: [x / 10, y / 10, z / 10] });

function makeMr({ name, size, step, weighting, coil, seed }: Protocol): Sequence {
  const grid = gridOf(size, step);
  const voxels = size[0] * size[1] * size[2];
  const [image, field] = [new Int16Array(voxels), new Float32Array(voxels)];
  const [mask, tissue] = [new Uint8Array(voxels), new Uint8Array(voxels)];
  let at = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, at++) {
        const place = [x * step[0], y * step[1], z * step[2]] as const;
        const found = tissueAt(...place);
        mask[at] = Number(found.kind === 'lesion' && found.label === 1);
        tissue[at] = Number(found.kind !== 'air');
        field[at] = coil ? sensitivity(coil, place) : 1;
        // The noise of a receiver does not depend on the coil's sensitivity; magnitudes are not negative.
        image[at] = Math.max(
          0,
          Math.round(brightness(weighting, place, found) * field[at]!) + (grain(x, y, z, seed) >> 1),
        );
      }
    }
  }
  return {
    name,
    modality: 'MR',
    image: { ...grid, data: image },
    mask: { ...grid, data: mask },
    tissue: { ...grid, data: tissue },
    field: { ...grid, data: field },
  };
}

/** Tenths of a millimetre: pixels of mammograms, two of them, and steps along the rays. */
const TWO_PIXELS = 9;
const RAY = 20;
const PIXELS = 192;
/** Half the way that rays go. */
const HALF = 480;
/** 1 / sqrt(2) in 256 parts. */
const SLANT = 181;

/** A view: where the ray of a pixel is at a distance `t` from the plane through the middle of the breast. */
type View = (u: number, v: number, t: number) => Place;

const views: Readonly<Record<string, View>> = {
  // From head to foot.
  'MG-CC': (u, v, t) => [u, v, 480 + t],
  // At 45 degrees.
  'MG-MLO': (u, v, t) => [432 + ((SLANT * (u - 432 + t)) >> 8), v, 480 + ((SLANT * (t - u + 432)) >> 8)],
};

/** What a step through the tissues takes off a ray. */
const attenuation: Weighting = { air: 0, skin: 24, fat: [14, 6], gland: [38, 16], core: [62, 30], rim: 52 };

function makeMammogram(name: string, view: View, seed: number): Sequence {
  const grid = { ...gridOf([PIXELS, PIXELS, 1], [TWO_PIXELS / 2, TWO_PIXELS / 2, 10]), origin: [0, 0, 0] as const };
  const image = new Uint16Array(PIXELS * PIXELS);
  const [mask, tissue] = [new Uint8Array(image.length), new Uint8Array(image.length)];
  for (let at = 0; at < image.length; at++) {
    const [i, j] = [at % PIXELS, Math.floor(at / PIXELS)];
    let sum = 0;
    for (let t = -HALF; t < HALF; t += RAY) {
      const place = view((TWO_PIXELS * i) >> 1, (TWO_PIXELS * j) >> 1, t);
      const found = tissueAt(...place);
      if (found.kind === 'air') continue;
      tissue[at] = 1;
      if (found.kind === 'lesion' && found.label === 1) mask[at] = 1;
      sum += brightness(attenuation, place, found);
    }
    image[at] = Math.max(0, 180 + sum + (grain(i, j, 0, seed) >> 1));
  }
  return {
    name,
    modality: 'MG',
    image: { ...grid, data: image },
    mask: { ...grid, data: mask },
    tissue: { ...grid, data: tissue },
    field: null,
  };
}

/** Makes the images of the patient one after the other: mammograms (one slice, uint16), then MR sequences (int16). */
export function* makePatient(): Generator<Sequence> {
  let seed = 20;
  for (const [name, view] of Object.entries(views)) yield makeMammogram(name, view, seed++);
  for (const protocol of protocols) yield makeMr(protocol);
}
