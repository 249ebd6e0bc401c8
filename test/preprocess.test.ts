/** The steps before the features, on a generated volume: together as one after the other, cancelling, releasing, refusing. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Recording } from '../src/engine/index.ts';
import { extract } from '../src/pipeline/extract.ts';
import { n4 } from '../src/pipeline/n4/index.ts';
import { normaliseVolume } from '../src/pipeline/normalise/index.ts';
import { gridOfStep, type PreprocessSteps, preprocess, type ResampleStep } from '../src/pipeline/preprocess.ts';
import type { ProgressEvent } from '../src/pipeline/progress.ts';
import { resample } from '../src/pipeline/resample/index.ts';
import type { Row } from '../src/pipeline/row.ts';
import type { SettingsInput } from '../src/pipeline/settings.ts';
import type { Mask, Vec3, Volume } from '../src/pipeline/volume.ts';
import { expectClose } from './support/close.ts';
import { useEngine } from './support/engine.ts';
import { random, voxelCount } from './support/random.ts';
import { volumeOf } from './support/region.ts';

const size: Vec3 = [36, 30, 20];
const next = random(4);
/** A bright ball in noise under a smooth field, and a label map of its middle. */
const field = (x: number, y: number) => Math.exp(0.4 * Math.sin(x / 18) - 0.3 * Math.cos(y / 14));
const at = (i: number): Vec3 => [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / size[0] / size[1])];
const radius = (i: number) => {
  const [x, y, z] = at(i);
  return Math.hypot(x - 18, y - 15, (z - 10) * 1.5);
};
const grid = { spacing: [1.1, 1.2, 2] as Vec3, origin: [-20, 5, 7] as Vec3 };
const image: Volume = {
  ...volumeOf(
    Int16Array.from({ length: voxelCount(size) }, (_, i) => {
      const [x, y] = at(i);
      return field(x, y) * ((radius(i) < 13 ? 600 : 80) + 60 * next());
    }),
    size,
  ),
  ...grid,
};
const mask: Mask = {
  ...volumeOf(
    Uint8Array.from(image.data, (_, i) => Number(radius(i) < 6)),
    size,
  ),
  ...grid,
};

const steps: PreprocessSteps = {
  n4: { shrink: 2, iterations: [8, 6] },
  normalise: { name: 'zscore' },
  resample: { spacing: [1, 1, 1], interpolator: 'sitkBSpline' },
};

/** float32 images against values of 48 bits, on the features of a resampled normalised image. */
const FLOAT32 = 1e-4;

describe('preprocess', () => {
  const engine = useEngine();
  afterEach(() => {
    expect(engine().stats().resident.buffers).toBe(0);
    vi.restoreAllMocks();
  });

  it('gives what the steps give one after the other', async () => {
    const { image: found, field: bias, report } = await preprocess(engine(), image, steps, { field: true });
    const first = await n4(engine(), image, { ...steps.n4, returnField: true });
    const second = await normaliseVolume(engine(), first.corrected, { name: 'zscore' });
    const third = await resample(engine(), second, gridOfStep(second, steps.resample!, null));
    expect(found).toEqual(third);
    expect(bias).toEqual(first.field);
    expect(report).toEqual(first.report);
  });

  it('uploads the image once and downloads the result once', async () => {
    const large = voxelCount(size) * 4;
    const bytesOf = (value: unknown) => (ArrayBuffer.isView(value) ? value.byteLength : 0);
    const uploads = vi.spyOn(Recording.prototype, 'upload');
    const downloads = vi.spyOn(Recording.prototype, 'download');
    await preprocess(engine(), image, steps);
    expect(uploads.mock.calls.filter(([, data]) => bytesOf(data) >= large)).toHaveLength(1);
    // What else is read back are counts, convergence values and the lattice of the field.
    expect(downloads.mock.calls.filter(([ref]) => ref.bytes >= large)).toHaveLength(1);
  });

  it('lays the grid round the mask, as PyRadiomics does', async () => {
    const { image: whole } = await preprocess(engine(), image, { resample: steps.resample });
    const { image: cut } = await preprocess(engine(), image, { resample: steps.resample }, { mask });
    expect(voxelCount(cut.size)).toBeLessThan(voxelCount(whole.size));
    expect(cut.spacing).toEqual([1, 1, 1]);
  });

  it('reports every step', async () => {
    const events: ProgressEvent[] = [];
    await preprocess(engine(), image, steps, { onProgress: (event) => events.push(event) });
    expect([...new Set(events.map((e) => e.stage))]).toEqual(['n4', 'normalise', 'resample']);
    for (const stage of ['n4', 'normalise', 'resample']) {
      const last = events.findLast((e) => e.stage === stage)!;
      expect(last.done).toBe(last.total);
    }
  });

  it.each(['n4', 'normalise', 'resample'])('stops during %s when it is cancelled', async (stage) => {
    const cancel = new AbortController();
    const reason = new Error('enough');
    const started = preprocess(engine(), image, steps, {
      field: true,
      signal: cancel.signal,
      onProgress: (event) => event.stage === stage && cancel.abort(reason),
    });
    await expect(started).rejects.toBe(reason);
  });

  it.each([
    ['BadSetting', image, { resample: { spacing: [1, 1] } }],
    ['BadSetting', image, { resample: { spacing: [1, 1, -1] } }],
    ['ConstantImage', { ...image, data: image.data.map(() => 3) }, { normalise: { name: 'zscore' } }],
    ['ConstantImage', { ...image, data: image.data.map(() => 3) }, { n4: {} }],
    ['NonFiniteImage', { ...image, data: Float32Array.from(image.data).fill(Number.NaN, 0, 9) }, steps],
    ['BadSetting', image, { normalise: { name: 'zscore', within: 'mask' } }],
  ] as [string, Volume, PreprocessSteps][])('refuses with %s', async (code, volume, wanted) => {
    await expect(preprocess(engine(), volume, wanted)).rejects.toMatchObject({ name: 'PipelineError', code });
  });
});

