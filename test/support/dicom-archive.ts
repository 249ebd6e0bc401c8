/** Archives of reference DICOM files, unpacked into temporary folders. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];

/** Unpacks a .tar.xz; the folder is removed after the tests of the file that asks for it. */
export function unpacked(archive: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'voxomics-dicom-'));
  if (folders.push(folder) === 1)
    afterAll(() => {
      for (const f of folders.splice(0)) rmSync(f, { recursive: true });
    });
  execFileSync('tar', ['xJf', archive, '-C', folder]);
  return folder;
}
