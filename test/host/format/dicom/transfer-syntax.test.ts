/** Pixels in every transfer syntax: files of pydicom's test suite beside pydicom's values, and generated ones. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDataset } from '../../../../src/host/format/dicom/dataset.ts';
import { readSeries } from '../../../../src/host/format/dicom/read.ts';
import { memorySource } from '../../../../src/host/format/dicom/source.ts';
import { tags } from '../../../../src/host/format/dicom/tags.ts';
import { gdcmReader } from '../../../../src/host/node/gdcm.ts';
import { identifying, imageFile, seriesFiles, syntaxes } from '../../../support/dicom-writer.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

/** The spacing counts for those of pydicom's files that have lost theirs. */
const read = (bytes: Uint8Array, name: string) =>
  readSeries([memorySource(name, bytes)], { gdcm: gdcmReader, pixelSpacing: [1, 1] });

/** Sum and the first 16 digits of the SHA-256 of the stored values as int32, by pydicom 3 with pylibjpeg. */
const mrSmall = { size: [64, 64, 1], sum: 2125338, hash: 'b8d9a6cee6ff2ea9' };
const emri = { size: [64, 64, 10], sum: 4493276, hash: '8be61098d4942b61' };
const references: Record<string, { size: number[]; sum: number; hash: string; intercept?: number }> = {
  'CT_small.dcm': { size: [128, 128, 1], sum: 14826310, hash: 'df61a60dfc368c1d', intercept: -1024 },
  'JPEG-LL.dcm': { size: [256, 1024, 1], sum: 3596452, hash: 'b364d556a70a0ed9' },
  'MR_small.dcm': mrSmall,
  'MR_small_RLE.dcm': mrSmall,
  'MR_small_bigendian.dcm': mrSmall,
  'MR_small_expb.dcm': mrSmall,
  'MR_small_implicit.dcm': mrSmall,
  'MR_small_jp2klossless.dcm': mrSmall,
  'MR_small_jpeg_ls_lossless.dcm': mrSmall,
  'MR_small_padded.dcm': mrSmall,
  'emri_small.dcm': emri,
  'emri_small_jpeg_2k_lossless.dcm': emri,
};

describeShared('files of pydicom', () => {
  const folder = sharedPath('data/dicom_geometry/transfer_syntax');
  const files = readdirSync(folder);

  test('all are covered', () => {
    expect(files.filter((name) => name !== 'rtstruct.dcm').sort()).toEqual(Object.keys(references).sort());
  });

  test('the elements of every one are read, the patient’s are not', () => {
    for (const file of files) {
      const dataset = parseDataset(readFileSync(`${folder}/${file}`), file);
      if (dataset.modality === 'RTSTRUCT') expect(dataset.sequence('30060020')).toHaveLength(3);
      else expect(dataset.has(tags.pixels)).toBe(true);
      expect(dataset.has('00100010')).toBe(false);
    }
  });

  test.each(Object.entries(references))('%s', async (name, { size, sum, hash, intercept = 0 }) => {
    const image = await read(readFileSync(`${folder}/${name}`), name);
    expect(image.size).toEqual(size);
    const stored = Int32Array.from(image.data, (value) => value - intercept);
    expect(stored.reduce((all, value) => all + value, 0)).toBe(sum);
    expect(createHash('sha256').update(stored).digest('hex').slice(0, 16)).toBe(hash);
  });
});

describe('generated files', () => {
  const pixels = [0, 1, 255, 256, 1000, 4095, 32767, 32768, 40000, 65534, 65535, 7];

  test.each(Object.keys(syntaxes) as (keyof typeof syntaxes)[])('16 bits, %s', async (syntax) => {
    const image = await read(imageFile({ pixels, syntax: syntaxes[syntax] }), 'a.dcm');
    expect(image).toMatchObject({ pixelType: 'uint16', size: [4, 3, 1], spacing: [0.75, 0.5, 1] });
    expect([...image.data]).toEqual(pixels);
  });

  test.each(Object.keys(syntaxes) as (keyof typeof syntaxes)[])('8 bits, an odd number of them, %s', async (syntax) => {
    const odd = [1, 2, 3, 4, 5, 6, 7, 8, 255];
    const image = await read(imageFile({ pixels: odd, bits: 8, columns: 3, syntax: syntaxes[syntax] }), 'a.dcm');
    expect([...image.data]).toEqual(odd);
  });

  test('a series may mix them', async () => {
    const mixed = Object.values(syntaxes);
    const image = await readSeries(seriesFiles(mixed.length, (n) => ({ syntax: mixed[n] })));
    expect([...image.data]).toEqual(mixed.flatMap((_, n) => Array.from({ length: 12 }, (_x, i) => 100 * (n + 1) + i)));
  });

  test('compressed pixels without a decoder, and a syntax that nobody reads, are refused', async () => {
    const jpeg = seriesFiles(1, () => ({ syntax: '1.2.840.10008.1.2.4.50' }));
    const mpeg = seriesFiles(1, () => ({ syntax: '1.2.840.10008.1.2.4.100' }));
    await expect(readSeries(jpeg)).rejects.toMatchObject({ code: 'BadDicom' });
    const error = await readSeries(mpeg).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'BadDicom',
      message: expect.stringMatching(/^slice-1.dcm: expected uncompressed, RLE, JPEG.*found transfer syntax 1\.2\.840/),
    });
    expect(String(error)).not.toMatch(identifying);
  });

  test('a deflated file that is cut off is refused', async () => {
    const bytes = imageFile({ syntax: syntaxes.deflated });
    await expect(read(bytes.subarray(0, bytes.length - 20), 'a.dcm')).rejects.toMatchObject({ code: 'BadDicom' });
  });
});
