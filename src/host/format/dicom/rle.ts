/** RLE lossless (PS3.5 annex G): byte planes, most significant first, each packed as runs. */
import { badDicom } from './dataset.ts';

const headerBytes = 64;
/** Two bytes make at most 128. */
const largestRatio = 64;

/** Unpacks one byte plane into every `step`-th byte of `out`. */
function unpack(packed: Uint8Array, out: Uint8Array, first: number, step: number): number {
  let to = first;
  let from = 0;
  while (from < packed.length && to < out.length) {
    const control = packed[from++]!;
    if (control < 128) {
      for (let n = control + 1; n > 0 && from < packed.length && to < out.length; n--, to += step)
        out[to] = packed[from++]!;
    } else if (control > 128) {
      const value = packed[from++]!;
      for (let n = 257 - control; n > 0 && to < out.length; n--, to += step) out[to] = value;
    }
  }
  return to;
}

/**
 * The values of a frame as little-endian bytes, colours side by side.
 * @param bytesPerValue 1, 2 or 4
 * @throws PipelineError BadDicom where the frame is damaged
 */
export function decodeRle(
  frame: Uint8Array,
  pixels: number,
  samples: number,
  bytesPerValue: number,
  name: string,
): Uint8Array {
  const damaged = (found: string) =>
    badDicom(
      name,
      `expected RLE data of ${pixels} pixels, found ${found}; the file is damaged, copy or export it again`,
    );
  if (frame.length < headerBytes) throw damaged(`${frame.length} bytes`);
  const length = pixels * samples * bytesPerValue;
  if (length > frame.length * largestRatio) throw damaged(`${frame.length} bytes, too few`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== samples * bytesPerValue) {
    throw damaged(`${segments} byte planes in place of ${samples * bytesPerValue}`);
  }
  const out = new Uint8Array(length);
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : frame.length;
    if (start < headerBytes || end < start || end > frame.length) throw damaged('byte planes outside of the frame');
    const sample = Math.floor(segment / bytesPerValue);
    const byte = bytesPerValue - 1 - (segment % bytesPerValue);
    const to = unpack(frame.subarray(start, end), out, sample * bytesPerValue + byte, segments);
    if (to < length) throw damaged('too few of them');
  }
  return out;
}
