/** The intensities that features are computed on: of an image in memory, or of one that a stage left on the GPU. */
import type { Recording } from '../engine/index.ts';
import { type DeviceVolume, gridOf, type PartialVolume } from './device-volume.ts';
import { encodeKeys, keyKind } from './keys.ts';
import { presentPart } from './partial-volume.ts';
import type { RegionCells } from './roi/compact.ts';
import { type Encoded, recordEncode } from './roi/encode.ts';
import type { KeyBuffer } from './roi/range.ts';
import type { Geometry, Volume } from './volume.ts';

export interface Intensities extends Geometry {
  /** Whether the file's voxels are float32: NumPy then computes bin edges in float32. */
  readonly float32: boolean;
  /** Most bytes that the key of one voxel takes. */
  readonly keyBytes: 4 | 8;
  /** Brings keys of voxels to the GPU, each in its cell. */
  recordKeys(rec: Recording, regions: RegionCells, of: Encoded): KeyBuffer;
}

/** The intensities of an image in memory: cut out and encoded on the host, so that only the box is uploaded. */
export function hostIntensities(image: Volume): Intensities {
  return {
    ...gridOf(image),
    float32: image.data instanceof Float32Array,
    keyBytes: image.data instanceof Float64Array ? 8 : 4,
    recordKeys(rec, { box }) {
      const { kind, words, data } = encodeKeys(image, box);
      return { kind, words, keys: rec.upload('roi/keys', data) };
    },
  };
}

/** The intensities of an image on the GPU, which stays its owner's. */
export function deviceIntensities(image: DeviceVolume): Intensities {
  return {
    ...gridOf(image),
    float32: image.type === 'float32',
    keyBytes: image.tails ? 8 : 4,
    recordKeys: (rec, regions, of) => recordEncode(rec, image, regions, of),
  };
}

/**
 * The intensities of an image in memory of which a part is on the GPU: the keys are those of `hostIntensities`.
 * @param part holds the boxes of all regions; its values are exact (`isExactOnDevice`)
 */
export function partIntensities(image: Volume, part: PartialVolume): Intensities {
  const present = presentPart(part);
  return {
    ...hostIntensities(image),
    recordKeys(rec, regions, of) {
      const kind = keyKind(image, regions.box);
      const wide = kind === 'float64' || (kind === 'int' && part.tails !== null);
      return recordEncode(rec, present, regions, of, part.covers?.first, wide ? 'twofold' : kind);
    },
  };
}
