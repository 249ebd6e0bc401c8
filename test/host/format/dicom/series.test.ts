/** Image series: what lies where, what is wrong with it, which one is chosen. */
import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { type ReadSeriesOptions, readSeries } from '../../../../src/host/format/dicom/read.ts';
import { listSeries } from '../../../../src/host/format/dicom/series.ts';
import { blobSource, memorySource, type NamedBytes, zipSource } from '../../../../src/host/format/dicom/source.ts';
import {
  decimals,
  dicomFile,
  identifying,
  imageFile,
  type Item,
  patient,
  seriesFiles,
  type SliceFields,
} from '../../../support/dicom-writer.ts';
import { expectClose } from '../../../support/close.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

/** The error of reading a series; it must be typed, say nothing of the patient and show no folder. */
async function failure(files: readonly NamedBytes[], options?: ReadSeriesOptions) {
  const error = await readSeries(files, options).then(
    () => expect.fail('expected an error'),
    (e: unknown) => e as Error & { code: string },
  );
  expect(error.name).toBe('PipelineError');
  expect(error.message).not.toMatch(identifying);
  expect(error.message).not.toContain('scans/');
  return error;
}

const at = (z: number): SliceFields => ({ position: [-10, 5, z] });
/** Value of the first pixel of slice n of `seriesFiles`. */
const firstPixel = (n: number) => 100 * (n + 1);

describe('a regular series', () => {
  test('is sorted by position, whatever the order of files and instances', async () => {
    const image = await readSeries(seriesFiles(4, (n) => at([4, 0, 6, 2][n]!)));
    expect(image).toMatchObject({
      dimension: 3,
      size: [4, 3, 4],
      spacing: [0.75, 0.5, 2],
      origin: [-10, 5, 0],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      pixelType: 'uint16',
      components: 1,
    });
    expect([0, 1, 2, 3].map((z) => image.data[12 * z])).toEqual([1, 3, 0, 2].map(firstPixel));
  });

  test('slices may run against the normal, and rows in any direction', async () => {
    const cosines = [0, 1, 0, 0, 0, -1];
    const image = await readSeries(seriesFiles(3, (n) => ({ orientation: cosines, position: [3 * n, 1, 2] })));
    // The normal is -x: the slice with the largest x comes first.
    expect(image.origin).toEqual([6, 1, 2]);
    expect(image.direction).toEqual([0, 0, -1, 1, 0, 0, 0, -1, 0]);
    expect(image.spacing).toEqual([0.75, 0.5, 3]);
    expect(image.data[0]).toBe(firstPixel(2));
  });

  test('oblique series keep their directions', async () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const normal = [0, -s, c];
    const image = await readSeries(
      seriesFiles(5, (n) => ({
        orientation: [1, 0, 0, 0, c, s],
        position: normal.map((x, i) => [-10, 5, 7][i]! + 2.5 * n * x),
      })),
    );
    expectClose(image.spacing[2], 2.5, { rel: 1e-12, what: 'slice distance' });
    [1, 0, 0, 0, c, -s, 0, s, c].forEach((value, i) => {
      expectClose(image.direction[i]!, value, { abs: 1e-12, what: `direction ${i}` });
    });
  });

  test('values are rescaled slice by slice', async () => {
    const scaled = (slope: number, intercept: number): SliceFields => ({
      change: [
        ['00281052', 'DS', String(intercept)],
        ['00281053', 'DS', String(slope)],
      ],
    });
    const whole = await readSeries(seriesFiles(2, (n) => scaled(n + 1, -1024)));
    expect(whole.pixelType).toBe('int32');
    expect([whole.data[0], whole.data[12]]).toEqual([100 - 1024, 2 * 200 - 1024]);
    const fraction = await readSeries(seriesFiles(2, () => scaled(0.5, 0.25)));
    expect(fraction.pixelType).toBe('float64');
    expect([fraction.data[0], fraction.data[1]]).toEqual([50.25, 50.75]);
    expect(await failure(seriesFiles(2, () => scaled(0, 1)))).toMatchObject({
      code: 'BadDicom',
      message: expect.stringMatching(/rescale slope other than 0, found 0/),
    });
  });

  test('stored bits have their sign; bits beyond them do not count', async () => {
    const change: Item = [
      ['00280101', 'US', [12]],
      ['00280102', 'US', [11]],
      ['00280103', 'US', [1]],
    ];
    const pixels = [0x0000, 0x07ff, 0x0800, 0x0fff, 0xf001, 0x1800];
    const image = await readSeries([memorySource('a', imageFile({ pixels, columns: 3, rows: 2, change }))]);
    expect(image.pixelType).toBe('int16');
    expect([...image.data]).toEqual([0, 2047, -2048, -1, 1, -2048]);
  });

  test('rounded positions are no uneven spacing', async () => {
    const image = await readSeries(seriesFiles(40, (n) => at(Number((n * 1.3333333).toFixed(2)))));
    expectClose(image.spacing[2], 1.3333333, { abs: 1e-3, what: 'slice distance' });
  });

  test('comes out of a zip archive and of blobs as out of files', async () => {
    const files = seriesFiles(3);
    const bytes = await Promise.all(files.map(async (file) => [file.name, await file.read()] as const));
    const expected = await readSeries(files);
    const zip = zipSync({ ...Object.fromEntries(bytes), 'scans/readme.txt': Uint8Array.of(72, 105) });
    expect(await readSeries(zipSource(zip, 'a.zip'))).toEqual(expected);
    const blobs = bytes.map(([name, content]) => new File([content as Uint8Array<ArrayBuffer>], name));
    expect(await readSeries(blobs.map(blobSource))).toEqual(expected);
    expect(() => zipSource(zip.subarray(0, zip.length - 30), 'b/a.zip')).toThrow(/^a.zip: expected a complete zip/);
  });
});

