/** The kernels of Moran's I and Geary's C, against sums over all pairs in float64. */
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/index.ts';
import { autocorrelationKernels, type Correlation, correlate } from '../../src/pipeline/morph/autocorrelation.ts';
import { autocorrelationFeatures } from '../../src/pipeline/morph/features.ts';
import type { ProgressEvent, WorkContext } from '../../src/pipeline/progress.ts';
import type { Vec3, VoxelArray } from '../../src/pipeline/volume.ts';
import { autocorrelation, voxelsOf } from '../reference/morph/autocorrelation.ts';
import { extents } from '../reference/roi/roi.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, random, randomLabels, voxelCount } from '../support/random.ts';
import { recordRegions } from '../support/region.ts';

/** Transforms of float32: a few units of its rounding (6e-8) of the root mean square of the result. */
const TRANSFORM = 1e-6;
/** Moran's I and Geary's C lie near 0 and 1; rounding of the transforms is of the size of the norms, not of the result. */
const PAIRS = 2e-7;

async function measure(
  engine: Engine,
  labels: Uint8Array,
  values: VoxelArray,
  size: Vec3,
  spacing: Vec3,
): Promise<{ found: Correlation; n: number; mean: number }[]> {
  const { rec, cells, image } = recordRegions(labels, values, size, 1);
  const kept = [cells.cells, image.keys].map((ref) => rec.keep(ref));
  await engine.execute(rec);
  try {
    const all = [];
    for (const [label, extent] of [...extents({ labels, size })].sort(([a], [b]) => a - b)) {
      const inside = Array.from(values).filter((_, k) => labels[k] === label);
      const mean = inside.reduce((a, b) => a + b, 0) / inside.length;
      const std = Math.sqrt(inside.reduce((sum, x) => sum + (x - mean) ** 2, 0) / inside.length);
      const box = { first: extent.first as unknown as Vec3, last: extent.last as unknown as Vec3 };
      const region = { cells, keys: image, region: label - 1, box, spacing, mean, std };
      all.push({ found: await correlate(engine, region, true), n: inside.length, mean });
    }
    return all;
  } finally {
    engine.release(...kept);
  }
}

const noise = (size: Vec3, seed: number, scale: number, shift: number) => {
  const next = random(seed);
  return Array.from({ length: voxelCount(size) }, () => shift + scale * (next() + next() - 1));
};
const size: Vec3 = [13, 9, 11];
const full = new Uint8Array(voxelCount(size)).fill(1);
const slope = Array.from({ length: voxelCount(size) }, (_, k) => k % 13);

const images: { name: string; labels: Uint8Array; values: VoxelArray; size: Vec3; spacing: Vec3 }[] = [
  {
    name: 'integers, three labels',
    labels: randomLabels(size, 3, 0.7, 1),
    values: Int16Array.from(noise(size, 2, 900, 40)),
    size,
    spacing: [1, 1, 1],
  },
  {
    name: 'unsigned integers above 2^31',
    labels: full,
    values: Uint32Array.from(noise(size, 3, 900, 3e9)),
    size,
    spacing: [0.7, 0.7, 3],
  },
  {
    name: 'float32 far from 0',
    labels: full,
    values: Float32Array.from(noise(size, 4, 3, 1000)),
    size,
    spacing: [2, 1, 0.5],
  },
  {
    name: 'float32, tiny',
    labels: randomLabels(size, 1, 0.5, 5),
    values: Float32Array.from(noise(size, 6, 1e-20, 0)),
    size,
    spacing: [1, 2, 3],
  },
  {
    name: 'float64 far from 0',
    labels: full,
    values: Float64Array.from(noise(size, 7, 1e-3, -12345.678)),
    size,
    spacing: [1, 1, 1],
  },
  { name: 'a slope', labels: full, values: Int16Array.from(slope), size, spacing: [1, 1, 1] },
  ...awkwardSizes
    .filter((s) => voxelCount(s) > 1)
    .map((s) => ({
      name: `${s.join(' x ')} full`,
      labels: new Uint8Array(voxelCount(s)).fill(1),
      values: Int16Array.from(noise(s, 8, 50, 0)),
      size: s,
      spacing: [1, 1.5, 2] as Vec3,
    })),
];

