import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toMask, toVolume } from '../src/host/format/index.ts';
import { readImageFile } from '../src/host/node/read.ts';
import { imageDiagnostics, maskDiagnostics, maskHash, sha1Hex } from '../src/pipeline/diagnostics.ts';
import { imageStatistics } from '../src/pipeline/image-statistics.ts';
import type { Geometry, VoxelArray } from '../src/pipeline/volume.ts';
import { random } from './support/random.ts';
import { describeShared, sharedPath } from './support/shared.ts';

const sha1 = (data: ArrayBufferView) =>
  createHash('sha1')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
const grid: Geometry = {
  dimension: 3,
  size: [2, 2, 1],
  spacing: [2, 1, 3],
  origin: [10, 20, 30],
  direction: [0, -1, 0, 1, 0, 0, 0, 0, 1],
};

describe('imageStatistics', () => {
  test('integers: exact', () => {
    const next = random(3);
    const data = Int16Array.from({ length: 100_001 }, () => Math.floor(next() * 65536) - 32768);
    const sum = data.reduce((s, x) => s + BigInt(x), 0n);
    expect(imageStatistics(data)).toEqual({
      mean: Number(sum) / data.length,
      minimum: Math.min(...data.subarray(0)),
      maximum: data.reduce((a, b) => Math.max(a, b)),
    });
  });
  test('floats: additions in NumPy’s order', () => {
    // numpy.mean(numpy.arange(10007) * 0.1) of NumPy 1.26.
    const data = Float64Array.from({ length: 10007 }, (_, i) => i * 0.1);
    expect(imageStatistics(data)).toEqual({ mean: 500.29999999999995, minimum: 0, maximum: 10006 * 0.1 });
  });
  test('NaN and infinity', () => {
    expect(imageStatistics(Float32Array.of(1, Number.NaN, 2))).toEqual({
      mean: Number.NaN,
      minimum: Number.NaN,
      maximum: Number.NaN,
    });
    expect(imageStatistics(Float32Array.of(1, Number.POSITIVE_INFINITY))).toMatchObject({
      mean: Number.POSITIVE_INFINITY,
      minimum: 1,
    });
    expect(imageStatistics(Float64Array.of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY))).toEqual({
      mean: Number.NaN,
      minimum: Number.NEGATIVE_INFINITY,
      maximum: Number.POSITIVE_INFINITY,
    });
  });
});

describe('hashes', () => {
  test('the bytes of the array, also of a part of a buffer', async () => {
    const data = Int16Array.of(1, -2, 3, 4);
    expect(await sha1Hex(data)).toBe(sha1(data));
    expect(await sha1Hex(data.subarray(1, 3))).toBe(sha1(Int16Array.of(-2, 3)));
  });
  test('widened 64-bit integers as they were in the file', async () => {
    const values = [-5, 0, 7, 2 ** 53];
    expect(await sha1Hex(Float64Array.from(values), true)).toBe(sha1(BigInt64Array.from(values, BigInt)));
  });
  test('masks as uint32', async () => {
    const wide = sha1(Uint32Array.of(0, 1, 2, 200));
    for (const data of [
      Uint8Array.of(0, 1, 2, 200),
      Uint16Array.of(0, 1, 2, 200),
      Uint32Array.of(0, 1, 2, 200),
    ] satisfies VoxelArray[]) {
      expect(await maskHash({ ...grid, data })).toBe(wide);
    }
  });
});

describe('columns', () => {
  const data = Uint8Array.of(1, 2, 3, 4);
  const region = {
    boundingBox: [1, 0, 0, 1, 2, 1],
    voxelNum: 2,
    volumeNum: 1,
    centerOfMassIndex: [1, 0.5, 0],
  } as const;

  test('of an image', async () => {
    const row = await imageDiagnostics({ ...grid, data }, { hash: false });
    expect(row).toEqual({
      'diagnostics_Image-original_Dimensionality': '3D',
      'diagnostics_Image-original_Spacing': [2, 1, 3],
      'diagnostics_Image-original_Size': [2, 2, 1],
      'diagnostics_Image-original_Mean': 2.5,
      'diagnostics_Image-original_Minimum': 1,
      'diagnostics_Image-original_Maximum': 4,
    });
    expect(Object.entries(await imageDiagnostics({ ...grid, data }))[0]).toEqual([
      'diagnostics_Image-original_Hash',
      sha1(data),
    ]);
  });
  test('of a region: the centre of mass in millimetres', () => {
    expect(maskDiagnostics(grid, region)).toEqual({
      'diagnostics_Mask-original_Spacing': [2, 1, 3],
      'diagnostics_Mask-original_Size': [2, 2, 1],
      'diagnostics_Mask-original_BoundingBox': [1, 0, 0, 1, 2, 1],
      'diagnostics_Mask-original_VoxelNum': 2,
      'diagnostics_Mask-original_VolumeNum': 1,
      'diagnostics_Mask-original_CenterOfMassIndex': [1, 0.5, 0],
      'diagnostics_Mask-original_CenterOfMass': [9.5, 22, 30],
    });
  });
  test('two dimensions have two entries; changed masks have intensities', () => {
    const row = maskDiagnostics(
      { ...grid, dimension: 2 },
      { ...region, intensity: { mean: 3, minimum: 2, maximum: 4 } },
      'resegmented',
    );
    expect(row).toMatchObject({
      'diagnostics_Mask-resegmented_BoundingBox': [1, 0, 1, 2],
      'diagnostics_Mask-resegmented_CenterOfMass': [9.5, 22],
      'diagnostics_Mask-resegmented_Mean': 3,
    });
  });
});

interface Reference {
  readonly image: string;
  readonly mask: string;
  readonly diagnostics: Record<string, unknown>;
}

describeShared('PyRadiomics’ recorded diagnostics', () => {
  const cases = [
    'brain1',
    'brain2',
    'breast1',
    'prostate_1',
    'STS_002_CT',
    'STS_002_MR_T1',
    'STS_019_PET',
    'STS_003_CT_1mm',
    'BR-06_tumour',
  ];
  const suffix = (row: object) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replace('diagnostics_', ''), value]));
  test.each(cases)('%s: hashes, grids and statistics', async (name) => {
    const reference: Reference = JSON.parse(
      readFileSync(sharedPath(`reference/pyradiomics/features/${name}__original_default.json`), 'utf8'),
    );
    const image = toVolume(await readImageFile(sharedPath(reference.image)));
    const mask = toMask(await readImageFile(sharedPath(reference.mask)));
    expect(reference.diagnostics).toMatchObject(suffix(await imageDiagnostics(image)));
    expect(await maskHash(mask)).toBe(reference.diagnostics['Mask-original_Hash']);
    const [boundingBox, voxelNum, volumeNum, centerOfMassIndex] = [
      'BoundingBox',
      'VoxelNum',
      'VolumeNum',
      'CenterOfMassIndex',
    ].map((column) => reference.diagnostics[`Mask-original_${column}`]) as [
      [number, number, number, number, number, number],
      number,
      number,
      [number, number, number],
    ];
    expect(reference.diagnostics).toMatchObject(
      suffix(maskDiagnostics(mask, { boundingBox, voxelNum, volumeNum, centerOfMassIndex })),
    );
  });
});