describe('what makes no image is refused by the names of its slices', () => {
  test.each<[string, NamedBytes[], RegExp]>([
    [
      'a missing slice',
      seriesFiles(6, (n) => at(2 * (n < 3 ? n : n + 2))),
      /slice every 2 mm, found missing slices: 2 between slice-3.dcm at 4 mm and slice-4.dcm at 10 mm; add them/,
    ],
    [
      'a doubled slice',
      seriesFiles(5, (n) => at(2 * (n < 4 ? n : 1))),
      /one slice at each position, found doubled slices: slice-2.dcm at 2 mm and slice-5.dcm; remove/,
    ],
    [
      'mixed orientations',
      seriesFiles(4, (n) => (n === 2 ? { orientation: [1, 0, 0, 0, 0, -1] } : {})),
      /one orientation, found 1 0 0 0 1 0 in slice-1.dcm and 1 0 0 0 0 -1 in slice-3.dcm; separate/,
    ],
    [
      'uneven spacing',
      seriesFiles(5, (n) => at([0, 2, 4, 7.1, 9.1][n]!)),
      /slices every 2 mm .*uneven spacing: 3.1 mm between slice-3.dcm at 4 mm and slice-4.dcm at 7.1 mm; resample/,
    ],
    ['spacing that grows', seriesFiles(30, (n) => at(2 * n + 0.01 * n * n)), /uneven spacing: .*slice-/],
    [
      'gantry tilt',
      seriesFiles(5, (n) => ({ position: [0, 0.6 * n, 2 * n] })),
      /stacked along their normal, found them leaning by 2.4 mm .*slice-1.dcm .* to slice-5.dcm/,
    ],
    [
      'a shifted slice',
      seriesFiles(5, (n) => ({ position: [n === 2 ? 4 : 0, 0, 2 * n] })),
      /above each other, found some shifted in their plane: slice-3.dcm/,
    ],
    [
      'different sizes',
      seriesFiles(3, (n) => (n === 1 ? { rows: 5 } : {})),
      /one size, found 4 x 3 in slice-1.dcm and 4 x 5 in slice-2.dcm; separate/,
    ],
    [
      'different pixel spacings',
      seriesFiles(3, (n) => (n === 1 ? { pixelSpacing: [0.5, 0.8] } : {})),
      /one pixel spacing, found 0.5 x 0.75 in slice-1.dcm and 0.5 x 0.8 in slice-2.dcm/,
    ],
    [
      'a slice without position',
      seriesFiles(3, (n) => (n === 1 ? { position: null } : {})),
      /position and an orientation of every slice, found none in slice-2.dcm/,
    ],
  ])('%s', async (_, files, message) => {
    expect(await failure(files)).toMatchObject({ code: 'BadSeries', message: expect.stringMatching(message) });
    // The list tells the same before anything is read.
    const { series } = await listSeries(files);
    expect(series[0]!.problems.join()).toMatch(message);
  });

  test('a slice cut off anywhere is not left out silently', async () => {
    const files = seriesFiles(3);
    const bytes = await files[2]!.read();
    for (const length of [0, 10, 132, 300, 500, bytes.length / 2, bytes.length - 40, bytes.length - 10]) {
      const cut = [...files.slice(0, 2), memorySource('scans/slice-3.dcm', bytes.subarray(0, length))];
      expect(await failure(cut)).toMatchObject({ code: 'BadDicom', message: expect.stringMatching(/^slice-3.dcm/) });
    }
  });
});

