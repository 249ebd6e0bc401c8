/** Files of the disk, with failures in words. */
import { open, readFile } from 'node:fs/promises';
import { badFile } from '../format/decoded.ts';

/** A missing or an unreadable file in words. */
export function statFailure(path: string, error: unknown, wanted = 'a file or folder'): Error {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? badFile(path, `expected ${wanted}, found nothing at this path; check the path`, error)
    : badFile(path, `expected a readable file, found ${code}; check its permissions`, error);
}

/**
 * The bytes of a file.
 * @param wanted what the file should be, for messages
 * @throws PipelineError BadFile
 */
export async function readBytes(path: string, wanted?: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw statFailure(path, error, wanted);
  }
}

/**
 * The first bytes of a file.
 * @throws PipelineError BadFile
 */
export async function readHead(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path).catch((error: unknown) => {
    throw statFailure(path, error);
  });
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
