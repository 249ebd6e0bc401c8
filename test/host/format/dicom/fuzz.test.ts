/** Damaged headers: whatever is in them, a file is read or refused in words, quickly and without filling the memory. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dicomMaskRegions, readDicomMask } from '../../../../src/host/format/dicom/mask.ts';
import { parseDataset } from '../../../../src/host/format/dicom/dataset.ts';
import { type ReadSeriesOptions, readSeries } from '../../../../src/host/format/dicom/read.ts';
import { listSeries } from '../../../../src/host/format/dicom/series.ts';
import { memorySource } from '../../../../src/host/format/dicom/source.ts';
import { gdcmReader } from '../../../../src/host/node/gdcm.ts';
import type { Geometry } from '../../../../src/pipeline/volume.ts';
import { segFile, structureFile } from '../../../support/dicom-masks.ts';
import { identifying, imageFile, patient, syntaxes } from '../../../support/dicom-writer.ts';
import { random } from '../../../support/random.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

const image: Geometry = {
  dimension: 3,
  size: [4, 3, 5],
  spacing: [1, 1, 2],
  origin: [0, 0, 0],
  direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};

/** Bytes that an image may take for each of its file: what RLE and damaged sizes can claim at most. */
const largestRatio = 8 * 64;
/** What one file may allocate beside its image: copies of it, elements, slices. */
const slack = 2 ** 26;

/** Runs a reader over a damaged file: it succeeds, or fails as it should. */
async function check(bytes: Uint8Array, read: () => unknown): Promise<void> {
  const before = process.memoryUsage().arrayBuffers;
  try {
    await read();
  } catch (error) {
    // The stack tells where an error that nobody foresaw comes from.
    if ((error as Error).name !== 'PipelineError') throw error;
    expect((error as Error).message).not.toMatch(identifying);
    expect((error as Error).message.length).toBeLessThan(2000);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(slack + largestRatio * bytes.length);
}

/** Lengths, counts and tags that break readers. */
const extremes = [0, 1, 2, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x7fffffff, 0xffffffff, 0xfffffffe];

/** Where elements begin, as far as their representations show. */
function elementsOf(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let i = 4; i + 4 < bytes.length; i++) {
    const [a, b] = [bytes[i]!, bytes[i + 1]!];
    if (a >= 65 && a <= 90 && b >= 65 && b <= 90) found.push(i - 4);
  }
  return found.length > 0 ? found : [0];
}

/** A copy with random bytes in tags, representations, lengths or values, with extremes in their places, or cut off. */
function damage(file: Uint8Array, header: number, next: () => number, elements: readonly number[]): Uint8Array {
  const bytes = file.slice();
  const view = new DataView(bytes.buffer);
  const any = (n: number) => Math.floor(next() * n);
  for (let n = 1 + any(3); n > 0; n--) {
    const element = elements[any(elements.length)]!;
    const extreme = extremes[any(extremes.length)]!;
    // Tag, representation, short and long length, beginning of the value.
    const at = Math.min(element + any(14), bytes.length - 4);
    const kind = any(4);
    if (kind === 0) bytes[at] = any(256);
    else if (kind === 1) view.setUint16(Math.min(element + 6, bytes.length - 4), extreme & 0xffff, true);
    else if (kind === 2) view.setUint32(Math.min(element + 8, bytes.length - 4), extreme, true);
    else bytes[any(Math.min(header, bytes.length))] = any(256);
  }
  return any(10) === 0 ? bytes.subarray(0, any(bytes.length)) : bytes;
}

async function fuzzImage(file: Uint8Array, rounds: number, seed: number, options: ReadSeriesOptions = {}) {
  const next = random(seed);
  const elements = elementsOf(file.subarray(0, 8192)).filter((at) => at >= 132);
  for (let round = 0; round < rounds; round++) {
    const bytes = damage(file, 8192, next, elements);
    const files = [memorySource('scans/a.dcm', bytes)];
    await check(bytes, () => listSeries(files));
    await check(bytes, () => readSeries(files, options));
  }
}