describe('several images in one series', () => {
  const timePoints = (value: (phase: number) => Item) =>
    seriesFiles(6, (n) => ({ ...at(2 * (n % 3)), change: value(Math.floor(n / 3)) }));

  test.each<[string, (phase: number) => Item, string[]]>([
    ['temporal position', (p) => [['00200100', 'IS', String(p + 1)]], ['TemporalPosition 1', 'TemporalPosition 2']],
    ['acquisition', (p) => [['00200012', 'IS', String(p + 4)]], ['AcquisitionNumber 4', 'AcquisitionNumber 5']],
    ['echo', (p) => [['00180081', 'DS', String(10 - 7 * p)]], ['EchoTime 3', 'EchoTime 10']],
    ['b-value', (p) => [['00189087', 'FD', [800 * p]]], ['DiffusionBValue 0', 'DiffusionBValue 800']],
    [
      'time of day, which is not shown',
      (p) => [['00080032', 'TM', `1200${10 * p + 10}`]],
      ['AcquisitionTime 1', 'AcquisitionTime 2'],
    ],
    ['nothing but the order', () => [], ['InstanceNumber order 1', 'InstanceNumber order 2']],
  ])('%s', async (_, change, labels) => {
    const files = timePoints(change);
    const { series } = await listSeries(files);
    expect(series).toMatchObject([{ phases: labels, size: [4, 3, 3], problems: [] }]);
    const error = await failure(files);
    expect(error).toMatchObject({
      code: 'BadSeries',
      message: expect.stringMatching(/found 2; choose one by its number \(--phase\)/),
    });
    for (const label of labels) expect(error.message).toContain(label);
    const [first, second] = [await readSeries(files, { phase: 1 }), await readSeries(files, { phase: 2 })];
    expect([first.data[0], second.data[0]].sort((a, b) => a! - b!)).toEqual([firstPixel(0), firstPixel(3)]);
    expect(await failure(files, { phase: 3 })).toMatchObject({
      code: 'BadSetting',
      message: expect.stringMatching(/1 to 2, found 3/),
    });
  });

  test('a time point that lacks a slice is refused alone', async () => {
    const change = (p: number): Item => [['00200100', 'IS', String(p + 1)]];
    const files = seriesFiles(11, (n) => ({
      ...at(2 * (n < 6 ? n : [0, 1, 3, 4, 5][n - 6]!)),
      change: change(n < 6 ? 0 : 1),
    }));
    expect((await readSeries(files, { phase: 1 })).size).toEqual([4, 3, 6]);
    expect(await failure(files, { phase: 2 })).toMatchObject({
      code: 'BadSeries',
      message: expect.stringMatching(/1 between slice-8.dcm .* and slice-9.dcm/),
    });
  });
});

describe('several series', () => {
  const files = [
    ...seriesFiles(2),
    ...seriesFiles(2, (n) => ({
      instance: 10 + n,
      change: [
        ['0020000e', 'UI', '2.25.66'],
        ['00200011', 'IS', '4'],
        ['0008103e', 'LO', 'T2 of Jane Doe'],
      ],
    })),
  ];

  test('are listed, and one has to be chosen', async () => {
    const listing = await listSeries(files);
    expect(listing.series.map(({ number, description, uid }) => [number, description, uid])).toEqual([
      [3, 'T1 axial', '2.25.55'],
      [4, 'T2 of *** ***', '2.25.66'],
    ]);
    expect(JSON.stringify(listing)).not.toMatch(identifying);
    expect(await failure(files)).toMatchObject({
      code: 'BadSeries',
      message: expect.stringMatching(
        /found 2; choose one by UID, number or part of its description \(--series\)[\s\S]*T1 axial[\s\S]*2\.25\.66/,
      ),
    });
  });

  test.each([['2.25.66'], [4], ['4'], ['t2 OF']])('by %j', async (series) => {
    expect((await readSeries(files, { series })).data[0]).toBe(1000);
  });

  test.each([['T'], ['PET'], [5], ['']])('%j is no choice', async (series) => {
    expect(await failure(files, { series })).toMatchObject({ code: 'BadSetting' });
  });
});

