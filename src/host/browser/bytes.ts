/** The bytes of files that the user has chosen. */
import { badFile } from '../format/decoded.ts';

/**
 * Reads a file, or a part of one.
 * @param name of the file
 * @throws PipelineError BadFile where it was moved or changed since it was chosen, or does not fit into memory
 */
export async function bytesOf(blob: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await blob.arrayBuffer().catch((cause: unknown) => {
    const found = cause instanceof Error ? `${cause.name} (${cause.message})` : String(cause);
    throw badFile(name, `expected a file that can be read, found ${found}; choose it again`, cause);
  });
  return new Uint8Array(bytes);
}