const multiFrame = imageFile({
  pixels: Array.from({ length: 36 }, (_, i) => i),
  position: null,
  change: [
    ['00280008', 'IS', '3'],
    [
      '52009230',
      'SQ',
      [0, 1, 2].map((z) => [
        ['00209113', 'SQ', [[['00200032', 'DS', `0\\0\\${z}`]]]],
        ['00209116', 'SQ', [[['00200037', 'DS', '1\\0\\0\\0\\1\\0']]]],
      ]),
    ],
  ],
});

describe('generated images', () => {
  test.each<[string, Uint8Array]>([
    ...Object.entries(syntaxes).map(([name, syntax]) => [name, imageFile({ syntax })] as [string, Uint8Array]),
    ['multi-frame', multiFrame],
    [
      'RLE of several frames',
      imageFile({ syntax: syntaxes.rle, pixels: new Array(36).fill(7), change: [['00280008', 'IS', '3']] }),
    ],
  ])('%s', async (name, file) => {
    await fuzzImage(file, 400, name.length);
  });
});

describe('generated masks', () => {
  const seg = segFile({
    rows: 3,
    columns: 4,
    frames: [0, 2].map((z) => ({ segment: 1, position: [0, 0, z], pixels: [1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0] })),
    change: patient,
  });
  const structures = structureFile(
    [{ number: 1, name: 'GTV', contours: [['CLOSED_PLANAR', [0, 0, 2, 2, 0, 2, 2, 2, 2]]] }],
    patient,
  );
  test.each([
    ['segmentation', seg],
    ['structure set', structures],
  ])('%s', async (_, file) => {
    const next = random(5);
    const elements = elementsOf(file).filter((at) => at >= 132);
    for (let round = 0; round < 1000; round++) {
      const bytes = damage(file, 8192, next, elements);
      await check(bytes, () => readDicomMask(bytes, 'scans/m.dcm', image));
      await check(bytes, () => dicomMaskRegions(parseDataset(bytes, 'scans/m.dcm')));
    }
  });
});

describeShared('files of pydicom', () => {
  const folder = sharedPath('data/dicom_geometry/transfer_syntax');
  test.each(readdirSync(folder))('%s', async (name) => {
    await fuzzImage(readFileSync(`${folder}/${name}`), 120, name.length);
  });

  // GDCM costs some 10 ms a call, and itk-wasm tells the console what becomes an error here.
  beforeEach(() => {
    for (const method of ['log', 'error'] as const) vi.spyOn(console, method).mockReturnValue();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  test.each([
    'MR_small_jpeg_ls_lossless.dcm',
    'MR_small_jp2klossless.dcm',
    'emri_small_jpeg_2k_lossless.dcm',
    'JPEG-LL.dcm',
  ])('%s, decoded', async (name) => {
    const file = readFileSync(`${folder}/${name}`);
    const next = random(name.length);
    for (let round = 0; round < 25; round++) {
      const bytes = file.slice();
      // In the compressed data, or the header's sizes.
      for (let n = 0; n < 5; n++) bytes[Math.floor((0.1 + 0.9 * next()) * bytes.length)] = Math.floor(next() * 256);
      const files = [memorySource('a.dcm', bytes)];
      await check(bytes, () => readSeries(files, { gdcm: gdcmReader, pixelSpacing: [1, 1] }));
    }
  });
});

test('noise is no DICOM', async () => {
  const next = random(1);
  for (let round = 0; round < 500; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(next() * 600) }, () => Math.floor(next() * 256));
    if (round % 2 === 0 && bytes.length > 132) bytes.set([0x44, 0x49, 0x43, 0x4d], 128);
    await check(bytes, () => readSeries([memorySource('a.dcm', bytes)]));
    await check(bytes, () => listSeries([memorySource('a', bytes)]));
  }
});
