/** Every recorded normalisation of reference/normalise: statistics of the whole result, and its crop voxel by voxel. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { type DeviceMask, maskToDevice } from '../../src/pipeline/device-mask.ts';
import { type DeviceVolume, fromDevice, toDevice, voxelCount } from '../../src/pipeline/device-volume.ts';
import {
  fitNyul,
  normalise,
  type NormaliseMethod,
  type NyulScale,
  parseNormalise,
  percentiles,
  statistics,
  type Within,
} from '../../src/pipeline/normalise/index.ts';
import type { Volume } from '../../src/pipeline/volume.ts';
import { expectClose } from '../support/close.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { readVolume } from '../support/itk.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

interface RecordedStatistics {
  readonly n: number;
  readonly mean: number;
  readonly std_population: number;
  readonly min: number;
  readonly max: number;
  readonly percentiles_1_5_25_50_75_95_99: readonly number[];
}
type Range = readonly [start: number, stop: number];
interface RecordedImage {
  readonly input: string;
  readonly mask: string;
  readonly crop_zyx_start_stop: readonly [Range, Range, Range];
  readonly input_image: RecordedStatistics;
  readonly input_mask: RecordedStatistics;
  readonly nonzero_voxels: number;
  readonly nyul_landmarks: readonly number[];
  readonly methods: Readonly<
    Record<string, { image: RecordedStatistics; mask: RecordedStatistics; crop_file?: string }>
  >;
}
interface Recorded {
  readonly nyul_landmark_percentiles: readonly number[];
  readonly nyul_standard_scale: readonly number[];
  readonly images: Readonly<Record<string, RecordedImage>>;
}

const recorded: Recorded = hasShared
  ? JSON.parse(readFileSync(sharedPath('reference', 'normalise', 'normalise.json'), 'utf8'))
  : { nyul_landmark_percentiles: [], nyul_standard_scale: [], images: {} };

/** How each recorded method is written for us. */
const specs: Readonly<Record<string, string>> = {
  zscore_image_population: 'zscore',
  zscore_image_sample: 'zscore:image,sample',
  zscore_mask_population: 'zscore:mask',
  zscore_nonzero_population: 'zscore:nonzero',
  zscore_above_mean_population: 'zscore:above-mean',
  minmax_image: 'minmax',
  minmax_mask: 'minmax:mask',
  clip_1_99: 'clip:1,99',
  clip_1_99_zscore: 'clip:1,99+zscore',
  'clip_0.5_99.5_mask_minmax': 'percentile:0.5,99.5,mask',
  robust_median_mad_mask: 'robust:mask',
  simpleitk_normalize: 'pyradiomics',
  simpleitk_normalize_native: 'pyradiomics',
  simpleitk_rescale_0_1: 'minmax',
};

/** Integer images: sums are exact, what is left is the rounding of float64. */
const EXACT = 1e-12;
/** Voxels are float32: half a unit in the last place of origin, scale and result each, relative to the result's range. */
const FLOAT32 = 3e-7;
/** Voxels. */
const MOST_ON_SWIFTSHADER = 2e6;
const LEVELS = [1, 5, 25, 50, 75, 95, 99];

/** Reads an image; of several time points the first. */
async function readFirst(path: string): Promise<Volume> {
  const volume = await readVolume(sharedPath(path));
  const voxels = volume.size[0] * volume.size[1] * volume.size[2];
  return volume.data.length === voxels ? volume : { ...volume, dimension: 3, data: volume.data.slice(0, voxels) };
}

function expectStatistics(
  found: Awaited<ReturnType<typeof statistics>>,
  ranks: readonly number[],
  expected: RecordedStatistics,
  tolerance: { rel?: number; abs?: number },
): void {
  const close = (what: string, a: number, b: number) => expectClose(a, b, { ...tolerance, what });
  expect(found.count).toBe(expected.n);
  close('mean', found.mean, expected.mean);
  close('SD', found.populationSd, expected.std_population);
  close('minimum', found.minimum, expected.min);
  close('maximum', found.maximum, expected.max);
  ranks.forEach((p, k) => {
    close(`p${LEVELS[k]}`, p, expected.percentiles_1_5_25_50_75_95_99[k] as number);
  });
}

