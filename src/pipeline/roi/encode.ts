/** roi/encode: the keys of a box of an image that is on the GPU. */
import source from '../../../shaders/roi/encode.wgsl?raw';
import { defineKernel, type Recording } from '../../engine/index.ts';
import type { PaddedBox } from '../box.ts';
import type { DeviceVolume, VoxelType } from '../device-volume.ts';
import type { KeyKind } from '../keys.ts';
import type { KeyBuffer } from './range.ts';

export const encode = defineKernel({
  name: 'roi/encode',
  source,
  bindings: { params: 'uniform', voxels: 'read', keys: 'read_write' },
  workgroup: 64,
});

const kindCodes = { float32: 0, int: 1, uint: 2 } as const;

function kindOf(type: VoxelType): Exclude<KeyKind, 'float64'> {
  if (type === 'float32' || type === 'float64') return 'float32';
  return type === 'uint32' ? 'uint' : 'int';
}

/** Cuts a box out of an image and encodes it, as `encodeKeys` does on the host. */
export function recordEncode(rec: Recording, image: DeviceVolume, box: PaddedBox): KeyBuffer {
  const kind = kindOf(image.type);
  const keys = rec.zeros('roi/encode.keys', box.cells * 4);
  const length = box.size[0] * box.size[1] * box.size[2];
  const params = {
    box_size: box.size,
    pad: box.pad,
    box_first: box.box.first,
    kind: kindCodes[kind],
    padded_size: box.padded,
    length,
    image_size: image.size,
  };
  rec.dispatch(encode, { params, voxels: image.voxels, keys }, length);
  return { kind, words: 1, keys };
}
