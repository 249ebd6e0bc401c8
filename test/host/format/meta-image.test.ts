import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../../src/host/format/index.ts';
import { bytesOf, gzip, textFile } from './files.ts';

const values = Int16Array.from({ length: 24 }, (_, i) => 5 - i);
const head = 'ObjectType = Image\nNDims = 3\nBinaryData = True\n';
const tail = 'ElementSpacing = 1.5 2 3\nDimSize = 2 3 4\nElementType = MET_SHORT\nElementDataFile = LOCAL\n';

describe('attached binary data', () => {
  test('little endian, default grid', async () => {
    const image = await decodeImage(
      textFile(`${head}BinaryDataByteOrderMSB = False\n${tail}`, bytesOf(values)),
      'a.mha',
    );
    expect(image).toMatchObject({
      size: [2, 3, 4],
      spacing: [1.5, 2, 3],
      origin: [0, 0, 0],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      pixelType: 'int16',
    });
    expect(image.data).toEqual(values);
  });

  test('big endian; rows of the matrix are axes', async () => {
    const header = `${head}BinaryDataByteOrderMSB = True\nOffset = 1 2 3\nTransformMatrix = 0 1 0 0 0 1 1 0 0\n${tail}`;
    const image = await decodeImage(textFile(header, bytesOf(values, false)), 'a.mha');
    expect(image).toMatchObject({ origin: [1, 2, 3], direction: [0, 0, 1, 1, 0, 0, 0, 1, 0] });
    expect(image.data).toEqual(values);
  });

  test.each(['deflate', 'gzip'] as const)('compressed (%s)', async (format) => {
    const image = await decodeImage(
      textFile(`${head}CompressedData = True\n${tail}`, await gzip(bytesOf(values), format)),
      'a.mha',
    );
    expect(image.data).toEqual(values);
  });

  test('a negative spacing turns the axis round', async () => {
    const image = await decodeImage(textFile(head + tail.replace('1.5', '-1.5'), bytesOf(values)), 'a.mha');
    expect([image.spacing, image.direction[0]]).toEqual([[1.5, 2, 3], -1]);
  });

  test('channels, and MET_LONG in four bytes', async () => {
    const long = Int32Array.from({ length: 48 }, (_, i) => i);
    const header =
      head + tail.replace('MET_SHORT', 'MET_LONG').replace('ElementData', 'ElementNumberOfChannels = 2\nElementData');
    const image = await decodeImage(textFile(header, bytesOf(long)), 'a.mha');
    expect([image.components, image.pixelType]).toEqual([2, 'int32']);
    expect(image.data).toEqual(long);
  });
});

test('data in another file or as text are left to the other reader', async () => {
  const detached = textFile(head + tail.replace('LOCAL', 'a.raw'), new Uint8Array());
  await expect(decodeImage(detached, 'a.mhd')).rejects.toThrow(/found something else/);
  const text = textFile(head.replace('True', 'False') + tail, new TextEncoder().encode('1 2 3'));
  await expect(decodeImage(text, 'a.mha')).rejects.toThrow(/found something else/);
});