/** The recorded box of a volume, in its order. */
function crop({ data, size: [nx, ny] }: Volume, box: RecordedImage['crop_zyx_start_stop']): number[] {
  const [z, y, x] = box;
  const values: number[] = [];
  for (let k = z[0]; k < z[1]; k++)
    for (let j = y[0]; j < y[1]; j++)
      for (let i = x[0]; i < x[1]; i++) values.push(data[i + nx * (j + ny * k)] as number);
  return values;
}

describeShared('normalisation beside NumPy and SimpleITK', () => {
  const engine = useEngine();
  const measureBoth = async (image: DeviceVolume, within: Within) =>
    [await statistics(engine(), image, within), await percentiles(engine(), image, within, LEVELS)] as const;

  it('learns the recorded Nyul scale from both brains', async () => {
    const cohort = ['brain1', 'brain2'].map((name) => recorded.images[name] as RecordedImage);
    const images = await Promise.all(cohort.map(async ({ input }) => ({ image: await readFirst(input) })));
    const scale = await fitNyul(engine(), images);
    expect(scale.percentiles).toEqual(recorded.nyul_landmark_percentiles);
    scale.landmarks.forEach((y, k) => {
      expectClose(y, recorded.nyul_standard_scale[k] as number, { rel: EXACT, what: `landmark ${k}` });
    });
  });

  const standard: NyulScale = {
    format: 'voxomics-nyul',
    version: 1,
    within: 'above-mean',
    percentiles: recorded.nyul_landmark_percentiles,
    landmarks: recorded.nyul_standard_scale,
    images: 2,
  };
  const methodOf = (name: string): NormaliseMethod =>
    name === 'nyul' ? { name, standard } : (parseNormalise(specs[name] as string) as NormaliseMethod);

  for (const [name, image] of Object.entries(recorded.images)) {
    describeShared(name, () => {
      let device: DeviceVolume;
      let mask: DeviceMask;
      beforeAll(async () => {
        device = await toDevice(engine(), await readFirst(image.input.replace(/ \[.*$/, '')));
        mask = await maskToDevice(engine(), await readVolume(sharedPath(image.mask)));
      });

      /** Its passes over a large image take seconds each; the small ones have the same kernels. */
      const spareSwiftShader = (skip: (note: string) => void) => {
        if (isSwiftShader(engine()) && voxelCount(device) > MOST_ON_SWIFTSHADER) skip('a large image on SwiftShader');
      };

      it('has the recorded statistics and percentiles', async ({ skip }) => {
        spareSwiftShader(skip);
        expectStatistics(...(await measureBoth(device, 'image')), image.input_image, { rel: EXACT });
        expectStatistics(...(await measureBoth(device, mask)), image.input_mask, { rel: EXACT });
        expect((await statistics(engine(), device, 'nonzero')).count).toBe(image.nonzero_voxels);
        const landmarks = await percentiles(engine(), device, 'above-mean', recorded.nyul_landmark_percentiles);
        expect(landmarks).toEqual(image.nyul_landmarks);
      });

      it.for(Object.keys(image.methods))('%s', async (method, { skip }) => {
        spareSwiftShader(skip);
        const expected = image.methods[method] as RecordedImage['methods'][string];
        const mapped = await normalise(engine(), device, methodOf(method), mask);
        const result = await fromDevice(engine(), mapped);
        const abs = FLOAT32 * (expected.image.max - expected.image.min);
        const found = [await measureBoth(mapped, 'image'), await measureBoth(mapped, mask)] as const;
        engine().release(mapped.voxels);
        expectStatistics(...found[0], expected.image, { abs });
        expectStatistics(...found[1], expected.mask, { abs });
        if (!expected.crop_file) return;
        const voxels = readNpy(sharedPath('reference', 'normalise', expected.crop_file)).data;
        crop(result, image.crop_zyx_start_stop).forEach((value, k) => {
          expectClose(value, voxels[k] as number, { abs, what: `voxel ${k}` });
        });
      });
    });
  }
});
