import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../../src/host/format/index.ts';
import { bytesOf, gzip, textFile } from './files.ts';

const values = Int16Array.from({ length: 24 }, (_, i) => i - 3);
const plain = 'type: int16\ndimension: 3\nsizes: 2 3 4\n';
const vectors = 'space directions: (1,0.2,0) (0,2,0.1) (0,0,3)\nspace origin: (1,2,3)\n';

function nrrd(header: string, data: Uint8Array = bytesOf(values)): Uint8Array {
  return textFile(`NRRD0004\n# made by a test\n${header}\n`, data);
}

const raw = 'encoding: raw\nendian: little\n';
const rounded = (numbers: readonly number[]) => numbers.map((x) => Number(x.toFixed(6)) + 0);

describe('grids', () => {
  const norm = Math.sqrt(1 + 0.2 * 0.2);
  test.each([
    { space: 'left-posterior-superior', x: 1, y: 1 },
    { space: 'LPS', x: 1, y: 1 },
    { space: 'right-anterior-superior', x: -1, y: -1 },
    { space: 'LAS', x: -1, y: 1 },
    { space: 'scanner-xyz', x: 1, y: 1 },
  ])('$space', async ({ space, x, y }) => {
    const image = await decodeImage(nrrd(`${plain}${raw}space: ${space}\n${vectors}`), 'a.nrrd');
    expect(image.spacing).toEqual([norm, Math.sqrt(4 + 0.1 * 0.1), 3]);
    expect(image.origin).toEqual([x, 2 * y, 3]);
    const [a, b] = [norm, Math.sqrt(4 + 0.1 * 0.1)];
    expect(rounded(image.direction)).toEqual(rounded([x / a, 0, 0, (y * 0.2) / a, (y * 2) / b, 0, 0, 0.1 / b, 1]));
    expect(Array.from(image.data)).toEqual(Array.from(values));
  });

  test('spacings without a space; missing ones are 1', async () => {
    const image = await decodeImage(nrrd(`${plain}${raw}spacings: 1.5 2 nan\n`), 'a.nrrd');
    expect([image.spacing, image.origin]).toEqual([
      [1.5, 2, 1],
      [0, 0, 0],
    ]);
  });

  test('two dimensions', async () => {
    const header = `type: uchar\ndimension: 2\nsizes: 3 2\n${raw}space dimension: 2\nspace directions: (0,2) (3,0)\nspace origin: (5,6)\n`;
    const image = await decodeImage(nrrd(header, new Uint8Array(6)), 'a.nrrd');
    expect(image).toMatchObject({
      dimension: 2,
      size: [3, 2, 1],
      spacing: [2, 3, 1],
      origin: [5, 6, 0],
      direction: [0, 1, 0, 1, 0, 0, 0, 0, 1],
    });
  });

  test('parallel axes are refused', async () => {
    const header = `${plain}${raw}space: LPS\nspace directions: (1,0,0) (1,0,0) (0,0,3)\nspace origin: (1,2,3)\n`;
    await expect(decodeImage(nrrd(header), 'a.nrrd')).rejects.toThrow(/linearly independent/);
  });
});

describe('data', () => {
  test('gzip', async () => {
    const image = await decodeImage(
      nrrd(`${plain}encoding: gzip\nendian: little\n`, await gzip(bytesOf(values))),
      'a.nrrd',
    );
    expect(image.data).toEqual(values);
  });
  test('big endian', async () => {
    const image = await decodeImage(nrrd(`${plain}encoding: raw\nendian: big\n`, bytesOf(values, false)), 'a.nrrd');
    expect(image.data).toEqual(values);
  });
  test('line ends of Windows and key/value pairs', async () => {
    const header = `${plain}${raw}key:=a: b\ncontent: c: d\n`.replaceAll('\n', '\r\n');
    const image = await decodeImage(textFile(`NRRD0005\r\n${header}\r\n`, bytesOf(values)), 'a.nrrd');
    expect(image.data).toEqual(values);
  });
  test('vectors with the components first', async () => {
    const header = `type: short\ndimension: 4\nsizes: 2 2 3 2\n${raw}kinds: list domain domain domain\nspace: LPS\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n`;
    const image = await decodeImage(nrrd(header), 'a.seg.nrrd');
    expect([image.components, image.size, image.data]).toEqual([2, [2, 3, 2], values]);
  });
  test('truncated data say how many values are missing', async () => {
    await expect(decodeImage(nrrd(`${plain}${raw}`, bytesOf(values).subarray(4)), 'a.nrrd')).rejects.toThrow(
      /expected 24 values of type int16 \(48 bytes\), found 44 bytes/,
    );
  });
  test.each(['encoding: ascii\n', `${raw}byte skip: 4\n`, `${raw}data file: other.raw\n`])(
    '%j is left to the other reader',
    async (lines) => {
      const file = nrrd(plain + lines);
      await expect(decodeImage(file, 'a.nrrd')).rejects.toThrow(/found something else/);
      const other = { ...(await decodeImage(nrrd(plain + raw), 'b.nrrd')), pixelType: 'uint64' as const };
      expect(await decodeImage(file, 'a.nrrd', { readOther: async () => other })).toBe(other);
    },
  );
});
