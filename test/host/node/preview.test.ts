import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkPreviewPath, writePreview } from '../../../src/host/node/preview.ts';
import { imageOf } from '../../support/images.ts';
import { decodePng } from '../../support/png.ts';

const volume = imageOf(
  Uint8Array.from({ length: 1000 }, (_, i) => i % 251),
  [10, 10, 10],
);
const columns = [{ title: 'before', volume, look: 'shared' }] as const;

test('writes a picture and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voxomics-preview-'));
  await writePreview(join(folder, 'p.PNG'), columns);
  expect(await readdir(folder)).toEqual(['p.PNG']);
  expect(decodePng(await readFile(join(folder, 'p.PNG'))).height).toBeGreaterThan(900);
  await rm(folder, { recursive: true });
});

test('refuses a name that is no picture', async () => {
  expect(() => checkPreviewPath('a.jpg')).toThrow(expect.objectContaining({ code: 'BadSetting' }));
  await expect(writePreview('a', columns)).rejects.toMatchObject({ code: 'BadSetting' });
});
