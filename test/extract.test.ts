/** Extraction on generated volumes: several labels, unions, input types, odd input, limits, cancelling. */
import { describe, expect, it } from 'vitest';
import { extract, type ExtractOptions } from '../src/pipeline/extract.ts';
import type { Row } from '../src/pipeline/row.ts';
import type { Mask, Vec3, VoxelArray, Volume } from '../src/pipeline/volume.ts';
import { useEngine } from './support/engine.ts';
import { random, voxelCount } from './support/random.ts';
import { volumeOf } from './support/region.ts';

const size: Vec3 = [40, 36, 20];
const next = random(77);
const noise = Int16Array.from({ length: voxelCount(size) }, (_, i) => 200 + 60 * Math.sin(i / 17) + 80 * next());
/** Blocks of 8 x 9 x 5 voxels with a label each, 80 in all; their borders touch. */
const blocks = Uint8Array.from({ length: voxelCount(size) }, (_, i) => {
  const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
  return 1 + Math.floor(x / 8) + 5 * Math.floor(y / 9) + 20 * Math.floor(z / 5);
});
const grid = (data: VoxelArray): Volume => ({ ...volumeOf(data, size), spacing: [0.7, 0.8, 2.5] });
const image = grid(noise);
const mask: Mask = grid(blocks);
const only = (keep: (label: number) => boolean): Mask => grid(blocks.map((l) => (keep(l) ? 1 : 0)));

/** Features and mask facts, without what names the label. */
function comparable(row: Row): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).filter(
      ([c]) => c.startsWith('original_') || /Mask-original_(Bound|Voxel|Volume|Center)/.test(c),
    ),
  );
}

