import { describe, expect, it } from 'vitest';
import { decodeImage, toVolume } from '../../../src/host/format/index.ts';
import { nrrdHeader } from '../../../src/host/format/nrrd-write.ts';
import type { Volume, VoxelArray } from '../../../src/pipeline/volume.ts';

const cosine = Math.cos(0.3);
const sine = Math.sin(0.3);
const oblique = [cosine, -sine, 0, sine, cosine, 0, 0, 0, 1];
const values = Array.from({ length: 24 }, (_, i) => 3 * i);
const arrays: VoxelArray[] = [
  Int8Array.from(values),
  Uint8Array.from(values),
  Int16Array.from(values, (v) => -v),
  Uint16Array.from(values),
  Int32Array.from(values),
  Uint32Array.from(values),
  Float32Array.from(values, (v) => v / 7),
  Float64Array.from(values, (v) => v / 7),
];

/** Header and raw voxels, as a file. */
function encode(image: Volume): Uint8Array {
  const { buffer, byteLength } = image.data;
  return Buffer.concat([nrrdHeader(image, false), new Uint8Array(buffer as ArrayBuffer, 0, byteLength)]);
}

describe('nrrdHeader', () => {
  it.each(arrays.map((data) => ({ name: data.constructor.name, data })))(
    '$name comes back as it was',
    async ({ data }) => {
      const image: Volume = {
        dimension: 3,
        size: [2, 3, 4],
        spacing: [0.9, 1.1, 2.5],
        origin: [10.123456789, -20, 1e-9],
        direction: oblique,
        data,
      };
      const back = toVolume(await decodeImage(encode(image), 'image.nrrd'));
      expect(back.data).toEqual(data);
      expect(back.size).toEqual(image.size);
      expect(back.origin).toEqual(image.origin);
      for (const [axis, s] of image.spacing.entries()) expect(back.spacing[axis]).toBeCloseTo(s, 12);
      for (const [i, d] of image.direction.entries()) expect(back.direction[i]).toBeCloseTo(d, 12);
    },
  );

  it('writes two dimensions', async () => {
    const image: Volume = {
      dimension: 2,
      size: [4, 6, 1],
      spacing: [0.5, 2, 1],
      origin: [1, 2, 0],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      data: Float32Array.from(values),
    };
    const back = toVolume(await decodeImage(encode(image), 'image.nrrd'));
    expect(back).toMatchObject({ dimension: 2, size: [4, 6, 1], spacing: [0.5, 2, 1], origin: [1, 2, 0] });
  });
});
