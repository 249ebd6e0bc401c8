/** Reads PNG files for tests: 8-bit RGB with filters 0 and 2, which is what the product writes. */
import { crc32, inflateSync } from 'node:zlib';

export interface DecodedPng {
  readonly width: number;
  readonly height: number;
  readonly pixel: (x: number, y: number) => number[];
}

/** Checks signature, chunks and checksums on the way. */
export function decodePng(file: Uint8Array): DecodedPng {
  const bytes = Buffer.from(file);
  if (bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG signature');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const end = at + 8 + length;
    if (bytes.readUInt32BE(end) !== crc32(bytes.subarray(at + 4, end))) throw new Error('wrong checksum');
    chunks.set(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, end));
    at = end + 4;
  }
  if ([...chunks.keys()].join() !== 'IHDR,IDAT,IEND') throw new Error(`chunks ${[...chunks.keys()].join()}`);
  const header = chunks.get('IHDR') as Buffer;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (header.subarray(8).join() !== '8,2,0,0,0') throw new Error(`header ${header.subarray(8).join()}`);
  const rows = inflateSync(chunks.get('IDAT') as Buffer);
  const row = 3 * width;
  if (rows.length !== height * (row + 1)) throw new Error(`${rows.length} bytes of pixels`);
  const rgb = new Uint8Array(height * row);
  for (let y = 0; y < height; y++) {
    const up = rows[y * (row + 1)] === 2 && y > 0;
    for (let k = 0; k < row; k++) rgb[y * row + k] = rows[y * (row + 1) + 1 + k]! + (up ? rgb[(y - 1) * row + k]! : 0);
  }
  return { width, height, pixel: (x, y) => [...rgb.subarray(3 * (x + width * y), 3 * (x + width * y) + 3)] };
}
