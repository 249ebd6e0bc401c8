import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { forEachRow, type PaddedBox, padBox } from '../../src/pipeline/box.ts';
import { buffersOf, uploadVolume } from '../../src/pipeline/device-volume.ts';
import { encodeKeys, keyOf, valueOfKey } from '../../src/pipeline/keys.ts';
import type { RegionCells } from '../../src/pipeline/roi/compact.ts';
import { recordEncode } from '../../src/pipeline/roi/encode.ts';
import { splitFloat } from '../../src/pipeline/twofold.ts';
import type { Vec3, VoxelArray } from '../../src/pipeline/volume.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, random, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';

const odd = [0.5, Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-42, -1e-42, -3.25];
const kinds: Record<string, (length: number, next: () => number) => VoxelArray> = {
  float32: (length, next) =>
    Float32Array.from({ length }, (_, i) => (i < odd.length ? odd[i]! : (next() - 0.5) * 10 ** (20 * next() - 10))),
  int16: (length, next) => Int16Array.from({ length }, () => (next() - 0.5) * 65535),
  uint8: (length, next) => Uint8Array.from({ length }, () => next() * 256),
  uint32: (length, next) => Uint32Array.from({ length }, () => next() * 2 ** 24),
};

/** Cells of the box without its padding. */
function cellsOf(box: PaddedBox): Uint32Array {
  const cells: number[] = [];
  forEachRow(box.padded, box.box, { size: box.padded, pad: box.pad }, (_, target) => {
    for (let x = 0; x < box.size[0]; x++) cells.push(target + x);
  });
  return Uint32Array.from(cells);
}

/** All voxels of the box as a list. */
function everyVoxel(rec: Recording, box: PaddedBox): RegionCells {
  const list = cellsOf(box);
  const voxels = rec.upload('test.voxels', list);
  return { cells: voxels, voxels, length: list.length, box };
}

describe('roi/encode', () => {
  const engine = useEngine();

  for (const [kind, make] of Object.entries(kinds)) {
    it.each([...awkwardSizes])(`%i x %i x %i ${kind} equals the host's keys`, async (...size) => {
      const full = size as unknown as Vec3;
      const image = volumeOf(make(voxelCount(full), random(11)), full);
      const first = full.map((n) => Math.floor(n / 4)) as unknown as Vec3;
      const last = full.map((n) => Math.max(Math.floor(n / 4), n - 2)) as unknown as Vec3;
      // The first row holds the odd values: with them inside, float images stay floats on the host too.
      for (const box of [
        { first: [0, 0, 0] as Vec3, last: full.map((n) => n - 1) as unknown as Vec3 },
        { first, last },
      ]) {
        const padded = padBox(box, 2);
        const rec = new Recording('test');
        const device = uploadVolume(rec, image);
        const list = everyVoxel(rec, padded);
        const made = (['regions', 'box'] as const).map((of) => recordEncode(rec, device, list, of));
        const downloads = made.map(({ keys }) => rec.download(keys));
        const results = await engine().execute(rec);
        engine().release(device.voxels);
        const expected = encodeKeys(image, padded);
        if (made[0]!.kind !== expected.kind) continue;
        const cells = cellsOf(padded);
        for (const download of downloads) {
          const words = results.u32(download);
          expect(cells.map((cell) => words[cell])).toEqual(cells.map((cell) => expected.data[cell]));
        }
      }
    });
  }

  it('keeps the tails of float64 as a second word that orders them', async () => {
    const next = random(5);
    const values = Float64Array.from({ length: 60 }, (_, i) =>
      i < odd.length ? odd[i]! : 1000 + Math.floor(i / 4) + (next() - 0.5) * 1e-6,
    );
    const image = volumeOf(values, [5, 4, 3]);
    const rec = new Recording('test');
    const device = uploadVolume(rec, image, { exact: true });
    const { kind, words, keys } = recordEncode(
      rec,
      device,
      everyVoxel(rec, padBox({ first: [0, 0, 0], last: [4, 3, 2] }, 0)),
      'regions',
    );
    const download = rec.download(keys);
    const found = (await engine().execute(rec)).u32(download);
    engine().release(...buffersOf(device));
    expect([kind, words]).toEqual(['twofold', 2]);
    // float32 flushes the odd values below its range.
    const held = (v: number) => (Math.abs(v) < 1e-38 ? Math.fround(v) : splitFloat(v)[0] + splitFloat(v)[1]);
    values.forEach((v, i) => {
      expect(valueOfKey('twofold', found[2 * i]!, found[2 * i + 1]!)).toBe(held(v) + 0);
      expect([found[2 * i], found[2 * i + 1]]).toEqual(keyOf('twofold', v));
    });
  });
});