describe('multi-frame files', () => {
  const frames = [0, 1, 2].flatMap((n) => Array.from({ length: 12 }, (_, i) => 100 * n + i));
  const base: SliceFields = { pixels: frames, position: null, pixelSpacing: null };
  const groups = (positions: readonly number[][]): Item => [
    ['00280008', 'IS', String(positions.length)],
    [
      '52009229',
      'SQ',
      [
        [
          ['00209116', 'SQ', [[['00200037', 'DS', '1\\0\\0\\0\\1\\0']]]],
          [
            '00289110',
            'SQ',
            [
              [
                ['00180088', 'DS', '3'],
                ['00280030', 'DS', '0.5\\0.75'],
              ],
            ],
          ],
        ],
      ],
    ],
    [
      '52009230',
      'SQ',
      positions.map(
        (position, n): Item => [
          ['00209113', 'SQ', [[['00200032', 'DS', decimals(position)]]]],
          [
            '00289145',
            'SQ',
            [
              [
                ['00281052', 'DS', '0'],
                ['00281053', 'DS', String(n + 1)],
              ],
            ],
          ],
        ],
      ),
    ],
  ];
  const file = (change: Item) => [memorySource('scans/multi.dcm', imageFile({ ...base, change }))];

  test('frames are sorted and rescaled by their functional groups', async () => {
    const image = await readSeries(
      file(
        groups([
          [1, 2, 6],
          [1, 2, 3],
          [1, 2, 0],
        ]),
      ),
    );
    expect(image).toMatchObject({ size: [4, 3, 3], spacing: [0.75, 0.5, 3], origin: [1, 2, 0] });
    expect([0, 12, 24].map((i) => image.data[i])).toEqual([3 * 200, 2 * 100, 0]);
    expect(
      await failure(
        file(
          groups([
            [1, 2, 6],
            [1, 2, 3],
            [1, 2, 3],
          ]),
        ),
      ),
    ).toMatchObject({
      code: 'BadSeries',
      message: expect.stringMatching(/multi.dcm frame 2 at 3 mm and multi.dcm frame 3/),
    });
  });

  test('frames of the old kind are a stack where their distance is known', async () => {
    const change: Item = [
      ['00280008', 'IS', '3'],
      ['00280030', 'DS', '0.5\\0.75'],
      ['00180088', 'DS', '4'],
    ];
    expect(await readSeries(file(change))).toMatchObject({ size: [4, 3, 3], spacing: [0.75, 0.5, 4] });
    expect(await failure(file(change.slice(0, 2)))).toMatchObject({ code: 'MissingSpacing' });
  });

  test('more frames than the file can hold are refused', async () => {
    expect(await failure(file([['00280008', 'IS', '400']]))).toMatchObject({
      code: 'BadDicom',
      message: expect.stringMatching(/expected 1 to \d+ frames of 4 x 3 pixels .*found 400/),
    });
  });
});