describe('Moran and Geary', () => {
  const engine = useEngine();

  it.each(images)('$name equals the CPU twin', async ({ labels, values, size, spacing }) => {
    const all = await measure(engine(), labels, values, size, spacing);
    all.forEach(({ found, n }, r) => {
      const expected = autocorrelation(
        voxelsOf(
          Array.from(labels, (l) => (l === r + 1 ? 1 : 0)),
          values,
          size,
          spacing,
        ),
      );
      const { moran_i, geary_c } = autocorrelationFeatures(found, n);
      expectClose(found.pairs!.weight, expected.weight, { rel: TRANSFORM, what: 'weights' });
      expectClose(moran_i, expected.moran, { abs: PAIRS, what: `Moran's I of ${r}` });
      expectClose(geary_c, expected.geary, { abs: PAIRS, what: `Geary's C of ${r}` });
    });
  });

  it('has deviations and moments', async () => {
    const { labels, values, size, spacing } = images[0]!;
    const all = await measure(engine(), labels, values, size, spacing);
    all.forEach(({ found }, r) => {
      const { first, last } = extents({ labels, size }).get(r + 1)!;
      const middle = [0, 1, 2].map((d) => (first[d]! + last[d]!) / 2);
      const sums = [0, 0, 0, 0];
      labels.forEach((label, k) => {
        if (label !== r + 1) return;
        const d = values[k]! - found.origin;
        const at = [k % size[0], Math.floor(k / size[0]) % size[1], Math.floor(k / (size[0] * size[1]))];
        sums[3]! += d;
        at.forEach((x, axis) => {
          sums[axis]! += d * (x - middle[axis]!);
        });
      });
      // Products of integers and halves: exact.
      expect([...found.moment, found.deviation]).toEqual(sums);
    });
  });

  describe('in parts', () => {
    // The spectrum of this box does not fit into one part; its few voxels are compared in no time.
    const wide: Vec3 = [101, 89, 83];
    const next = random(17);
    const labels = new Uint8Array(voxelCount(wide));
    for (let k = 0; k < 400; k++) labels[Math.floor(next() * labels.length)] = 1;
    labels[0] = labels[labels.length - 1] = 1;
    const values = Int16Array.from(labels, () => Math.round(1000 * next()));
    const inside = voxelsOf(labels, values, wide, [1, 1, 2]);
    const mean = inside.values.reduce((a, b) => a + b, 0) / inside.values.length;

    async function run(context: WorkContext) {
      const { rec, cells, image } = recordRegions(labels, values, wide, 1);
      const kept = [cells.cells, image.keys].map((ref) => rec.keep(ref));
      await engine().execute(rec);
      const box = { first: [0, 0, 0] as Vec3, last: wide.map((n) => n - 1) as unknown as Vec3 };
      const region = { cells, keys: image, region: 0, box, spacing: [1, 1, 2] as Vec3, mean, std: 300 };
      const resident = engine().stats().resident.buffers;
      try {
        return await correlate(engine(), region, true, context);
      } finally {
        expect(engine().stats().resident.buffers).toBe(resident);
        engine().release(...kept);
      }
    }

    it('equals the CPU twin, and tells how far it is', async () => {
      const events: ProgressEvent[] = [];
      const found = await run({ onProgress: (event) => events.push(event) });
      const { moran_i, geary_c } = autocorrelationFeatures(found, inside.values.length);
      const expected = autocorrelation(inside);
      expectClose(moran_i, expected.moran, { abs: PAIRS });
      expectClose(geary_c, expected.geary, { abs: PAIRS });
      expect(events.length).toBeGreaterThan(1);
      expect(events).toEqual(events.map((_, done) => ({ stage: 'pairs', done, total: events.length })));
    });

    it('stops between them when cancelled', async () => {
      const cancel = new AbortController();
      const events: ProgressEvent[] = [];
      const started = run({
        signal: cancel.signal,
        onProgress: (event) => {
          events.push(event);
          cancel.abort(new Error('enough'));
        },
      });
      await expect(started).rejects.toThrow('enough');
      expect(events).toHaveLength(1);
    });
  });

  it('names its kernels', () => {
    expect(autocorrelationKernels(true).map(({ name }) => name)).toContain('fourier/transform');
    expect(autocorrelationKernels(false).map(({ name }) => name)).not.toContain('fourier/transform');
  });
});
