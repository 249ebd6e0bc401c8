import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { isZip, zipEntries } from '../../../src/host/format/zip.ts';
import { random } from '../../support/random.ts';

const text = (words: string) => new TextEncoder().encode(words);
const contents = (archive: Uint8Array) =>
  zipEntries(archive, 'dir/a.zip').map(({ name, size, read }) => [name, size, new TextDecoder().decode(read())]);

const long = 'again and '.repeat(500);
const archive = zipSync({
  'scans/a.txt': text(long),
  'Größe.txt': [text('b'), { level: 0 }],
  empty: text(''),
  'scans/': text(''),
});

describe('zip archives', () => {
  test('entries are inflated when they are read; folders are none', () => {
    expect(isZip(archive)).toBe(true);
    expect(contents(archive)).toEqual([
      ['scans/a.txt', long.length, long],
      ['Größe.txt', 1, 'b'],
      ['empty', 0, ''],
    ]);
  });

  test('a comment at the end does not hide the directory', () => {
    const commented = new Uint8Array(archive.length + 500).fill(0x20);
    commented.set(archive);
    expect(contents(commented)).toEqual(contents(archive));
  });

  test('sizes and offsets of 64 bits', () => {
    const none = 0xffffffff;
    const fields = (...values: readonly (readonly [number, 2 | 4 | 8])[]) =>
      Buffer.concat(
        values.map(([value, width]) => {
          const bytes = Buffer.alloc(width);
          if (width === 8) bytes.writeBigUInt64LE(BigInt(value));
          else bytes.writeUIntLE(value, 0, width);
          return bytes;
        }),
      );
    const [name, content] = [Buffer.from('wide.txt'), Buffer.from('wide')];
    const local = Buffer.concat([
      fields([0x04034b50, 4], [45, 2], [0, 2], [0, 2], [0, 4], [0, 4], [none, 4], [none, 4], [name.length, 2], [0, 2]),
      name,
      content,
    ]);
    const central = Buffer.concat([
      fields([0x02014b50, 4], [45, 2], [45, 2], [0, 2], [0, 2], [0, 4], [0, 4], [none, 4], [none, 4]),
      fields([name.length, 2], [28, 2], [0, 2], [0, 2], [0, 2], [0, 4], [none, 4]),
      name,
      fields([1, 2], [24, 2], [content.length, 8], [content.length, 8], [0, 8]),
    ]);
    const end64 = fields(
      [0x06064b50, 4],
      [44, 8],
      [45, 2],
      [45, 2],
      [0, 4],
      [0, 4],
      [1, 8],
      [1, 8],
      [central.length, 8],
      [local.length, 8],
    );
    const locator = fields([0x07064b50, 4], [0, 4], [local.length + central.length, 8], [1, 4]);
    const end = fields([0x06054b50, 4], [0, 2], [0, 2], [0xffff, 2], [0xffff, 2], [none, 4], [none, 4], [0, 2]);
    expect(contents(Buffer.concat([local, central, end64, locator, end]))).toEqual([['wide.txt', 4, 'wide']]);
  });

  test.each([
    ['nothing', new Uint8Array(0), /no directory/],
    ['no end', archive.subarray(0, archive.length - 4), /no directory/],
    ['no beginning', archive.subarray(40), /damaged directory|beyond/],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => zipEntries(bytes, 'dir/a.zip')).toThrow(
      expect.objectContaining({ code: 'BadFile', message: expect.stringMatching(message) }),
    );
    expect(() => zipEntries(bytes, 'dir/a.zip')).toThrow(/^a\.zip: expected a complete zip archive/);
  });

  test('encrypted and otherwise packed entries, and sizes that cannot be true', () => {
    const central = archive.findIndex((_, i) => archive[i] === 0x50 && archive[i + 1] === 0x4b && archive[i + 2] === 1);
    const change = (offset: number, value: number) => {
      const bytes = archive.slice();
      bytes[central + offset] = value;
      return () => zipEntries(bytes, 'a.zip');
    };
    expect(change(8, 1)).toThrow(/encrypted/);
    expect(change(10, 12)).toThrow(/method 12/);
    expect(change(27, 0x7f)).toThrow(/size cannot be true/);
    expect(() => change(24, 1)()[0]!.read()).toThrow(/damaged entries|another size/);
  });

  test('random bytes anywhere are read or refused in words', () => {
    const next = random(3);
    for (let round = 0; round < 3000; round++) {
      const bytes = archive.slice();
      for (let n = 0; n < 3; n++) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      try {
        for (const entry of zipEntries(bytes, 'a.zip')) entry.read();
      } catch (error) {
        expect(error).toMatchObject({ name: 'PipelineError', code: 'BadFile' });
      }
    }
  });
});
