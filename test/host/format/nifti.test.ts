import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../../src/host/format/index.ts';
import golden from '../../golden/host/format/nifti-orientation.json' with { type: 'json' };
import { bytesOf, gzip, niftiFile } from './files.ts';

const samples = [0, 1, 2, 100, 127, 50, 7, 9];
const types = [
  { name: 'int8', code: 256, array: Int8Array.from(samples) },
  { name: 'uint8', code: 2, array: Uint8Array.from(samples) },
  { name: 'int16', code: 4, array: Int16Array.from(samples) },
  { name: 'uint16', code: 512, array: Uint16Array.from(samples) },
  { name: 'int32', code: 8, array: Int32Array.from(samples) },
  { name: 'uint32', code: 768, array: Uint32Array.from(samples) },
  { name: 'int64', code: 1024, array: BigInt64Array.from(samples, BigInt) },
  { name: 'uint64', code: 1280, array: BigUint64Array.from(samples, BigInt) },
  { name: 'float32', code: 16, array: Float32Array.from(samples) },
  { name: 'float64', code: 64, array: Float64Array.from(samples) },
] as const;

const floats = (values: readonly number[], dims: readonly number[], more = {}) =>
  niftiFile({ dims, datatype: 64, voxels: bytesOf(Float64Array.from(values)), ...more });

describe('voxels', () => {
  for (const { name, code, array } of types) {
    for (const littleEndian of [true, false]) {
      for (const version of [1, 2] as const) {
        test(`${name}, ${littleEndian ? 'little' : 'big'} endian, NIfTI-${version}`, async () => {
          const file = niftiFile({
            dims: [2, 2, 2],
            datatype: code,
            voxels: bytesOf(array, littleEndian),
            littleEndian,
            version,
          });
          const image = await decodeImage(await gzip(file), 'a.nii.gz');
          expect(image.pixelType).toBe(name);
          expect(Array.from(image.data)).toEqual(samples);
          expect(image.size).toEqual([2, 2, 2]);
        });
      }
    }
    test(`${name} scaled is float32, float64 only where stored so`, async () => {
      const image = await decodeImage(
        niftiFile({ dims: [2, 2, 2], datatype: code, voxels: bytesOf(array), slope: 0.1, intercept: -1 }),
        'a.nii',
      );
      const slope = Math.fround(0.1);
      const expected = samples.map((x) => x * slope - 1);
      expect(image.pixelType).toBe(name === 'float64' ? 'float64' : 'float32');
      expect(Array.from(image.data)).toEqual(name === 'float64' ? expected : expected.map(Math.fround));
    });
  }

  test('a slope of 0 means 1, with or without an intercept', async () => {
    const voxels = bytesOf(Int16Array.of(1, 2));
    const plain = await decodeImage(niftiFile({ dims: [2, 1, 1], datatype: 4, voxels, slope: 0 }), 'a.nii');
    expect([plain.pixelType, ...plain.data]).toEqual(['int16', 1, 2]);
    const shifted = await decodeImage(
      niftiFile({ dims: [2, 1, 1], datatype: 4, voxels, slope: 0, intercept: 5 }),
      'a.nii',
    );
    expect([shifted.pixelType, ...shifted.data]).toEqual(['float32', 6, 7]);
  });

  test('64-bit integers beyond 2^53 are rounded to the nearest float64', async () => {
    const values = BigInt64Array.of(2n ** 53n + 1n, -(2n ** 62n) - 3n, -1n);
    const image = await decodeImage(niftiFile({ dims: [3, 1, 1], datatype: 1024, voxels: bytesOf(values) }), 'a.nii');
    expect(Array.from(image.data)).toEqual(Array.from(values, Number));
  });

  test('NaN and infinity are 0 before scaling, as niftilib has them; the input stays as it is', async () => {
    const file = floats([Number.NaN, Number.POSITIVE_INFINITY, 2], [3, 1, 1], { slope: 2, intercept: 1 });
    const before = file.slice();
    expect(Array.from((await decodeImage(file, 'a.nii')).data)).toEqual([1, 1, 5]);
    expect(file).toEqual(before);
  });

  test('a file at an odd address is read', async () => {
    const file = floats([1, 2], [2, 1, 1]);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect(Array.from((await decodeImage(shifted.subarray(1), 'a.nii')).data)).toEqual([1, 2]);
  });

  test('components of vector images lie side by side', async () => {
    const planes = Float64Array.of(1, 2, 3, 4, 10, 20, 30, 40);
    const image = await decodeImage(
      niftiFile({ dims: [2, 2, 1, 1, 2], datatype: 64, intent: 1007, voxels: bytesOf(planes) }),
      'v.nii',
    );
    expect(image.components).toBe(2);
    expect(Array.from(image.data)).toEqual([1, 10, 2, 20, 3, 30, 4, 40]);
  });
});

