import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { otsuThreshold, recordCount, recordThreshold } from '../../src/pipeline/n4/otsu.ts';
import { otsuHistogram, otsuLimit } from '../reference/n4/otsu.ts';
import { run, useEngine } from '../support/engine.ts';
import { random } from '../support/random.ts';

/** Bins: positions of float32 up to 200 are rounded by 8e-6 at each of two steps. */
const EDGE = 5e-5;

/** Dark noise and bright tissue. */
function values(length: number, seed: number, offset = 0): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length }, () =>
    next() < 0.6 ? offset + 40 * next() : offset + 200 + 150 * (next() + next()),
  );
}

const rangeOf = (image: Float32Array) => ({
  low: image.reduce((a, b) => Math.min(a, b)),
  high: image.reduce((a, b) => Math.max(a, b)),
  nonFinite: 0,
});

describe('n4/otsu', () => {
  const engine = useEngine();

  it.each([
    { title: 'one voxel more than a word', image: values(33, 1) },
    { title: 'less than a strip', image: values(1000, 2) },
    { title: 'several workgroups', image: values(70_001, 3) },
    { title: 'negative intensities', image: values(5000, 4, -300) },
    { title: 'whole numbers', image: values(20_000, 5).map((v) => Math.round(v)) },
    { title: 'two intensities', image: Float32Array.from({ length: 999 }, (_, i) => (i % 3 === 0 ? 7 : 2)) },
  ])('counts and finds the threshold as the CPU twin: $title', async ({ image }) => {
    const rec = new Recording('test');
    const download = recordCount(rec, rec.upload('test.image', image), image.length, rangeOf(image));
    const counts = await run(engine(), rec, download);
    const twin = otsuHistogram(image, EDGE);
    expect(counts.reduce((a, b) => a + b)).toBe(image.length);
    counts.forEach((n, bin) => {
      expect(Math.abs(n - twin.counts[bin]!), `bin ${bin}`).toBeLessThanOrEqual(twin.doubtful[bin]!);
    });
    const exact = { ...twin, counts: Float64Array.from(counts) };
    expect(otsuThreshold(counts, rangeOf(image)) / otsuLimit(exact)).toBeCloseTo(1, 12);
  });

  it.each([
    { title: 'between two floats', limit: 0.1 },
    { title: 'just below a float', limit: Math.fround(0.1) - 1e-12 },
    { title: 'a value of the image', limit: 0.25 },
    { title: 'below 0', limit: -0.3 },
    { title: 'below all', limit: -2 },
  ])('marks what is above a limit: $title', async ({ limit }) => {
    const next = random(9);
    const image = Float32Array.from({ length: 5003 }, () => 2 * next() - 1);
    image.set([0.1, 0.25, limit, 0, -0, -0.3, Math.fround(0.1) + 1e-8]);
    const rec = new Recording('test');
    const mask = recordThreshold(rec, rec.upload('test.image', image), image.length, limit);
    const words = await run(engine(), rec, rec.download(mask));
    const marked = Array.from(image, (_, i) => ((words[i >>> 5]! >>> (i & 31)) & 1) === 1);
    expect(marked).toEqual(Array.from(image, (v) => v > limit));
    // Nothing behind the last voxel.
    expect(words.at(-1)! >>> (image.length & 31)).toBe(0);
  });
});
