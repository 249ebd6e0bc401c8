/** The images that `extract` gives out, whole, beside those that PyRadiomics made, voxel by voxel. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { extractFiles } from '../../src/host/node/extract-files.ts';
import type { ImageTypeName, ImageTypeSelection } from '../../src/pipeline/image-types.ts';
import type { SettingsInput } from '../../src/pipeline/settings.ts';
import type { UsedImage } from '../../src/pipeline/used-images.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** Of the range of an image: pairs of float32 where PyRadiomics has float64. LBP3D: sums of 42 terms of them. */
const TWOFOLD = 1e-12;
/** Of the largest value: float32 images, the last bit of which is decided by bits beyond the pairs. */
const LAST_BIT = 2 ** -23;
/** Of the range: kurtosis of 42 samples, after the rounding of their mean. */
const KURTOSIS = 1e-11;
/** Of a value: the sum of an image, added in another order. */
const ROUNDING = 2 ** -52;
/** Of positions: the file's decimals in float64. */
const MILLIMETRES = 1e-9;

interface Recorded {
  readonly offset_zyx: Vec3;
  readonly shape_zyx: Vec3;
  readonly whole_shape_zyx: Vec3;
  readonly spacing_xyz: Vec3;
  readonly origin_xyz: Vec3;
  readonly image_type?: ImageTypeName;
  readonly pixel_type: string;
  readonly settings?: SettingsInput;
  readonly whole: { readonly min: number; readonly max: number; readonly sum: number };
}
interface Index {
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly images: Readonly<Record<string, Recorded>>;
}

/** What is recorded and compared in another file. */
const elsewhere: readonly (readonly [RegExp, string])[] = [
  [/^resample_/, 'resample.test.ts compares every one of them, and the masks'],
  [/^mask$/, 'the input; filter.test.ts reads it'],
];

/** What was done before the filter, by the first part of a key. */
const steps: readonly (readonly [RegExp, SettingsInput])[] = [
  [/^preCrop_pad5(_|$)/, { preCrop: true, padDistance: 5 }],
  [/^normalize_scale100_outliers3$/, { normalize: true, normalizeScale: 100, removeOutliers: 3 }],
  [/^normalize_scale1$/, { normalize: true, normalizeScale: 1 }],
  [
    /^mr_norm_resampled(_|$)/,
    { normalize: true, normalizeScale: 100, removeOutliers: 3, resampledPixelSpacing: [1, 1, 1] },
  ],
  [/^/, {}],
];

/** A recorded image: which extraction makes it, and its name there. */
interface Wanted {
  readonly key: string;
  readonly recorded: Recorded;
  readonly settings: SettingsInput;
  readonly types: ImageTypeSelection;
  readonly name: string;
}

function wantedOf(key: string, recorded: Recorded): Wanted {
  const [pattern, settings] = steps.find(([prefix]) => prefix.test(key))!;
  const { image_type: type } = recorded;
  if (!type) return { key, recorded, settings, types: ['Original'], name: 'original' };
  // What follows an underscore tells settings apart: wavelet-LLH_db4.
  const name = key.replace(pattern, '').replace(/_.*$/, '');
  return { key, recorded, settings, types: { [type]: recorded.settings ?? {} }, name };
}

/** The recorded part of an image. */
function part({ data, size }: Volume, { offset_zyx: [oz, oy, ox], shape_zyx: [nz, ny, nx] }: Recorded): Float64Array {
  return Float64Array.from({ length: nx * ny * nz }, (_, k) => {
    const [x, y, z] = [ox + (k % nx), oy + (Math.floor(k / nx) % ny), oz + Math.floor(k / nx / ny)];
    return data[x + size[0] * (y + size[1] * z)]!;
  });
}

/** Extremes and sum of an image, added row by row, which rounds less than voxel by voxel. */
function summary({ data, size: [nx] }: Volume): { low: number; high: number; total: number } {
  let [low, high, total] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let from = 0; from < data.length; from += nx) {
    let row = 0;
    for (const value of data.subarray(from, from + nx)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      row += value;
    }
    total += row;
  }
  return { low, high, total };
}

