import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDataset } from '../../../../src/host/format/dicom/dataset.ts';
import { readDicomMask } from '../../../../src/host/format/dicom/mask.ts';
import { rasteriseStructures } from '../../../../src/host/format/dicom/rasterise.ts';
import { readSeries } from '../../../../src/host/format/dicom/read.ts';
import { readRtstruct, type Structure } from '../../../../src/host/format/dicom/rtstruct.ts';
import { memorySource } from '../../../../src/host/format/dicom/source.ts';
import { toMask } from '../../../../src/host/format/index.ts';
import { readImageFile } from '../../../../src/host/node/read.ts';
import type { VoxelArray } from '../../../../src/pipeline/volume.ts';
import { unpacked } from '../../../support/dicom-archive.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';
import { type StructureFields, structureFile } from '../../../support/dicom-masks.ts';

const read = (structures: readonly StructureFields[]) =>
  readRtstruct(parseDataset(structureFile(structures), 'a/rs.dcm'));
const square = [0, 0, 5, 3, 0, 5, 3, 3, 5, 0, 3, 5];

describe('structure sets', () => {
  test('structures with their contours, in the order of the file', () => {
    const found = read([
      {
        number: 7,
        name: 'GTV 1',
        contours: [
          ['CLOSED_PLANAR', square],
          ['CLOSEDPLANAR_XOR', square],
        ],
      },
      { number: 2, name: 'empty' },
    ]);
    expect(found).toEqual([
      {
        number: 7,
        name: 'GTV 1',
        contours: [1, 2].map((number) => ({ number, points: Float64Array.from(square) })),
        skipped: new Map(),
      },
      { number: 2, name: 'empty', contours: [], skipped: new Map() },
    ]);
  });

  test('decimal texts of any length', () => {
    const text = '-42.70000076293945312\\1.00000000000000002e+2\\25.6000003814697265625\\1\\2\\3\\4\\5\\6';
    const [structure] = read([{ number: 1, name: 'x', contours: [['CLOSED_PLANAR', text]] }]);
    expect([...structure!.contours[0]!.points]).toEqual([
      -42.70000076293945, 100, 25.600000381469727, 1, 2, 3, 4, 5, 6,
    ]);
  });

  test('points, open contours and contours without area are counted, not kept', () => {
    const [structure] = read([
      {
        number: 1,
        name: 'x',
        contours: [
          ['POINT', [1, 2, 3]],
          ['POINT', [1, 2, 3]],
          ['OPEN_PLANAR', square],
          ['CLOSED_PLANAR', [1, 2, 3, 4, 5, 6]],
          ['CLOSED_PLANAR', square],
        ],
      },
    ]);
    expect([...structure!.skipped]).toEqual([
      ['POINT', 2],
      ['OPEN_PLANAR', 1],
      ['CLOSED_PLANAR of fewer than 3 points', 1],
    ]);
    expect(structure!.contours.map(({ number }) => number)).toEqual([5]);
  });

  test.each<[string, readonly StructureFields[], RegExp]>([
    ['no structures', [], /expected structures/],
    [
      'a coordinate missing',
      [{ number: 1, name: 'x', contours: [['CLOSED_PLANAR', square.slice(1)]] }],
      /contour 1: .*found 11/,
    ],
    ['a word for a number', [{ number: 1, name: 'x', contours: [['CLOSED_PLANAR', '1\\x\\3']] }], /expected a number/],
    ['the same structure twice', [1, 1].map((number) => ({ number, name: 'x' })), /structure 1 twice/],
  ])('%s', (_, structures, message) => {
    expect(() => read(structures)).toThrow(
      expect.objectContaining({ code: 'BadDicom', message: expect.stringMatching(message) }),
    );
  });
});

const count = (data: VoxelArray) => Array.from(data).filter((label) => label !== 0).length;