describe('extract', () => {
  const engine = useEngine();
  const run = (options: ExtractOptions, m: Mask = mask, i: Volume = image) => extract(engine(), i, m, options);

  it('gives each of 80 labels the row it has alone', async () => {
    const rows = await run({ labels: 'all' });
    expect(rows).toHaveLength(80);
    for (const label of [1, 2, 37, 80]) {
      const [alone] = await run(
        {},
        only((l) => l === label),
      );
      expect(comparable(rows[label - 1]!)).toEqual(comparable(alone!));
      expect(rows[label - 1]!['diagnostics_Configuration_Settings']).toMatchObject({ label });
    }
  });

  it('takes the union of labels as one region, also beside its parts', async () => {
    const rows = await run({ labels: [[1, 2], 1, 2, [80, 1]] });
    const [union] = await run(
      {},
      only((l) => l === 1 || l === 2),
    );
    expect(comparable(rows[0]!)).toEqual(comparable(union!));
    expect(rows[1]!['diagnostics_Mask-original_VoxelNum']).toBe(360);
    expect(rows[3]!['diagnostics_Mask-original_VolumeNum']).toBe(2);
  });

  it('is the same bit by bit when repeated, and with several cases in flight', async () => {
    const options: ExtractOptions = { labels: [1, 50], settings: { binWidth: 5 } };
    const float = grid(Float32Array.from(noise, (v) => v / 3));
    const all = await Promise.all([1, 2, 3, 4].map(() => run(options, mask, float)));
    for (const rows of all) expect(rows).toEqual(all[0]);
  });

  it('does not depend on the type of the image where the values are the same', async () => {
    const [expected] = await run({ labels: [7], settings: { binWidth: 4 } });
    for (const data of [
      Int32Array.from(noise),
      Uint16Array.from(noise),
      Float32Array.from(noise),
      Float64Array.from(noise),
    ]) {
      const [row] = await run({ labels: [7], settings: { binWidth: 4 } }, mask, grid(data));
      expect(comparable(row!)).toEqual(comparable(expected!));
    }
  });

  it('splits a pass that needs more memory than the adapter binds', async () => {
    const options: ExtractOptions = { labels: [1, 5, 40, 80] };
    const expected = await run(options);
    const small = await (await import('../src/host/node/adapters.ts')).createEngine({ bindingBytes: 60_000 });
    const rows = await extract(small, image, mask, options);
    expect(rows.map(comparable)).toEqual(expected.map(comparable));
    await expect(extract(small, image, mask, { labels: [[1, 80]] })).rejects.toMatchObject({
      code: 'TooLarge',
      message: expect.stringMatching(/\d+ bytes.*60000/),
    });
    small.destroy();
  });

  it('ranks grey levels where their tables would be large, with the same features', async () => {
    const wide = grid(Float32Array.from(noise, (v, i) => v + (i % 977) * 40));
    const [fine] = await run({ labels: [[1, 2, 3]], settings: { binWidth: 3 } }, mask, wide);
    expect(fine!['original_glcm_Contrast']).toBeGreaterThan(1e4);
    const levels = Uint32Array.from(wide.data, (v) => Math.floor(v / 3));
    const contrast = await run({ labels: [[1, 2, 3]], settings: { binWidth: 1 } }, mask, grid(levels));
    expect(contrast[0]!['original_glcm_Contrast']).toBeCloseTo(fine!['original_glcm_Contrast'] as number, 6);
  });

  it('names the regions of a mask whose labels have names, and takes them all', async () => {
    const names = new Map([
      [3, 'GTV'],
      [7, 'Liver'],
      [200, 'Nothing'],
    ]);
    const rows = await run({ classes: ['ngtdm'] }, { ...mask, names });
    expect(rows.map((row) => row['voxomics_region'])).toEqual(['GTV', 'Liver', 'Nothing']);
    expect(rows[2]!['voxomics_error']).toMatchObject({ code: 'LabelNotFound' });
    expect(comparable(rows[1]!)).toEqual(comparable((await run({ classes: ['ngtdm'], labels: [7] }))[0]!));
    const [union] = await run({ classes: ['ngtdm'], labels: [[3, 4]] }, { ...mask, names });
    expect(union!['voxomics_region']).toBe('GTV+4');
    const [first] = await run({ classes: ['ngtdm'], settings: { label: 1 } }, { ...mask, names });
    expect(first!['diagnostics_Configuration_Settings']).toMatchObject({ label: 1 });
  });

  it('takes a mask on another grid as its geometry mode says', async () => {
    const classes = ['firstorder', 'glcm'] as const;
    const labels = [42];
    const half: Mask = { ...mask, origin: [0.35, 0, 0] };
    const [straight] = await run({ classes, labels });
    const [ignored] = await run({ classes, labels, geometry: 'ignore-tiny', notes: ['a remark'] }, half);
    expect(comparable(ignored!)).toMatchObject(
      Object.fromEntries(Object.entries(comparable(straight!)).filter(([c]) => c.startsWith('original_'))),
    );
    expect(ignored!['voxomics_notes']).toEqual([
      'a remark',
      'the grids of image and mask differ by up to 0.500 voxels, which was ignored (ignore-tiny)',
    ]);
    const [resampled] = await run({ classes, labels, geometry: 'resample-mask' }, half);
    const [corrected] = await run({ classes, labels, settings: { correctMask: true } }, half);
    expect(resampled).toEqual(corrected);
    expect(resampled!['diagnostics_Configuration_Settings']).toMatchObject({ correctMask: true });
    for (const geometry of [undefined, 'strict'] as const)
      await expect(run({ classes, labels, geometry }, half)).rejects.toMatchObject({
        code: 'GeometryMismatch',
        message: expect.stringMatching(/--geometry ignore-tiny/),
      });
    await expect(
      run({ classes, labels, geometry: 'ignore-tiny', settings: { correctMask: true } }, half),
    ).rejects.toMatchObject({ code: 'BadSetting' });
  });

  it('gives rows with errors beside rows with features', async () => {
    const labels = blocks.map((l, i) => (i === 0 ? 200 : l));
    const spread = grid(Float32Array.from(noise, (v, i) => (labels[i] === 3 && i % 2 ? v * 1e6 : v)));
    const rows = await run({ labels: [1, 200, 255, 3] }, grid(labels), spread);
    expect(rows[0]).toHaveProperty('original_firstorder_Mean');
    expect(rows[1]!['voxomics_error']).toMatchObject({ code: 'RoiTooSmall' });
    expect(rows[2]!['voxomics_error']).toMatchObject({
      code: 'LabelNotFound',
      message: expect.stringContaining('255'),
    });
    expect(rows[3]!['voxomics_error']).toMatchObject({ code: 'TooManyLevels' });
    expect(Object.keys(rows[1]!)).toContain('diagnostics_Image-original_Hash');
  });

  it.each([
    ['EmptyMask', { m: grid(new Uint8Array(voxelCount(size))) }],
    ['LabelNotFound', { options: { labels: [99] } }],
    ['NonFiniteImage', { i: grid(Float32Array.from(noise, (v, k) => (k === 5 ? Number.POSITIVE_INFINITY : v))) }],
    ['NonFiniteImage', { i: grid(new Float32Array(voxelCount(size)).fill(Number.NaN)) }],
    ['TooManyLevels', { options: { settings: { binWidth: 1e-4 } } }],
    ['BadSetting', { options: { settings: { binWith: 5 } as object } }],
    ['BadSetting', { options: { classes: ['glcn' as 'glcm'] } }],
    ['BadSetting', { options: { settings: { distances: [] } as object } }],
    ['GeometryMismatch', { m: { ...mask, spacing: [0.7, 0.8, 2.6] as Vec3 } }],
    ['GeometryMismatch', { m: volumeOf(new Uint8Array(8).fill(1), [2, 2, 2]) }],
  ] as [string, { options?: ExtractOptions; m?: Mask; i?: Volume }][])(
    'refuses with %s',
    async (code, { options = {}, m, i }) => {
      await expect(run(options, m, i)).rejects.toMatchObject({ name: 'PipelineError', code });
    },
  );

  it('bins the original image by its own settings where it has some', async () => {
    const settings = { binWidth: 1e-4 };
    const [row] = await run({ settings, imageTypes: { Original: { binWidth: 25 } }, classes: ['glcm'] });
    const [expected] = await run({ classes: ['glcm'] });
    expect(row!['original_glcm_Contrast']).toBe(expected!['original_glcm_Contrast']);
  });

  it('suggests the name that was meant', async () => {
    await expect(run({ settings: { binWith: 5 } as object })).rejects.toThrow(/Did you mean binWidth\?/);
  });

  it('stops when it is cancelled, and releases its buffers', async () => {
    const cancel = new AbortController();
    const reason = new Error('enough');
    const started = run({
      labels: 'all',
      signal: cancel.signal,
      onProgress: ({ done }) => done > 3 && cancel.abort(reason),
    });
    await expect(started).rejects.toBe(reason);
    expect(engine().stats().resident.buffers).toBe(0);
  });

  it('reports progress for every region', async () => {
    const seen: number[] = [];
    await run({ labels: [1, 2, 3], onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen.at(0)).toBe(0);
    expect(seen.at(-1)).toBe(1);
  });

  it('restricts to classes and features', async () => {
    const [row] = await run({
      classes: { firstorder: ['Mean'], shape: ['Sphericity'] },
      settings: { additionalInfo: false },
    });
    expect(Object.keys(row!)).toEqual(['original_shape_Sphericity', 'original_firstorder_Mean', 'voxomics_reasons']);
  });
});
