/** Compressed frames out of the fragments of encapsulated pixel data (PS3.5 A.4). */
import { badDicom, type Dataset } from './dataset.ts';

export function join(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** The beginning of a JPEG, JPEG-LS (both FF D8 FF) or JPEG 2000 stream (FF 4F FF). */
const begins = (piece: Uint8Array): boolean =>
  piece[0] === 0xff && (piece[1] === 0xd8 || piece[1] === 0x4f) && piece[2] === 0xff;

/**
 * The frames of a file, each compressed as a whole. Which fragments make a frame follows from their number, else from
 * the offset table, else from the fragments' first bytes.
 * @throws PipelineError BadDicom where the fragments do not make that many frames
 */
export function encapsulatedFrames(dataset: Dataset, tag: string, count: number): Uint8Array[] {
  const { offsets, pieces } = dataset.fragments(tag) ?? { offsets: [], pieces: [] };
  const bytes = pieces.map((piece) => piece.bytes);
  if (count === 1) {
    if (pieces.length > 0) return [join(bytes)];
  } else if (pieces.length === count) {
    return bytes;
  }
  const starts =
    offsets.length === count
      ? offsets.map((offset) => pieces.findIndex((piece) => piece.offset === offset))
      : bytes.flatMap((piece, i) => (begins(piece) ? [i] : []));
  const ordered = starts.every((start, i) => start >= 0 && (i === 0 ? start === 0 : start > starts[i - 1]!));
  if (starts.length !== count || !ordered || count < 1) {
    throw badDicom(
      dataset.name,
      `expected the compressed data of ${count} frames, found ${pieces.length} fragments that do not make them; the file is damaged, export it again`,
    );
  }
  return starts.map((start, i) => join(bytes.slice(start, starts[i + 1] ?? bytes.length)));
}
