import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDataset } from '../../../../src/host/format/dicom/dataset.ts';
import { readDicomMask } from '../../../../src/host/format/dicom/mask.ts';
import { readSeg, type SegOptions, segSegments } from '../../../../src/host/format/dicom/seg.ts';
import { toMask } from '../../../../src/host/format/index.ts';
import { readImageFile } from '../../../../src/host/node/read.ts';
import { resampleMaskToImage } from '../../../../src/pipeline/geometry.ts';
import { unpacked } from '../../../support/dicom-archive.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';
import { type SegFields, segFile } from '../../../support/dicom-masks.ts';

const read = (fields: SegFields, options?: SegOptions) => readSeg(parseDataset(segFile(fields), 'a/seg.dcm'), options);
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

/** Two frames of 3 x 2 pixels, 2 mm apart. */
const two: SegFields = {
  rows: 2,
  columns: 3,
  pixelSpacing: [0.5, 0.75],
  frames: [
    { segment: 1, position: [1, 2, 12], pixels: [0, 0, 0, 0, 1, 1] },
    { segment: 1, position: [1, 2, 10], pixels: [1, 0, 0, 0, 0, 1] },
  ],
};

describe('binary segmentations', () => {
  test('frames are sorted along their normal, bits go on across the borders of frames', () => {
    const { mask, segments, located } = read(two);
    expect(segments).toEqual([{ number: 1, name: 'tumour' }]);
    expect(located).toBe(true);
    expect(mask).toEqual({
      dimension: 3,
      size: [3, 2, 2],
      spacing: [0.75, 0.5, 2],
      origin: [1, 2, 10],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      data: Uint8Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1),
    });
  });

  test('the third axis is the normal, whatever the order in the file', () => {
    const { mask } = read({
      ...two,
      orientation: [0, 1, 0, 0, 0, -1],
      frames: two.frames.map((f, i) => ({ ...f, position: [5 - 3 * i, 0, 0] })),
    });
    expect(mask.origin).toEqual([5, 0, 0]);
    expect(mask.direction).toEqual([0, 0, -1, 1, 0, 0, 0, -1, 0]);
    expect(mask.spacing[2]).toBe(3);
    expect([...mask.data.subarray(0, 6)]).toEqual([0, 0, 0, 0, 1, 1]);
  });

  test('missing frames are background where the slice distance is declared', () => {
    const frames = [0, 6, 2].map((z) => ({ segment: 1, position: [0, 0, z], pixels: [1, 1, 1, 1, 1, 1] }));
    const { mask } = read({ ...two, frames, sliceSpacing: 2 });
    expect(mask.size).toEqual([3, 2, 4]);
    expect([...mask.data].filter((_, i) => i % 6 === 0)).toEqual([1, 1, 0, 1]);
    // A wrong declaration gives way to the positions.
    expect(read({ ...two, frames, sliceSpacing: 2.7 }).mask.size).toEqual([3, 2, 4]);
  });

  test('segments become labels of their numbers, chosen by number or label', () => {
    const fields: SegFields = {
      ...two,
      segments: [
        [2, 'Liver'],
        [300, 'Lesion'],
      ],
      frames: [
        { segment: 2, position: [0, 0, 0], pixels: [1, 1, 0, 0, 0, 0] },
        { segment: 300, position: [0, 0, 0], pixels: [0, 0, 1, 0, 0, 0] },
        { segment: 300, position: [0, 0, 1], pixels: [0, 0, 0, 0, 0, 1] },
      ],
    };
    expect([...read(fields).mask.data]).toEqual([2, 2, 300, 0, 0, 0, 0, 0, 0, 0, 0, 300]);
    for (const choice of [2, 'Liver', 'liver ', '2']) {
      const { mask, segments } = read(fields, { segments: [choice] });
      expect(segments).toEqual([{ number: 2, name: 'Liver' }]);
      expect([...mask.data]).toEqual([2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    expect(() => read(fields, { segments: ['spleen'] })).toThrow(
      failure('LabelNotFound', /^expected segment "spleen", found 2 "Liver", 300 "Lesion"; choose/),
    );
  });

  test('overlapping segments are refused unless one is chosen', () => {
    const fields: SegFields = {
      ...two,
      segments: [
        [1, 'a'],
        [2, 'b'],
      ],
      frames: [
        { segment: 1, position: [0, 0, 0], pixels: [1, 1, 1, 0, 0, 0] },
        { segment: 2, position: [0, 0, 0], pixels: [0, 1, 1, 1, 0, 0] },
      ],
    };
    expect(() => read(fields)).toThrow(failure('OverlappingRegions', /2 voxels in common in 1 and 2/));
    expect([...read(fields, { segments: [2] }).mask.data]).toEqual([0, 2, 2, 2, 0, 0]);
  });
});

describe('other types', () => {
  const fractions: SegFields = {
    ...two,
    type: 'FRACTIONAL',
    bits: 8,
    frames: [{ segment: 1, position: [0, 0, 0], pixels: [0, 49, 50, 51, 99, 100] }],
    change: [['0062000e', 'US', [100]]],
  };
  test.each([
    [undefined, [0, 0, 1, 1, 1, 1]],
    [0.01, [0, 1, 1, 1, 1, 1]],
    [1, [0, 0, 0, 0, 0, 1]],
  ])('fractions at least %s times the largest belong to the segment', (threshold, expected) => {
    expect([...read(fractions, { threshold }).mask.data]).toEqual(expected);
  });
  test.each([0, 1.1, Number.NaN])('threshold %s is refused', (threshold) => {
    expect(() => read(fractions, { threshold })).toThrow(failure('BadSetting', /above 0, at most 1/));
  });

  test.each([8, 16])('label maps of %s bits', (bits) => {
    const fields: SegFields = {
      ...two,
      type: 'LABELMAP',
      bits,
      segments: [
        [0, 'background'],
        [3, 'x'],
        [7, 'y'],
      ],
      frames: [
        { position: [0, 0, 1], pixels: [0, 3, 7, 0, 0, 7] },
        { position: [0, 0, 0], pixels: [3, 0, 0, 0, 0, 0] },
      ],
    };
    expect([...read(fields).mask.data]).toEqual([3, 0, 0, 0, 0, 0, 0, 3, 7, 0, 0, 7]);
    expect([...read(fields, { segments: ['y'] }).mask.data]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 7]);
  });

  test.each([8, 16])('RLE frames of %s bits', (bits) => {
    // Byte planes, most significant first: a header of 64 bytes, then literal runs (length less 1, bytes).
    const frame = (values: readonly number[]): Uint8Array => {
      const planes = bits === 8 ? [values] : [values.map((v) => v >> 8), values.map((v) => v & 255)];
      const header = new Uint32Array(16);
      header[0] = planes.length;
      planes.forEach((_, i) => {
        header[i + 1] = 64 + i * 8;
      });
      // Padded to eight bytes by a control byte that means nothing.
      return Uint8Array.from([...new Uint8Array(header.buffer), ...planes.flatMap((p) => [p.length - 1, ...p, 128])]);
    };
    const large = bits === 8 ? 7 : 519;
    const values = [
      [0, 3, large, 0, 0, large],
      [3, 0, 0, 0, 0, 0],
    ];
    const fields: SegFields = {
      ...two,
      type: 'LABELMAP',
      bits,
      segments: [
        [3, 'x'],
        [large, 'y'],
      ],
      frames: values.map((pixels, i) => ({ position: [0, 0, 1 - i], pixels })),
      rle: values.map(frame),
    };
    expect([...read(fields).mask.data]).toEqual([...values[1]!, ...values[0]!]);
    expect(() => read({ ...fields, rle: [frame(values[0]!).subarray(0, 50), frame(values[1]!)] })).toThrow(
      failure('BadDicom', /RLE/),
    );
  });

  test('without positions the mask is a plane', () => {
    const fields: SegFields = { ...two, frames: [{ pixels: [1, 0, 1, 0, 0, 1] }] };
    expect(read(fields)).toMatchObject({
      located: false,
      mask: { dimension: 2, size: [3, 2, 1], spacing: [0.75, 0.5, 1], data: Uint8Array.of(1, 0, 1, 0, 0, 1) },
    });
  });
});

describe('what is refused', () => {
  const at = (...positions: number[][]): SegFields => ({
    ...two,
    frames: positions.map((position) => ({ segment: 1, position, pixels: [1, 0, 0, 0, 0, 0] })),
  });
  test.each<[string, SegFields, RegExp]>([
    [
      'uneven slices',
      at([0, 0, 0], [0, 0, 1], [0, 0, 2.5]),
      /^seg.dcm: .*multiples of one slice distance.*0, 1, 2.5 mm/,
    ],
    ['shifted frames', at([0, 0, 0], [0.2, 0, 1]), /frames 2 shifted within their plane/],
    ['doubled frames', at([0, 0, 0], [0, 0, 1], [0, 0, 1]), /frames 2 and 3 at the same position for segment 1/],
    ['positions beyond any volume', { ...at([0, 0, 0], [0, 0, 1], [0, 0, 1e9]), sliceSpacing: 1 }, /damaged/],
    ['a position of NaN', { ...two, frames: [{ position: [0, 0, Number.NaN], pixels: [0, 0, 0, 0, 0, 0] }] }, /number/],
    [
      'a missing position',
      { ...two, frames: [two.frames[0]!, { segment: 1, pixels: [0, 0, 0, 0, 0, 0] }] },
      /frames 2;/,
    ],
    ['an unknown segment', { ...two, frames: [{ ...two.frames[0]!, segment: 9 }] }, /1 "tumour" for frame 1, found 9/],
    ['no segments', { ...two, segments: [] }, /segments with different numbers/],
    ['skewed axes', { ...two, orientation: [1, 0, 0, 1, 0, 0] }, /perpendicular/],
    ['no pixel spacing', { ...two, pixelSpacing: [] }, /PixelSpacing/],
    [
      'too few bytes',
      { ...at([0, 0, 0], [0, 0, 1], [0, 0, 2]), change: [['7fe00010', 'OB', Uint8Array.of(1, 0)]] },
      /expected 3 bytes for 3 frames of 6 bits, found 2/,
    ],
    ['no pixels', { ...two, change: [['7fe00010', 'OB', new Uint8Array(0)]] }, /found none/],
    ['more frames than groups', { ...two, change: [['00280008', 'IS', '3']] }, /each of 3 frames, found 2/],
    ['millions of frames', { ...two, change: [['00280008', 'IS', '2000000000']] }, /found 2/],
    ['no rows', { ...two, change: [['00280010', 'US', [0]]] }, /rows/],
    ['other bits', { ...two, change: [['00280100', 'US', [32]]] }, /1, 8 or 16 bits/],
    ['another type', { ...two, type: 'SURFACE' }, /BINARY, FRACTIONAL, LABELMAP/],
  ])('%s', (_, fields, message) => {
    expect(() => read(fields)).toThrow(failure('BadDicom', message));
  });
});

describeShared('segmentations of others', () => {
  test('dcmqi’s phantom of bit packing: frames of 23 x 38 bits', () => {
    const folder = unpacked(sharedPath('data/dicom_geometry/dicom4qi_seg_bitpacking_23x38x3.tar.xz'));
    const dataset = parseDataset(readFileSync(`${folder}/data_5/mask/mask.dcm`), 'mask.dcm');
    expect(segSegments(dataset)).toEqual([{ number: 1, name: 'Liver' }]);
    const { mask } = readSeg(dataset);
    expect(mask).toMatchObject({ size: [23, 38, 3], spacing: [0.7, 0.7, 2.5], origin: [46.4649, 5.01881, -177.75] });
    const frame = 23 * 38;
    const corners = [0, 22, 37 * 23, frame - 1];
    for (let z = 0; z < 3; z++) {
      expect(corners.map((corner) => mask.data[z * frame + corner])).toEqual([1, 1, 1, 1]);
      if (z !== 1) expect(mask.data.subarray(z * frame, (z + 1) * frame).filter((label) => label > 0)).toHaveLength(4);
    }
    // "The middle slice of the image should show a round region, and the pixels toggled should match those in the image."
    expect(mask.data.subarray(frame, 2 * frame).filter((label) => label > 0).length).toBeGreaterThan(200);
  });

  test('the breast of UCSF-BR-06 is the NIfTI mask made of it, voxel for voxel', async () => {
    const bytes = readFileSync(sharedPath('data/breast_mri/UCSF-BR-06_breast_SEG.dcm'));
    const nifti = toMask(await readImageFile(sharedPath('data/breast_mri/UCSF-BR-06_breast_fgt_mask.nii.gz')));
    const { mask } = readDicomMask(bytes, 'SEG.dcm', nifti);
    expect(mask.names).toEqual(new Map([[1, 'Breast']]));
    // dcm2niix turned the rows of its file round, so the segmentation stays on its own grid.
    expect(mask.size).toEqual([256, 256, 42]);
    const resampled = resampleMaskToImage(mask, nifti);
    expect(resampled.data.filter((label) => label > 0)).toHaveLength(82527);
    expect(resampled.data.findIndex((label, i) => label !== nifti.data[i])).toBe(-1);
  });
});
