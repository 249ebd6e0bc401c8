import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readImageFile } from '../../../src/host/node/read.ts';
import { writeAtomically } from '../../../src/host/node/write.ts';
import { bytesOf, gzip, niftiFile } from '../format/files.ts';

let folder = '';
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voxomics-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

const image = niftiFile({ dims: [2, 2, 2], datatype: 4, voxels: bytesOf(Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8)) });

describe('readImageFile', () => {
  test('reads what its name says, compressed or not, big files and small', async () => {
    await writeFile(file('a.nii.gz'), await gzip(image));
    await writeFile(file('a.nii'), image);
    for (const name of ['a.nii.gz', 'a.nii'])
      expect(Array.from((await readImageFile(file(name))).data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const voxels = new Uint8Array(300 ** 3);
    await writeFile(file('zeros.nii.gz'), await gzip(niftiFile({ dims: [300, 300, 300], datatype: 2, voxels })));
    expect((await readImageFile(file('zeros.nii.gz'))).data.length).toBe(voxels.length);
  });

  test('data beside the header, by ITK', async () => {
    await writeFile(file('a.raw'), bytesOf(Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
    await writeFile(
      file('a.mhd'),
      'ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nElementSpacing = 1 2 3\nDimSize = 2 2 2\nElementType = MET_SHORT\nElementDataFile = a.raw\n',
    );
    const { data, spacing, pixelType } = await readImageFile(file('a.mhd'));
    expect([Array.from(data), spacing, pixelType]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3], 'int16']);
  });

  test.each([
    ['missing.nii.gz', 'BadFile', /^missing.nii.gz: expected a file or folder, found nothing at this path/],
    // A folder is read as DICOM, whatever its name.
    ['folder.nii', 'BadDicom', /^folder.nii: expected DICOM images, found no files; name a folder/],
    ['scan.dcm', 'BadFile', /^scan.dcm: expected DICOM or a name that ends with .nii, /],
    ['cut.nii.gz', 'BadFile', /^cut.nii.gz: expected a complete gzip stream/],
    ['text.nrrd', 'BadFile', /^text.nrrd: expected a NIfTI, NRRD or MetaImage file/],
    ['gone.mhd', 'BadFile', /^gone.mhd: expected a NIfTI, NRRD or MetaImage file/],
    ['empty.mha', 'BadFile', /^empty.mha: expected an image, found an empty file/],
  ] as const)('%s is refused without its folders in the message', async (name, code, message) => {
    await mkdir(file('folder.nii'), { recursive: true });
    await writeFile(file('scan.dcm'), 'x');
    await writeFile(file('cut.nii.gz'), (await gzip(image)).subarray(0, 60));
    await writeFile(file('text.nrrd'), 'not an image');
    await writeFile(
      file('gone.mhd'),
      'ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_SHORT\nElementDataFile = gone.raw\n',
    );
    await writeFile(file('empty.mha'), '');
    const error = await readImageFile(file(name)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain(folder);
  });
});

describe('writeAtomically', () => {
  test('replaces a file and leaves nothing else', async () => {
    const target = join(await mkdtemp(file('out-')), 'rows.csv');
    await writeAtomically(target, 'old');
    await writeAtomically(target, new TextEncoder().encode('new'));
    expect(await readFile(target, 'utf8')).toBe('new');
    expect(await readdir(join(target, '..'))).toEqual(['rows.csv']);
  });
  test('says in words where it cannot, without folders', async () => {
    await expect(writeAtomically(file('nowhere/rows.csv'), 'x')).rejects.toMatchObject({
      code: 'BadFile',
      message: 'rows.csv: expected a place to write to, found no such folder; make it first',
    });
  });
  test('removes the temporary file where it fails', async () => {
    const target = join(await mkdtemp(file('out-')), 'taken');
    await mkdir(join(target, 'inside'), { recursive: true });
    await expect(writeAtomically(target, 'x')).rejects.toMatchObject({ code: 'BadFile' });
    expect(await readdir(join(target, '..'))).toEqual(['taken']);
  });
});