describe('extract after steps', () => {
  const engine = useEngine();
  const features = (row: Row | undefined) =>
    Object.fromEntries(Object.entries(row!).filter(([column]) => column.startsWith('original_')));

  it('of N4 equals extract of the corrected image', async () => {
    const options = { settings: { binWidth: 10 } };
    const [row] = await extract(engine(), image, mask, { ...options, preprocess: { n4: steps.n4 } });
    const { corrected } = await n4(engine(), image, steps.n4!);
    const [expected] = await extract(engine(), corrected, mask, options);
    expect(features(row)).toEqual(features(expected));
    const record = row!['diagnostics_Preprocessing_N4'];
    expect(record).toMatchObject({ mask: false, weights: false, shrink: steps.n4!.shrink, bins: 200, rescale: false });
    expect(Object.keys(expected!).filter((column) => column.includes('Preprocessing'))).toEqual([]);
    expect(engine().stats().resident.buffers).toBe(0);
  });

  it('of all steps equals extract of the processed image but for its rounding to float32', async () => {
    const options = { settings: { binWidth: 0.05 }, classes: ['shape', 'firstorder'] as const };
    const [row] = await extract(engine(), image, mask, { ...options, preprocess: steps });
    const { image: processed } = await preprocess(engine(), image, steps, { mask });
    const { image: labels } = await preprocess(
      engine(),
      mask,
      { resample: { ...steps.resample!, interpolator: 'sitkNearestNeighbor' } },
      { mask },
    );
    const [expected] = await extract(engine(), processed, labels as Mask, options);
    for (const [column, value] of Object.entries(features(expected)))
      expectClose(features(row)[column] as number, value as number, { rel: FLOAT32, what: column });
  });

  it.each([
    [{ resampledGrid: 'ibsi' }, { grid: 'ibsi' }],
    [
      { resampledGrid: 'ibsi', resampledRounding: false },
      { grid: 'ibsi', round: false },
    ],
    [
      { resampledGrid: 'itk', resampledMask: 'majority' },
      { grid: 'itk', mask: 'majority' },
    ],
    [
      { resampledGrid: 'ibsi', resampledMask: 'nearest' },
      { grid: 'ibsi', mask: 'nearest' },
    ],
  ] as [SettingsInput, Partial<ResampleStep>][])('takes %j for the step %j', async (settings, step) => {
    const shared = { binWidth: 10, additionalInfo: false };
    const spacing = [1.5, 1.5, 1.5];
    const [bySettings] = await extract(engine(), image, mask, {
      settings: { ...shared, resampledPixelSpacing: spacing, interpolator: 'sitkLinear', ...settings },
    });
    const resample = { spacing, interpolator: 'sitkLinear', ...step } as const;
    const [byStep] = await extract(engine(), image, mask, { settings: shared, preprocess: { resample } });
    expect(features(bySettings)).toEqual(features(byStep));
  });

  it('has another region and other intensities by other rules', async () => {
    const settings: SettingsInput = {
      resampledPixelSpacing: [1.5, 1.5, 1.5],
      interpolator: 'sitkLinear',
      resampledGrid: 'ibsi',
    };
    const run = async (more: SettingsInput) => {
      const classes = { shape: ['VoxelVolume'], firstorder: ['Mean'] };
      const [row] = await extract(engine(), image, mask, { settings: { ...settings, ...more }, classes });
      return Object.values(features(row)) as [number, number];
    };
    const [volume, mean] = await run({});
    expect((await run({ resampledMask: 'nearest' }))[0]).not.toBe(volume);
    expect((await run({ resampledRounding: false }))[1]).not.toBe(mean);
    expect(await run({ resampledMask: 'majority', resampledRounding: true })).toEqual([volume, mean]);
  });

  it('refuses to say how to resample without a spacing', async () => {
    const wanted = { settings: { resampledRounding: true } };
    await expect(extract(engine(), image, mask, wanted)).rejects.toThrow(
      /resampledRounding: needs resampledPixelSpacing/,
    );
  });

  it('refuses a setting and a step for the same', async () => {
    const wanted = { settings: { normalize: true }, preprocess: { normalise: { name: 'zscore' } as const } };
    await expect(extract(engine(), image, mask, wanted)).rejects.toMatchObject({ code: 'BadSetting' });
  });
});
