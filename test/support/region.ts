/** A labelled volume on the GPU: each label is one region, in order of the labels. */
import { type BufferRef, type Engine, Recording } from '../../src/engine/index.ts';
import { type PaddedBox, padBox } from '../../src/pipeline/box.ts';
import { encodeKeys } from '../../src/pipeline/keys.ts';
import { recordCompact, type RegionCells } from '../../src/pipeline/roi/compact.ts';
import type { KeyBuffer } from '../../src/pipeline/roi/range.ts';
import type { Vec3, VoxelArray, Volume } from '../../src/pipeline/volume.ts';

export function volumeOf(data: VoxelArray, size: Vec3): Volume {
  return { data, size, dimension: 3, spacing: [1, 1, 1], origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
}

export interface TestRegions {
  readonly rec: Recording;
  readonly cells: RegionCells;
  readonly image: KeyBuffer;
  /** Number of regions: the largest label. */
  readonly count: number;
}

/** Records the cells and keys of a whole volume, padded by `pad`. */
export function recordRegions(labels: Uint8Array, values: VoxelArray, size: Vec3, pad = 1): TestRegions {
  const rec = new Recording('test');
  const box = padBox({ first: [0, 0, 0], last: [size[0] - 1, size[1] - 1, size[2] - 1] }, pad);
  const numbers = Uint32Array.from({ length: 256 }, (_, label) => label);
  const length = labels.reduce((n, l) => n + Number(l > 0), 0);
  const cells = recordCompact(rec, { crop: labels, labelsPerWord: 4 }, numbers, box, length);
  const { kind, words, data } = encodeKeys(volumeOf(values, size), box);
  return {
    rec,
    cells,
    image: { kind, words, keys: rec.upload('keys', data) },
    count: labels.reduce((a, b) => Math.max(a, b), 1),
  };
}

/** The content of the unpadded box of a buffer with one u32 per cell. */
export async function readCells(
  engine: Engine,
  rec: Recording,
  { box }: RegionCells,
  cells: BufferRef,
): Promise<Uint32Array> {
  const download = rec.download(cells);
  const all = (await engine.execute(rec)).u32(download);
  return unpadded(all, box);
}

/** The values of the unpadded box out of one for every cell. */
export function unpadded(all: Uint32Array, box: PaddedBox): Uint32Array {
  const [nx, ny, nz] = box.size;
  const inner = new Uint32Array(nx * ny * nz);
  let k = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++)
        inner[k++] = all[x + box.pad + box.padded[0] * (y + box.pad + box.padded[1] * (z + box.pad))] as number;
    }
  }
  return inner;
}