describe('dimensions', () => {
  const four = [1, 2, 3, 4];
  test.each([
    { dims: [2, 2], dimension: 2, size: [2, 2, 1] },
    { dims: [4, 1], dimension: 2, size: [4, 1, 1] },
    { dims: [2, 2, 1], dimension: 3, size: [2, 2, 1] },
    { dims: [2, 1, 2, 1, 1], dimension: 3, size: [2, 1, 2] },
    { dims: [1, 2, 2, 1], dimension: 3, size: [1, 2, 2] },
    { dims: [2, 2, 1, 1, 1, 1, 1], dimension: 3, size: [2, 2, 1] },
  ])('$dims', async ({ dims, dimension, size }) => {
    const image = await decodeImage(floats(four, dims), 'a.nii');
    expect([image.dimension, image.size]).toEqual([dimension, size]);
  });
  test.each([[[4]], [[1, 1, 1, 4]], [[2, 1, 1, 2]]])('%j is refused', async (dims) => {
    await expect(decodeImage(floats(four, dims), 'a.nii')).rejects.toMatchObject({
      code: 'BadFile',
      message: expect.stringMatching(/dimensions/),
    });
  });
});

describe('orientation as SimpleITK reads it, to the last digit', () => {
  for (const [i, { kind, expected, codes, dims, ...fields }] of golden.cases.entries()) {
    test(`${i}: ${kind}, qform ${codes[0]}, sform ${codes[1]}, ${dims.length}D`, async () => {
      const decoding = decodeImage(
        niftiFile({ ...fields, codes, dims, datatype: 2, voxels: new Uint8Array(24) }),
        'a.nii',
      );
      if (!expected) return expect(decoding).rejects.toMatchObject({ code: 'BadFile' });
      const { spacing, origin, direction } = await decoding;
      const n = dims.length;
      // Adding 0 turns -0 into 0.
      const digits = (values: readonly number[]) => values.map((x) => x + 0);
      expect(digits(spacing.slice(0, n))).toEqual(expected.spacing);
      expect(digits(origin.slice(0, n))).toEqual(digits(expected.origin));
      expect(digits(direction.filter((_, k) => k % 3 < n && k < 3 * n))).toEqual(digits(expected.direction));
    });
  }
});

describe('refused', () => {
  const voxels = new Uint8Array(8);
  test('complex voxels', async () => {
    await expect(decodeImage(niftiFile({ dims: [1, 1, 1], datatype: 32, voxels }), 'a.nii')).rejects.toThrow(
      /datatype 32/,
    );
  });
  test('too few voxels', async () => {
    await expect(
      decodeImage(niftiFile({ dims: [3, 3, 1], datatype: 2, voxels }), '/some/folder/a.nii'),
    ).rejects.toThrow(/^a.nii: expected 9 values of type uint8 \(9 bytes\), found 8 bytes/);
  });
  test('a truncated stream', async () => {
    const file = await gzip(niftiFile({ dims: [2, 2, 2], datatype: 2, voxels }));
    await expect(decodeImage(file.subarray(0, -12), 'a.nii.gz')).rejects.toMatchObject({
      code: 'BadFile',
      message: expect.stringMatching(/complete gzip stream/),
    });
  });
  test('a sheared sform without a qform', async () => {
    const srow = [1, 0.1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
    await expect(
      decodeImage(niftiFile({ dims: [2, 2, 2], datatype: 2, voxels, codes: [0, 1], srow }), 'a.nii'),
    ).rejects.toThrow(/sheared/);
  });
  test('something else, and nothing', async () => {
    await expect(decodeImage(new Uint8Array(600), 'a.nii')).rejects.toThrow(/found something else/);
    await expect(decodeImage(new Uint8Array(0), 'a.nii')).rejects.toThrow(/empty file/);
  });
});
