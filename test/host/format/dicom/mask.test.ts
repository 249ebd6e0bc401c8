import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDataset } from '../../../../src/host/format/dicom/dataset.ts';
import {
  type DicomMask,
  dicomMaskRegions,
  isDicomMask,
  readDicomMask,
  readDicomMaskParts,
} from '../../../../src/host/format/dicom/mask.ts';
import { readSeries, type ReadSeriesOptions } from '../../../../src/host/format/dicom/read.ts';
import { memorySource } from '../../../../src/host/format/dicom/source.ts';
import type { Geometry, VoxelArray } from '../../../../src/pipeline/volume.ts';
import { unpacked } from '../../../support/dicom-archive.ts';
import { random } from '../../../support/random.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';
import { type SegFields, segFile, structureFile } from '../../../support/dicom-masks.ts';
import { dicomFile, identifying, patient } from '../../../support/dicom-writer.ts';

const image: Geometry = {
  dimension: 3,
  size: [4, 3, 5],
  spacing: [1, 1, 2],
  origin: [10, 20, 30],
  direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const seg = (position: readonly number[], change: SegFields['change'] = []): SegFields => ({
  rows: 3,
  columns: 4,
  sliceSpacing: 2,
  frames: [{ segment: 1, position, pixels: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }],
  change: [...patient, ...change],
});
const square = (z: number, x0 = 11) => [x0, 20, z, x0 + 2, 20, z, x0 + 2, 22, z, x0, 22, z];
const structures = structureFile(
  [
    { number: 5, name: 'CTV', contours: [['CLOSED_PLANAR', square(34)]] },
    {
      number: 6,
      name: 'GTV',
      contours: [
        ['CLOSED_PLANAR', square(34)],
        ['POINT', [1, 2, 3]],
      ],
    },
    { number: 8, name: 'gtv', contours: [['CLOSED_PLANAR', square(36)]] },
    { number: 9, name: 'iso', contours: [['POINT', [1, 2, 3]]] },
  ],
  patient,
);

describe('segmentations', () => {
  test('frames on slices of the image are placed on its grid', () => {
    const { mask, notes } = readDicomMask(segFile(seg([10.001, 20, 34])), 'seg.dcm', image);
    expect(mask).toMatchObject(image);
    expect([...mask.data].flatMap((label, i) => (label > 0 ? [i] : []))).toEqual([24, 25, 35]);
    expect(mask.names).toEqual(new Map([[1, 'tumour']]));
    expect(notes).toEqual([]);
  });
  test('others stay on their own grid', () => {
    const { mask } = readDicomMask(segFile(seg([10.5, 20, 34])), 'seg.dcm', image);
    expect(mask).toMatchObject({ size: [4, 3, 1], origin: [10.5, 20, 34], spacing: [1, 1, 2] });
  });
  test('without positions they are planes of a 2D image of their size', () => {
    const { dimension: _, ...grid } = image;
    const flat: Geometry = { ...grid, dimension: 2, size: [4, 3, 1], spacing: [0.07, 0.07, 1] };
    const fields = seg([]);
    const bytes = segFile({ ...fields, frames: [{ pixels: fields.frames[0]!.pixels }] });
    expect(readDicomMask(bytes, 'seg.dcm', flat).mask).toMatchObject(flat);
    expect(readDicomMask(bytes, 'seg.dcm', image).mask.dimension).toBe(2);
  });
});

describe('structure sets', () => {
  test('chosen by name or number, labels in the order of the choice', () => {
    const { mask, notes } = readDicomMask(structures, 'rs.dcm', image, { regions: [8, 'GTV'] });
    expect([...mask.names!]).toEqual([
      [1, 'gtv'],
      [2, 'GTV'],
    ]);
    expect(mask).toMatchObject(image);
    expect([...mask.data].flatMap((label, i) => (label > 0 ? [[i, label]] : []))).toEqual(
      [25, 26, 29, 30].map((i) => [i, 2]).concat([37, 38, 41, 42].map((i) => [i, 1])),
    );
    expect(notes).toEqual(['structure 6 "GTV": contours left out that enclose no area: 1 POINT']);
  });
  test.each<[string, (string | number)[], string, RegExp]>([
    ['no such name', ['PTV'], 'LabelNotFound', /structure "PTV", found 5 "CTV", 6 "GTV", 8 "gtv", 9 "iso"/],
    ['no such number', [1], 'LabelNotFound', /structure 1, found 5/],
    ['several of a name', ['Gtv'], 'LabelNotFound', /2 of that name \(6 "GTV", 8 "gtv"\); choose by number/],
    ['only points', ['iso'], 'EmptyMask', /1 POINT; choose another structure \(--region\): 5 "CTV", 6 "GTV", 8 "gtv"$/],
    [
      'all that enclose something, with common voxels',
      [],
      'OverlappingRegions',
      /structure 6 "GTV".*structure 5 "CTV"/,
    ],
  ])('%s', (_, regions, code, message) => {
    expect(() => readDicomMask(structures, 'rs.dcm', image, { regions })).toThrow(failure(code, message));
  });
});

test('regions with common voxels are read one by one', () => {
  const labelled = ({ mask }: DicomMask) => [...mask.data].flatMap((label, i) => (label > 0 ? [i] : []));
  const names = (parts: readonly DicomMask[]) => parts.flatMap(({ mask }) => [...mask.names!.values()]);
  const parts = [...readDicomMaskParts(structures, 'rs.dcm', image)];
  expect(names(parts)).toEqual(['CTV', 'GTV', 'gtv']);
  expect(parts.map(labelled)).toEqual([
    [25, 26, 29, 30],
    [25, 26, 29, 30],
    [37, 38, 41, 42],
  ]);
  expect(names([...readDicomMaskParts(structures, 'rs.dcm', image, { regions: [8, 'CTV'] })])).toEqual(['gtv', 'CTV']);
});

test('names of regions are shown without the patient’s, and chosen with it or without', () => {
  const named = structureFile(
    [{ number: 1, name: 'Jane Doe GTV', contours: [['CLOSED_PLANAR', square(34)]] }],
    patient,
  );
  const labelled = segFile({ ...seg([10, 20, 34]), segments: [[1, 'Jane Doe GTV']] });
  for (const file of [named, labelled]) {
    for (const choice of ['Jane Doe GTV', '*** *** GTV', 1])
      expect(readDicomMask(file, 'm.dcm', image, { regions: [choice] }).mask.names).toEqual(
        new Map([[1, '*** *** GTV']]),
      );
    expect(() => readDicomMask(file, 'm.dcm', image, { regions: ['PTV of Jane'] })).toThrow(
      failure('LabelNotFound', /"PTV of \*\*\*", found 1 "\*\*\* \*\*\* GTV"/),
    );
  }
});

test('pseudonyms made of anatomy leave the names of regions as they are', () => {
  const change = [...patient, ['00100010', 'PN', '06^Breast-MRI-Pilot']] as const;
  const { mask } = readDicomMask(
    segFile({ ...seg([10, 20, 34]), segments: [[1, 'Breast of pilot']], change }),
    'm.dcm',
    image,
  );
  expect(mask.names!.get(1)).toBe('Breast of ***');
});

describe('what a file is', () => {
  test('regions are listed without an image', () => {
    expect(dicomMaskRegions(parseDataset(segFile(seg([0, 0, 0])), 'a'))).toEqual([{ number: 1, name: 'tumour' }]);
    expect(dicomMaskRegions(parseDataset(structures, 'a')).map(({ number }) => number)).toEqual([5, 6, 8, 9]);
  });
  test('other objects are refused by kind', () => {
    const bytes = dicomFile([['00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'], ['00080060', 'CS', 'CT'], ...patient]);
    expect(isDicomMask(parseDataset(bytes, 'a'))).toBe(false);
    expect(() => readDicomMask(bytes, 'dir/ct.dcm', image)).toThrow(
      failure('BadDicom', /^ct.dcm: .*RTSTRUCT\), found CT;/),
    );
  });
});