/** Area inside a contour of any orientation in space, mm^2: half the length of the summed cross products. */
function area(points: Float64Array): number {
  const sum = [0, 0, 0];
  for (let i = 0; i < points.length; i += 3) {
    const [a, b] = [points.subarray(i, i + 3), points.subarray((i + 3) % points.length)];
    for (let axis = 0; axis < 3; axis++) {
      const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
      sum[axis]! += (a[u]! - points[u]!) * (b[v]! - points[v]!) - (a[v]! - points[v]!) * (b[u]! - points[u]!);
    }
  }
  return Math.hypot(...sum) / 2;
}

describeShared('structure sets of others', () => {
  test('IBSI’s CT phantom: the mask that was made of its contours', async () => {
    const folder = sharedPath('data/ibsi1/ibsi_1_ct_radiomics_phantom');
    const reference = toMask(await readImageFile(`${folder}/nifti/mask/mask.nii.gz`));
    const bytes = readFileSync(`${folder}/dicom/mask/DCM_RS_00060.dcm`);
    const { mask, notes } = readDicomMask(bytes, 'RS.dcm', reference, { regions: ['GTV-1'] });
    expect(mask.names).toEqual(new Map([[1, 'GTV-1']]));
    expect(notes).toEqual([]);
    expect(count(reference.data)).toBe(125256);
    expect(mask.data.findIndex((label, i) => label !== reference.data[i])).toBe(-1);
  });

  test('IBSI’s CT phantom: the same on the grid of its DICOM images', async () => {
    const folder = sharedPath('data/ibsi1/ibsi_1_ct_radiomics_phantom');
    const files = readdirSync(`${folder}/dicom/image`).map((name) =>
      memorySource(name, readFileSync(`${folder}/dicom/image/${name}`)),
    );
    const image = await readSeries(files);
    const { mask } = readDicomMask(readFileSync(`${folder}/dicom/mask/DCM_RS_00060.dcm`), 'RS.dcm', image);
    expect(mask.size).toEqual([204, 201, 60]);
    expect(count(mask.data)).toBe(125256);
  });

  test('an oblique MR: volumes of the voxels and of the contours', async () => {
    const folder = `${unpacked(sharedPath('data/dicom_geometry/STS_001_raw_MR_T1_oblique_DICOM_RTSTRUCT.tar.xz'))}/STS_001/MR_T1`;
    const files = readdirSync(`${folder}/image`).map((name) =>
      memorySource(name, readFileSync(`${folder}/image/${name}`)),
    );
    const image = await readSeries(files);
    const bytes = readFileSync(`${folder}/mask/1-1.dcm`);
    const structures = readRtstruct(parseDataset(bytes, 'RS.dcm'));
    expect(structures.map(({ name, contours }) => [name, contours.length])).toEqual([
      ['GTV_Mass', 20],
      ['GTV_Edema', 32],
    ]);
    for (const structure of structures) {
      const { mask } = readDicomMask(bytes, 'RS.dcm', image, { regions: [structure.name] });
      const [dx, dy, dz] = image.spacing;
      const volume = count(mask.data) * dx * dy * dz;
      const expected = structure.contours.reduce((sum, { points }) => sum + area(points), 0) * dz;
      // Voxels at the border are in or out as a whole; over hundreds of thousands that evens out.
      expect(Math.abs(volume / expected - 1)).toBeLessThan(1e-3);
    }
  });

  test('pydicom’s example: implicit, without meta header, with points', () => {
    const bytes = readFileSync(sharedPath('data/dicom_geometry/transfer_syntax/rtstruct.dcm'));
    const structures = readRtstruct(parseDataset(bytes, 'rtstruct.dcm'));
    expect(structures.map(({ number, name }) => `${number} ${name}`)).toEqual([
      '1 patient',
      '2 Isocenter 1',
      '3 Isocenter 2',
    ]);
    const patient = structures[0] as Structure;
    const { mask } = rasteriseStructures([patient], {
      dimension: 3,
      size: [41, 41, 3],
      spacing: [10, 10, 10],
      origin: [-200, -200, -200],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    });
    expect(count(mask.data)).toBeGreaterThan(0);
  });
});