const pixelTypes: Readonly<Record<string, readonly string[]>> = {
  '16-bit signed integer': ['Int16Array'],
  '32-bit float': ['Float32Array'],
  '64-bit float': ['Float64Array'],
};

const folder = 'reference/pyradiomics/images';

describeShared('images that features are computed on', () => {
  const engine = useEngine();

  describe.each(hasShared ? ['breast1', 'brain1'] : [])('%s', (name) => {
    const index = JSON.parse(hasShared ? readFileSync(sharedPath(folder, name, 'index.json'), 'utf8') : '{}') as Index;
    const compared = Object.keys(index.images ?? {}).filter((key) => !elsewhere.some(([pattern]) => pattern.test(key)));
    const wanted = compared.map((key) => wantedOf(key, index.images[key]!));
    const inside = () => readNpy(sharedPath(folder, name, 'mask.npy.gz')).data;

    /** Extractions that several images come from. */
    const runs = new Map<string, Promise<Map<string, Volume>>>();
    function imagesOf({ settings, types }: Wanted): Promise<Map<string, Volume>> {
      const of = JSON.stringify([settings, types]);
      let run = runs.get(of);
      if (!run) {
        const found = new Map<string, Volume>();
        const onImage = ({ name: made, image, region }: UsedImage) => {
          expect([found.has(made), region]).toEqual([false, null]);
          found.set(made, image);
        };
        const options = { settings, imageTypes: types, classes: ['firstorder'] as const, onImage };
        run = extractFiles(engine(), sharedPath(index.image), sharedPath(index.mask), options).then(() => found);
        runs.set(of, run);
      }
      return run;
    }

    it.for(wanted)('$key', async (one, { skip }) => {
      const { recorded } = one;
      if (name !== 'breast1' && isSwiftShader(engine()))
        skip('a whole image takes SwiftShader most of a minute; breast1 has the same kernels');
      const images = await imagesOf(one);
      const image = images.get(one.name);
      if (!image) throw new Error(`found ${[...images.keys()].join(', ')}`);
      expect([...image.size].reverse()).toEqual(recorded.whole_shape_zyx);
      for (const axis of [0, 1, 2]) {
        expect(Math.abs(image.spacing[axis]! - recorded.spacing_xyz[axis]!)).toBeLessThan(MILLIMETRES);
        expect(Math.abs(image.origin[axis]! - recorded.origin_xyz[axis]!)).toBeLessThan(MILLIMETRES);
      }
      expect(pixelTypes[recorded.pixel_type]).toContain(image.data.constructor.name);
      const expected = readNpy(sharedPath(folder, name, `${one.key}.npy.gz`)).data;
      const values = part(image, recorded);
      const isLbp3d = recorded.image_type === 'LBP3D';
      const mask = isLbp3d ? inside() : null;
      const { min, max, sum } = recorded.whole;
      const range = max - min;
      const tolerance =
        recorded.pixel_type === '32-bit float'
          ? LAST_BIT * Math.max(max, -min)
          : recorded.pixel_type === '64-bit float'
            ? (one.name === 'lbp-3D-k' ? KURTOSIS : TWOFOLD) * range
            : 0;
      const differ = expected.map((e, i) => (mask && mask[i] !== 1 ? 0 : Math.abs(values[i]! - e)));
      expect(differ.reduce((worst, d) => Math.max(worst, d), 0)).toBeLessThanOrEqual(tolerance);
      // PyRadiomics leaves memory outside the region that was never set.
      if (isLbp3d) return;
      const { low, high, total } = summary(image);
      expect(Math.max(Math.abs(low - min), Math.abs(high - max))).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(total - sum)).toBeLessThanOrEqual(
        image.data.length * (tolerance + ROUNDING * Math.max(max, -min)),
      );
    });

    it('every recorded image is one of these, or compared elsewhere', () => {
      const files = readdirSync(sharedPath(folder, name)).filter((file) => file !== 'index.json');
      expect(files.map((file) => file.replace('.npy.gz', '')).sort()).toEqual(Object.keys(index.images).sort());
      for (const [pattern] of elsewhere)
        expect(files.some((file) => pattern.test(file.replace('.npy.gz', '')))).toBe(true);
    });
  });
});
