import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { padBox, wholeBox } from '../../src/pipeline/box.ts';
import { recordPeaks } from '../../src/pipeline/firstorder/peak.ts';
import { keyOf } from '../../src/pipeline/keys.ts';
import { recordCompact } from '../../src/pipeline/roi/compact.ts';
import { decodeRange, type KeyBuffer } from '../../src/pipeline/roi/range.ts';
import { encodeKeys } from '../../src/pipeline/keys.ts';
import { recordResegment, type Thresholds } from '../../src/pipeline/roi/resegment.ts';
import type { Vec3, VoxelArray, Volume } from '../../src/pipeline/volume.ts';
import { peaksByDefinition } from '../reference/firstorder/peak.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, random, randomLabels, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';

/** Running sums hold 48 bits: 2^-46 of a row's sum, which is a hundred times a mean at most here. */
const RUNNING_SUMS = 1e-11;

const next = random(31);
const make: Record<string, (n: number) => VoxelArray> = {
  // Few values, so that several voxels have the largest.
  int16: (n) => Int16Array.from({ length: n }, () => Math.floor(next() * 9) - 2),
  int32: (n) => Int32Array.from({ length: n }, () => (next() - 0.5) * 2 ** 32),
  uint32: (n) => Uint32Array.from({ length: n }, () => next() * 2 ** 32),
  float32: (n) => Float32Array.from({ length: n }, () => next() * 7 - 3),
  'float32 with NaN and infinity': (n) =>
    Float32Array.from({ length: n }, (_, i) => [Number.NaN, Number.POSITIVE_INFINITY][i % 7] ?? next()),
  float64: (n) => Float64Array.from({ length: n }, () => 1 + next() * 1e-10),
  'float64, negative': (n) => Float64Array.from({ length: n }, () => -next() - 1e-9),
};
const sizes: Vec3[] = [...awkwardSizes, [14, 11, 9]];
const spacings: Vec3[] = [
  [2, 2, 2],
  [0.9, 1.3, 5],
  [7, 8, 9],
];
const cases = Object.keys(make).flatMap((type) =>
  sizes.map((size, k) => ({ type, size, spacing: spacings[k % 3]!, name: `${type}, ${size.join(' x ')}` })),
);

/** Labels other than 0 are regions; NaN and infinite voxels belong to none. */
function regionsOf({ data, size }: Volume): Uint8Array {
  const labels = randomLabels(size, 2, 0.5, 3);
  return labels.map((label, i) => (Number.isFinite(data[i]) ? (i === 0 ? 1 : label) : 0));
}

describe('firstorder/peak', () => {
  const engine = useEngine();

  /** Local and global peak of each region. @param range intensities that stay in the regions */
  async function peaks(
    image: Volume,
    labels: Uint8Array,
    keysOf: (rec: Recording) => KeyBuffer | null = () => null,
    range: Thresholds | null = null,
  ) {
    const rec = new Recording('test');
    const box = padBox(wholeBox(image), 1);
    const length = labels.reduce((n, l) => n + Number(l > 0), 0);
    const numbers = Uint32Array.from({ length: 256 }, (_, label) => label);
    const cells = recordCompact(rec, { crop: labels, labelsPerWord: 4 }, numbers, box, length);
    const { kind, words, data } = encodeKeys(image, box);
    const keys = keysOf(rec) ?? { kind, words, keys: rec.upload('keys', data) };
    if (range) recordResegment(rec, cells, keys, [range, range]);
    const { local, global } = recordPeaks(rec, cells, keys, 2, image.spacing);
    const results = await engine().execute(rec);
    return [1, 2].map((_, r) => ({
      local: decodeRange(results.u32(local), r, 'twofold').maximum,
      global: decodeRange(results.u32(global), r, 'twofold').maximum,
    }));
  }

  it.each(cases)('$name equals the CPU twin', async ({ type, size, spacing }) => {
    const data = make[type]!(voxelCount(size));
    if (!Number.isFinite(data[0])) data[0] = 0;
    const image: Volume = { ...volumeOf(data, size), spacing };
    const labels = regionsOf(image);
    const found = await peaks(image, labels);
    for (const region of [1, 2].filter((r) => labels.includes(r))) {
      const expected = peaksByDefinition(image, (i) => labels[i] === region);
      const size = Math.max(...Array.from(data, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
      const tolerance = { abs: RUNNING_SUMS * size };
      expectClose(found[region - 1]!.local, expected.local, { ...tolerance, what: 'local' });
      expectClose(found[region - 1]!.global, expected.global, { ...tolerance, what: 'global' });
    }
  });

  it('leaves out voxels that resegmentation has taken, whatever the buffers held before', async () => {
    const size: Vec3 = [14, 11, 9];
    const image: Volume = { ...volumeOf(make['int16']!(voxelCount(size)), size), spacing: [2, 2, 2] };
    const labels = regionsOf(image);
    const box = padBox(wholeBox(image), 1);
    const dirty = new Recording('dirty');
    for (let k = 0; k < 12; k++) {
      dirty.download(dirty.upload('cells', new Uint32Array(box.cells).fill(0x10001)));
      dirty.download(dirty.upload('peaks', new Uint32Array(2 * box.cells).fill(0xff000000)));
    }
    await engine().execute(dirty);
    const range = { lower: 0, upper: 4 };
    const found = await peaks(image, labels, undefined, range);
    for (const region of [1, 2]) {
      const inside = (i: number) =>
        labels[i] === region && image.data[i]! >= range.lower && image.data[i]! <= range.upper;
      const expected = peaksByDefinition(image, inside);
      expectClose(found[region - 1]!.local, expected.local, { abs: RUNNING_SUMS * 9, what: 'local' });
      expectClose(found[region - 1]!.global, expected.global, { abs: RUNNING_SUMS * 9, what: 'global' });
    }
  });

  it('tells sums of two float32 apart', async () => {
    const size: Vec3 = [9, 4, 3];
    const values = Float64Array.from({ length: voxelCount(size) }, (_, i) => 3 + ((i * 7) % 11) * 2 ** -30);
    const image: Volume = { ...volumeOf(values, size), spacing: [3, 3, 3] };
    const labels = regionsOf(image);
    const box = padBox(wholeBox(image), 1);
    const found = await peaks(image, labels, (rec) => {
      const keys = new Uint32Array(box.cells * 2);
      values.forEach((value, i) => {
        const [x, y, z] = [i % 9, Math.floor(i / 9) % 4, Math.floor(i / 36)];
        keys.set(keyOf('twofold', value), 2 * (x + 1 + box.padded[0] * (y + 1 + box.padded[1] * (z + 1))));
      });
      return { kind: 'twofold', words: 2, keys: rec.upload('keys', keys) };
    });
    for (const region of [1, 2]) {
      const expected = peaksByDefinition(image, (i) => labels[i] === region);
      expectClose(found[region - 1]!.local, expected.local, { abs: RUNNING_SUMS, what: 'local' });
      expectClose(found[region - 1]!.global, expected.global, { abs: RUNNING_SUMS, what: 'global' });
      expect(found[region - 1]!.global).toBeGreaterThan(3);
    }
  });
});
