import { describe, expect, test } from 'vitest';
import { toMask, toVolume } from '../../../src/host/format/convert.ts';
import type { DecodedImage, PixelType } from '../../../src/host/format/decoded.ts';
import type { VoxelArray } from '../../../src/pipeline/volume.ts';

function decoded(data: VoxelArray, pixelType: PixelType, components = 1): DecodedImage {
  const grid = { dimension: 3, spacing: [1, 1, 1], origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] } as const;
  return { ...grid, size: [data.length / components, 1, 1], data, components, pixelType };
}

describe('toVolume', () => {
  test('keeps the data; 64-bit integers are widened', () => {
    const data = Int16Array.of(1, 2);
    expect(toVolume(decoded(data, 'int16')).data).toBe(data);
    expect(toVolume(decoded(Float64Array.of(1), 'int64')).widened).toBe(true);
    expect(toVolume(decoded(Float64Array.of(1), 'float64')).widened).toBeUndefined();
  });
  test('refuses vectors', () => {
    expect(() => toVolume(decoded(Uint8Array.of(1, 2, 3), 'uint8', 3))).toThrow(/1 value per voxel, found 3/);
  });
});

describe('toMask', () => {
  test('unsigned bytes and words are not copied, nor signed ones without negative values', () => {
    for (const data of [Uint8Array.of(0, 255), Uint16Array.of(0, 3)])
      expect(toMask(decoded(data, 'uint8')).data).toBe(data);
    const signed = Int16Array.of(0, 300);
    const { data } = toMask(decoded(signed, 'int16'));
    expect(data).toEqual(Uint16Array.of(0, 300));
    expect(data.buffer).toBe(signed.buffer);
  });
  test('wide types become the narrowest that holds the labels', () => {
    expect(toMask(decoded(Int32Array.of(0, 7), 'int32')).data).toEqual(Uint8Array.of(0, 7));
    expect(toMask(decoded(Uint32Array.of(0, 70000), 'uint32')).data).toEqual(Uint32Array.of(0, 70000));
    expect(toMask(decoded(Float64Array.of(0, 256), 'int64')).data).toEqual(Uint16Array.of(0, 256));
  });
  test('fractions are cut off, negative values wrap, as sitk.Cast to UInt32 has it', () => {
    expect(toMask(decoded(Float32Array.of(0.5, 1.9, 255.9), 'float32')).data).toEqual(Uint8Array.of(0, 1, 255));
    expect(toMask(decoded(Float64Array.of(-1, -2.7, 3e9), 'float64')).data).toEqual(
      Uint32Array.of(4294967295, 4294967294, 3000000000),
    );
    expect(toMask(decoded(Int8Array.of(-128, 5), 'int8')).data).toEqual(Uint32Array.of(4294967168, 5));
  });
  test('channels', () => {
    const vector = decoded(Uint8Array.of(1, 10, 2, 20), 'uint8', 2);
    expect(toMask(vector).data).toEqual(Uint8Array.of(1, 2));
    expect(toMask(vector, 1).data).toEqual(Uint8Array.of(10, 20));
    expect(() => toMask(vector, 2)).toThrow(
      expect.objectContaining({ code: 'BadSetting', message: expect.stringMatching(/2 channels, 0 to 1/) }),
    );
    expect(toMask(decoded(Uint8Array.of(4), 'uint8'), 5).data).toEqual(Uint8Array.of(4));
  });
});
