/** roi/encode: the keys of the regions' voxels, or of the box around them, in an image that is on the GPU. */
import source from '../../../shaders/roi/encode.wgsl?raw';
import { defineKernel, type Recording } from '../../engine/index.ts';
import type { DeviceVolume } from '../device-volume.ts';
import { keyCodes, type KeyKind, keyWords } from '../keys.ts';
import type { Vec3 } from '../volume.ts';
import type { RegionCells } from './compact.ts';
import type { KeyBuffer } from './range.ts';

export const encode = defineKernel({
  name: 'roi/encode',
  source,
  bindings: { params: 'uniform', voxels: 'read', samples: 'read', tails: 'read', keys: 'read_write' },
  workgroup: 64,
});

/** Kinds that are made on the GPU. */
export type DeviceKind = Exclude<KeyKind, 'float64'>;

function kindOf({ type, tails }: DeviceVolume): DeviceKind {
  if (tails) return 'twofold';
  if (type === 'float32' || type === 'float64') return 'float32';
  return type === 'uint32' ? 'uint' : 'int';
}

/** The voxels whose keys are made: those of the regions, or all of their box. Other cells hold anything. */
export type Encoded = 'regions' | 'box';

/**
 * Cuts voxels out of an image and encodes them, as `encodeKeys` does on the host.
 * @param first voxel of the grid of the box that the image begins with, where the image is itself a part
 * @param kind of the keys, where more is known of the values than the image tells
 */
export function recordEncode(
  rec: Recording,
  image: DeviceVolume,
  { voxels, length: listed, box }: RegionCells,
  of: Encoded,
  first: Vec3 = [0, 0, 0],
  kind: DeviceKind = kindOf(image),
): KeyBuffer {
  const words = keyWords(kind);
  const keys = rec.buffer('roi/encode.keys', box.cells * words * 4);
  const [nx, ny, nz] = box.size;
  const length = of === 'regions' ? listed : nx * ny * nz;
  const params = {
    padded: box.padded,
    length,
    first: [0, 1, 2].map((i) => box.box.first[i]! - box.pad - first[i]!),
    kind: keyCodes[kind],
    image_size: image.size,
    pad: box.pad,
    box_size: box.size,
    listed: Number(of === 'regions'),
  };
  rec.dispatch(encode, { params, voxels, samples: image.voxels, tails: image.tails ?? image.voxels, keys }, length);
  return { kind, words, keys };
}