describe('radiographs', () => {
  const film: SliceFields = { position: null, pixelSpacing: null, pixels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 4095] };
  const twelve: Item = [
    ['00080060', 'CS', 'MG'],
    ['00280101', 'US', [12]],
    ['00280102', 'US', [11]],
  ];
  const file = (change: Item = []) => [
    memorySource('scans/mg.dcm', imageFile({ ...film, change: [...twelve, ...change] })),
  ];

  test('are 2D, with the spacing at the detector', async () => {
    const image = await readSeries(file([['00181164', 'DS', '0.07\\0.08']]));
    expect(image).toMatchObject({ dimension: 2, size: [4, 3, 1], spacing: [0.08, 0.07, 1], pixelType: 'uint16' });
  });

  test('the magnification brings the detector’s spacing to the patient; PixelSpacing comes first', async () => {
    const imager: Item = [
      ['00181164', 'DS', '0.1\\0.1'],
      ['00181114', 'DS', '1.25'],
    ];
    expect((await readSeries(file(imager))).spacing).toEqual([0.08, 0.08, 1]);
    expect((await readSeries(file([...imager, ['00280030', 'DS', '0.05\\0.05']]))).spacing).toEqual([0.05, 0.05, 1]);
  });

  test('without any spacing they are refused, or take the caller’s', async () => {
    expect(await failure(file())).toMatchObject({
      code: 'MissingSpacing',
      message: expect.stringMatching(/^mg.dcm: .*--pixel-spacing 0.07,0.07/),
    });
    const image = await readSeries(file(), { pixelSpacing: [0.07, 0.09] });
    expect(image).toMatchObject({ dimension: 2, spacing: [0.09, 0.07, 1] });
    for (const pixelSpacing of [
      [0, 1],
      [Number.NaN, 1],
    ] as const)
      expect(await failure(file(), { pixelSpacing })).toMatchObject({ code: 'BadSetting' });
  });

  test('MONOCHROME1 is as stored, and turned round within the stored bits where that is asked for', async () => {
    const files = file([
      ['00181164', 'DS', '0.07\\0.07'],
      ['00280004', 'CS', 'MONOCHROME1'],
    ]);
    expect((await listSeries(files)).series[0]!.inverted).toBe(true);
    expect([...(await readSeries(files)).data]).toEqual(film.pixels);
    const turned = await readSeries(files, { invertMonochrome1: true });
    expect([...turned.data]).toEqual(film.pixels!.map((value) => 4095 - value));
    // What is MONOCHROME2 stays as it is.
    const plain = await readSeries(file([['00181164', 'DS', '1\\1']]), { invertMonochrome1: true });
    expect([...plain.data]).toEqual(film.pixels);
  });

  test('views of one series are phases', async () => {
    const files = ['cc', 'mlo'].map((view, n) =>
      memorySource(
        `scans/${view}.dcm`,
        imageFile({ ...film, instance: n + 1, change: [...twelve, ['00181164', 'DS', '1\\1']] }),
      ),
    );
    expect((await listSeries(files)).series[0]!.phases).toEqual(['cc.dcm', 'mlo.dcm']);
    expect(await failure(files)).toMatchObject({ code: 'BadSeries', message: expect.stringContaining('--phase') });
    expect((await readSeries(files, { phase: 2 })).dimension).toBe(2);
  });

  test('colours and palettes are refused by name', async () => {
    expect(await failure(file([['00280004', 'CS', 'PALETTE COLOR']]))).toMatchObject({
      code: 'BadDicom',
      message: expect.stringMatching(/found PALETTE COLOR with 1 values per pixel/),
    });
  });
});

describeShared('a mammogram of CBIS-DDSM', () => {
  const name = 'CBIS-DDSM_Calc-Test_P_00038_RIGHT_CC_1_cropped.dcm';
  test('has no spacing: refused, or 2D with the caller’s', async () => {
    const files = [memorySource(name, readFileSync(sharedPath('data/mammography', name)))];
    expect(await failure(files)).toMatchObject({ code: 'MissingSpacing' });
    const image = await readSeries(files, { pixelSpacing: [0.05, 0.05] });
    expect(image).toMatchObject({ dimension: 2, size: [660, 409, 1], spacing: [0.05, 0.05, 1], pixelType: 'uint16' });
    // By pydicom.
    expect(Array.from(image.data).reduce((sum, value) => sum + value, 0)).toBe(8981537853);
  });
});

test('what else lies beside a series is listed by modality or name, without the patient', async () => {
  const slice = imageFile();
  const listing = await listSeries([
    ...seriesFiles(2),
    memorySource('scans/report.txt', new TextEncoder().encode('a text')),
    memorySource('scans/plan of Jane.dcm', dicomFile([['00080060', 'CS', 'RTPLAN'], ...patient])),
    memorySource('scans/cut.dcm', slice.subarray(0, slice.length / 2)),
  ]);
  expect(listing).toMatchObject({
    foreign: 1,
    others: [{ name: 'plan of ***.dcm', what: 'RTPLAN' }],
    damaged: [expect.stringMatching(/^cut.dcm: expected an object with pixel data, found none/)],
  });
  expect(JSON.stringify(listing)).not.toMatch(identifying);
});
