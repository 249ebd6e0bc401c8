/** What theory says of features: what a change of the image or the mask may change, and what it may not. */
import { describe, expect, it } from 'vitest';
import { defaultClasses, type FeatureClass } from '../src/pipeline/classes.ts';
import { extract, type ExtractOptions } from '../src/pipeline/extract.ts';
import type { Row } from '../src/pipeline/row.ts';
import type { Mask, Vec3, VoxelArray, Volume } from '../src/pipeline/volume.ts';
import { expectClose } from './support/close.ts';
import { useEngine } from './support/engine.ts';
import { random, voxelCount } from './support/random.ts';
import { volumeOf } from './support/region.ts';

/** Sums of float64 in another order; correlations of near-symmetric matrices lose a few digits more. */
const ORDER = 1e-9;
const BIN = 20;

const size: Vec3 = [22, 18, 14];
const next = random(12);
const smooth = Int16Array.from({ length: voxelCount(size) }, (_, i) => {
  const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
  return 300 + 90 * Math.sin(x / 3) + 60 * Math.cos(y / 4 + z / 2) + 50 * next();
});
/** Two lopsided regions. */
const labels = Uint8Array.from(smooth, (_, i) => {
  const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
  if ((x - 6) ** 2 + (y - 7) ** 2 + ((z - 6) * 1.4) ** 2 < 26 + 3 * z) return 1;
  return (x - 16) ** 2 + ((y - 10) * 1.3) ** 2 + (z - 7) ** 2 < 18 + x ? 2 : 0;
});
const spacing: Vec3 = [0.8, 1.1, 2];
const grid = (data: VoxelArray, of: Vec3 = size): Volume => ({ ...volumeOf(data, of), spacing });
const image = grid(smooth);
const mask: Mask = grid(labels);

/** Voxels of a grid of another size: of the `source` of each, or a filling. */
const rearranged = (
  data: VoxelArray,
  to: Vec3,
  source: (x: number, y: number, z: number) => Vec3 | null,
  filling = 0,
): number[] =>
  Array.from({ length: voxelCount(to) }, (_, i) => {
    const from = source(i % to[0], Math.floor(i / to[0]) % to[1], Math.floor(i / (to[0] * to[1])));
    return from ? data[from[0] + size[0] * (from[1] + size[1] * from[2])]! : filling;
  });

const columns = (row: Row, pattern: RegExp) => Object.keys(row).filter((column) => pattern.test(column));
/** All classes that look at nothing but the region (loc sees what is around it). */
const classes: readonly FeatureClass[] = [...defaultClasses, 'stat', 'ih', 'ivh', 'dzm', 'ngl'];
const textures = /^original_(glcm|glrlm|glszm|gldm|ngtdm|ih|dzm|ngl)_/;
const spread =
  /^original_(ivh_(v|auc|diff).*|stat_(var|skew|kurt|iqr|range|r?mad|medad)|firstorder_(Variance|Range|InterquartileRange|MeanAbsoluteDeviation|Entropy|Uniformity|Skewness|Kurtosis))$/;
const features = /^original_/;

describe('features', () => {
  const engine = useEngine();
  const run = async (i: Volume, m: Mask, options: ExtractOptions = {}): Promise<Row> =>
    (await extract(engine(), i, m, { labels: [1], settings: { binWidth: BIN }, classes, ...options }))[0]!;

  function expectSame(found: Row, expected: Row, pattern: RegExp, rel = ORDER): void {
    const names = columns(expected, pattern);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names)
      expectClose(found[name] as number, expected[name] as number, { rel, abs: rel, what: name });
  }

  it('of texture and spread do not see a shift by whole bins, the mean does', async () => {
    const [before, after] = [await run(image, mask), await run(grid(smooth.map((v) => v + 7 * BIN)), mask)];
    expectSame(after, before, textures);
    expectSame(after, before, spread);
    const mean = 'original_firstorder_Mean';
    expectClose((after[mean] as number) - (before[mean] as number), 7 * BIN, { abs: ORDER });
  });

  it('see a shift by half a bin', async () => {
    const [before, after] = [await run(image, mask), await run(grid(smooth.map((v) => v + BIN / 2)), mask)];
    expect(after['original_glcm_Contrast']).not.toBe(before['original_glcm_Contrast']);
    expectSame(after, before, /^original_shape_/);
  });

  it.each([0, 1, 2] as const)('do not see a flip of axis %i', async (axis) => {
    const flip = (x: number, y: number, z: number): Vec3 => {
      const at: [number, number, number] = [x, y, z];
      at[axis] = size[axis] - 1 - at[axis];
      return at;
    };
    const flipped = await run(
      grid(Int16Array.from(rearranged(smooth, size, flip))),
      grid(Uint8Array.from(rearranged(labels, size, flip))),
    );
    expectSame(flipped, await run(image, mask), features);
  });

  it('go with their labels', async () => {
    const swapped: Mask = grid(labels.map((l) => [0, 2, 1][l]!));
    for (const [label, other] of [
      [1, 2],
      [2, 1],
    ] as const)
      expectSame(
        await run(image, swapped, { labels: [other] }),
        await run(image, mask, { labels: [label] }),
        features,
        0,
      );
  });

  it.each([
    ['padding', [30, 25, 20], [4, 3, 3]],
    ['cropping to the region', [15, 17, 14], [0, 0, 0]],
  ] as [string, Vec3, Vec3][])('do not see %s', async (_name, to, before) => {
    const inside = (x: number, y: number, z: number): Vec3 | null => {
      const at: Vec3 = [x - before[0], y - before[1], z - before[2]];
      return at.every((c, i) => c >= 0 && c < size[i]!) ? at : null;
    };
    const only = labels.map((l) => Number(l === 1));
    const i = grid(Int16Array.from(rearranged(smooth, to, inside, -999)), to);
    const kept = rearranged(only, to, inside);
    const m: Mask = grid(Uint8Array.from(kept), to);
    const count = (list: Iterable<number>) => [...list].filter((v) => v > 0).length;
    expect(count(kept)).toBe(count(only));
    expectSame(await run(i, m), await run(image, mask), features, 0);
  });

  it('of shape scale with the spacing', async () => {
    const double = (v: Volume): Volume => ({ ...v, spacing: [1.6, 2.2, 4] });
    const [before, after] = [await run(image, mask), await run(double(image), double(mask))];
    for (const [name, factor] of [
      ['MeshVolume', 8],
      ['SurfaceArea', 4],
      ['Maximum3DDiameter', 2],
      ['MajorAxisLength', 2],
      ['Sphericity', 1],
      ['Elongation', 1],
    ] as const) {
      const column = `original_shape_${name}`;
      expectClose(after[column] as number, factor * (before[column] as number), { rel: ORDER, what: column });
    }
    expectSame(after, before, textures, 0);
  });

  it('of derived images follow the image', async () => {
    const options: ExtractOptions = { imageTypes: { Wavelet: { binWidth: 5 }, LoG: { sigma: [3], binWidth: 2 } } };
    const [before, after] = [
      await run(image, mask, options),
      await run(grid(smooth.map((v) => v + 4 * BIN)), mask, options),
    ];
    // High passes take off what is constant.
    expectSame(after, before, /^(wavelet-(?!LLL)|log-).*_firstorder_(Variance|Range|Entropy)$/, 1e-5);
    expect(after['wavelet-LLL_firstorder_Mean']).not.toBe(before['wavelet-LLL_firstorder_Mean']);
  });
});
