/** JSON files from the disk. */
import { readFile } from 'node:fs/promises';
import { badFile } from '../format/decoded.ts';

/**
 * Reads a JSON file.
 * @throws PipelineError BadFile
 */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw badFile(path, `expected a JSON file, found ${(error as NodeJS.ErrnoException).code}; check the path`, error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badFile(path, `expected JSON, found something else (${(error as Error).message}); check the file`, error);
  }
}
