/** Deflated data sets (PS3.5 A.5). */
import { Inflate } from 'fflate';
import { PipelineError } from '../../../pipeline/errors.ts';
import { baseName } from '../decoded.ts';

/** No DICOM data set comes near; a small file can inflate to a thousand times its size. */
const largest = 2 ** 31;

/**
 * Inflates a raw deflate stream.
 * @throws PipelineError BadDicom where it is damaged, cut off or inflates to more than 2 GiB
 */
export function inflateDataset(deflated: Uint8Array, name: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const refuse = (found: string) =>
    new PipelineError(
      'BadDicom',
      `${baseName(name)}: expected a deflated data set, found ${found}; copy or export the file again`,
    );
  const inflate = new Inflate((piece) => {
    length += piece.length;
    if (length > largest) throw refuse('more than 2 GiB in it');
    pieces.push(piece);
  });
  try {
    // Small pushes keep what is inflated at once small.
    for (let at = 0; at < deflated.length; at += 65536) {
      inflate.push(deflated.subarray(at, at + 65536), at + 65536 >= deflated.length);
    }
  } catch (error) {
    throw error instanceof PipelineError ? error : refuse('damaged or truncated data');
  }
  const data = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    data.set(piece, at);
    at += piece.length;
  }
  return data;
}
