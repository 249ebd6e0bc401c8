/** Files that are there whole or not at all. */
import { access, constants, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { badFile } from '../format/decoded.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such folder; make it first',
  ENOTDIR: 'a file in place of its folder; choose another',
  EEXIST: 'a file of this name; choose another',
  EISDIR: 'a folder of this name; choose another',
  EACCES: 'no permission; choose another folder or change its permissions',
  EPERM: 'no permission; choose another folder or change its permissions',
  EROFS: 'a read-only file system; choose another folder',
  ENOSPC: 'a full disk; free some space',
};

/** The error of the file system in words; it names whole paths, which are not shown. */
function writeFailure(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error as Error;
  return badFile(path, `expected a place to write to, found ${reasons[code] ?? `${code}; choose another`}`, error);
}

/**
 * Finds out before any work is done whether a file can be written at a path.
 * @throws PipelineError BadFile where its folder is missing or refuses, or where it is a folder itself
 */
export async function checkPlace(path: string): Promise<void> {
  try {
    await access(resolve(dirname(path)), constants.W_OK);
    if ((await stat(path).catch(() => null))?.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/**
 * Makes a folder, and those above it, where it is missing, and finds out whether files can be written to it.
 * @throws PipelineError BadFile where the file system refuses, naming the folder without those above it
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (error) {
    throw writeFailure(resolve(path), error);
  }
}

/**
 * Writes a file under a temporary name in the same folder, flushes it to the disk and renames it.
 * An existing file of that name is replaced; the temporary file is removed where anything fails.
 * @throws PipelineError BadFile where the file system refuses, naming the file without its folders
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${crypto.randomUUID().slice(0, 8)}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeFailure(path, error);
  }
}