describe('damaged files', () => {
  /** Whatever happens is typed and tells nothing of the patient. */
  function check(bytes: Uint8Array): void {
    try {
      readDicomMask(bytes, 'x.dcm', image, { regions: [1] });
    } catch (error) {
      expect(error).toMatchObject({ name: 'PipelineError' });
      expect(String(error)).not.toMatch(identifying);
    }
  }
  test.each([
    ['a segmentation', segFile(seg([10, 20, 34]))],
    ['a structure set', structures],
  ])('%s cut off anywhere or with random bytes', (_, file) => {
    for (let length = 0; length < file.length; length += 3) check(file.subarray(0, length));
    const next = random(11);
    for (let round = 0; round < 600; round++) {
      const bytes = file.slice();
      for (let n = 1 + Math.floor(next() * 4); n > 0; n--) {
        bytes[132 + Math.floor(next() * (bytes.length - 132))] = Math.floor(next() * 256);
      }
      check(bytes);
    }
  });
});

describeShared('masks on the grid of their DICOM images', () => {
  const imageOf = (folder: string, options: ReadSeriesOptions = {}) => {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.dcm'));
    return readSeries(
      names.map((name) => memorySource(name, readFileSync(`${folder}/${name}`))),
      options,
    );
  };
  const labelled = (data: VoxelArray) => Array.from(data).filter((label) => label !== 0).length;

  test('UCSF-BR-06: a segmentation of 42 of 60 slices', async () => {
    const image = await imageOf(unpacked(sharedPath('data/breast_mri/UCSF-BR-06_dce_3timepoints_DICOM.tar.xz')), {
      phase: 1,
    });
    const bytes = readFileSync(sharedPath('data/breast_mri/UCSF-BR-06_breast_SEG.dcm'));
    const { mask } = readDicomMask(bytes, 'seg.dcm', image);
    expect(mask).toMatchObject({ size: [256, 256, 60], origin: image.origin, direction: image.direction });
    expect(labelled(mask.data)).toBe(82527);
  });

  test('dcmqi’s phantom: toggled pixels of the middle slice are those of the image', async () => {
    const folder = `${unpacked(sharedPath('data/dicom_geometry/dicom4qi_seg_bitpacking_23x38x3.tar.xz'))}/data_5`;
    const image = await imageOf(`${folder}/image`);
    const { mask } = readDicomMask(readFileSync(`${folder}/mask/mask.dcm`), 'mask.dcm', image);
    expect(mask).toMatchObject({ size: image.size, origin: image.origin });
    const frame = 23 * 38;
    const [inside, outside] = [1, 0].map((label) =>
      Array.from(image.data.subarray(frame, 2 * frame)).filter((_, i) => mask.data[frame + i] === label),
    ) as [number[], number[]];
    // All that shows in the image, and the four corners.
    expect(outside.every((value) => value === 0)).toBe(true);
    expect(inside.filter((value) => value === 0)).toHaveLength(4);
  });
});
