/** The class morph: masks before and after resegmentation, regions that lack a dimension, intensities that are all equal. */
import { describe, expect, it } from 'vitest';
import { extract } from '../../src/pipeline/extract.ts';
import { morphFeatures, morphNames } from '../../src/pipeline/morph/features.ts';
import type { Row } from '../../src/pipeline/row.ts';
import type { SettingsInput } from '../../src/pipeline/settings.ts';
import type { Vec3, VoxelArray } from '../../src/pipeline/volume.ts';
import { autocorrelation, centreOfMassShift, voxelsOf } from '../reference/morph/autocorrelation.ts';
import { axisMoments } from '../reference/shape/axes.ts';
import { extremes } from '../reference/shape/extremes.ts';
import { meshByTriangles, meshCounts } from '../reference/shape/mesh.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { random, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';

/** Transforms in float32, see test/morph/autocorrelation.test.ts. */
const PAIRS = 2e-7;
/** Sums in pairs of float32, over products rounded to float32. */
const CENTRE = 1e-6;
/** Float64 on either side. */
const ROUNDING = 1e-12;

const spacing: Vec3 = [1, 2, 1.5];

describe('morph', () => {
  const engine = useEngine();

  async function morph(mask: Uint8Array, values: VoxelArray, size: Vec3, settings: SettingsInput = {}): Promise<Row> {
    const image = { ...volumeOf(values, size), spacing };
    const region = { ...volumeOf(mask, size), spacing, data: mask };
    const [row] = await extract(engine(), image, region, {
      classes: ['morph'],
      settings: { minimumROIDimensions: 1, additionalInfo: false, ...settings },
    });
    return row as Row;
  }
  const value = (row: Row, name: string) => row[`original_morph_${name}`] as number;
  const reasons = (row: Row) => row['voxomics_reasons'] as Record<string, string>;
  const missing = (row: Row) => Object.keys(reasons(row)).map((column) => column.replace('original_morph_', ''));

  it('takes the geometry before resegmentation and the intensities after', async () => {
    const size: Vec3 = [9, 7, 8];
    const next = random(3);
    const mask = Uint8Array.from({ length: voxelCount(size) }, () => Number(next() < 0.7));
    // The first three planes fall out of the range, so that the box shrinks.
    const values = Int16Array.from(mask, (_, k) => (k < 3 * 63 ? -900 : Math.round(400 * next()) - 100));
    const kept = Array.from(mask, (inside, k) => Number(inside === 1 && values[k]! >= -50));
    const row = await morph(mask, values, size, { resegmentRange: [-50, 400] });
    const geometry = voxelsOf(mask, values, size, spacing);
    const intensity = voxelsOf(kept, values, size, spacing);
    const mesh = meshByTriangles(mask, size, spacing);
    const mean = intensity.values.reduce((a, b) => a + b, 0) / intensity.values.length;
    expectClose(value(row, 'volume'), mesh.volume, { rel: ROUNDING });
    expect(value(row, 'vol_approx')).toBe(3 * geometry.values.length);
    expectClose(value(row, 'area_mesh'), mesh.area, { rel: ROUNDING });
    expectClose(value(row, 'integ_int'), mesh.volume * mean, { rel: ROUNDING });
    expectClose(value(row, 'com'), centreOfMassShift(geometry, intensity), { rel: CENTRE });
    const { moran, geary } = autocorrelation(intensity);
    expectClose(value(row, 'moran_i'), moran, { abs: PAIRS });
    expectClose(value(row, 'geary_c'), geary, { abs: PAIRS });
    expectClose(value(row, 'vol_dens_aabb'), mesh.volume / (9 * 14 * 12), { rel: ROUNDING });
    expect(reasons(row)).toEqual({});

    // With the shape features, whose mask is cropped to the box of what is left.
    const image = { ...volumeOf(values, size), spacing };
    const region = { ...volumeOf(mask, size), spacing, data: mask };
    const [both] = await extract(engine(), image, region, {
      classes: ['shape', 'morph'],
      settings: { resegmentRange: [-50, 400] },
    });
    for (const name of morphNames) expect(value(both as Row, name)).toBe(value(row, name));
    expect(both!['original_shape_MeshVolume']).not.toBe(value(row, 'volume'));
  });

  it('computes what is asked for alone', async () => {
    const size: Vec3 = [4, 3, 5];
    const mask = new Uint8Array(60).fill(1);
    const image = {
      ...volumeOf(
        Int16Array.from(mask, (_, k) => k),
        size,
      ),
      spacing,
    };
    const region = { ...volumeOf(mask, size), spacing, data: mask };
    const all = await morph(mask, image.data, size);
    for (const name of morphNames) {
      const [row] = await extract(engine(), image, region, { classes: { morph: [name] } });
      expect(value(row as Row, name)).toBe(value(all, name));
      expect(Object.keys(row as Row).filter((column) => column.startsWith('original_'))).toEqual([
        `original_morph_${name}`,
      ]);
    }
  });

  const shapes: { name: string; size: Vec3; missing: string[]; reason: RegExp }[] = [
    { name: 'a line', size: [6, 1, 1], missing: ['vol_dens_aee', 'area_dens_aee'], reason: /line|plane/ },
    { name: 'a plane', size: [6, 1, 4], missing: ['vol_dens_aee'], reason: /plane/ },
    { name: 'two voxels', size: [1, 2, 1], missing: ['vol_dens_aee', 'area_dens_aee'], reason: /line|plane/ },
  ];
  it.each(shapes)('$name has reasons for what it lacks', async ({ size, missing: expected, reason }) => {
    const mask = new Uint8Array(voxelCount(size)).fill(1);
    const row = await morph(
      mask,
      Int16Array.from(mask, (_, k) => 3 * k * k - 5),
      size,
    );
    expect(missing(row).sort()).toEqual([...expected].sort());
    for (const text of Object.values(reasons(row))) expect(text).toMatch(reason);
    for (const name of morphNames) if (!expected.includes(name)) expect(value(row, name), name).not.toBeNaN();
    const { volume, area } = meshByTriangles(mask, size, spacing);
    expectClose(value(row, 'volume'), volume, { rel: ROUNDING });
    expectClose(value(row, 'area_mesh'), area, { rel: ROUNDING });
    // A mesh of a box of voxels is convex.
    expectClose(value(row, 'vol_dens_conv_hull'), 1, { rel: ROUNDING });
    expectClose(value(row, 'area_dens_conv_hull'), 1, { rel: ROUNDING });
    expectClose(
      value(row, 'moran_i'),
      autocorrelation(
        voxelsOf(
          mask,
          Int16Array.from(mask, (_, k) => 3 * k * k - 5),
          size,
          spacing,
        ),
      ).moran,
      { abs: PAIRS },
    );
  });

  it('one voxel has reasons for what it lacks', () => {
    const mask = Uint8Array.of(1);
    const size: Vec3 = [1, 1, 1];
    const shape = { mesh: meshCounts(mask, size), extremes: extremes(mask, size), moments: axisMoments(mask, size) };
    const extent = { voxels: 1, box: { first: [0, 0, 0], last: [0, 0, 0] }, moments: shape.moments } as const;
    const correlation = { origin: 5, deviation: 0, square: 0, moment: [0, 0, 0], pairs: null } as const;
    const intensity = { extent, mean: 5, std: 0, nans: 0, correlation, tooLarge: null };
    const { values, reasons } = morphFeatures({ shape, extent, intensity }, spacing, morphNames);
    expect(Object.keys(values)).toEqual([...morphNames]);
    const lacking = morphNames.filter((name) => Number.isNaN(values[name]));
    expect(lacking).toEqual([
      'pca_maj_axis',
      'pca_min_axis',
      'pca_least_axis',
      'pca_elongation',
      'pca_flatness',
      'vol_dens_aee',
      'area_dens_aee',
      'moran_i',
      'geary_c',
    ]);
    expect(Object.keys(reasons)).toEqual(lacking);
    for (const text of Object.values(reasons)) expect(text).toMatch(/single voxel/);
    expect(values['com']).toBe(0);
  });

  it('equal intensities have no autocorrelation', async () => {
    const row = await morph(new Uint8Array(27).fill(1), new Int16Array(27).fill(7), [3, 3, 3]);
    expect(missing(row)).toEqual(['moran_i', 'geary_c']);
    expect(Object.values(reasons(row))).toEqual(Array(2).fill('All intensities of the region are equal.'));
    expectClose(value(row, 'com'), 0, { abs: ROUNDING });
  });

  it('intensities that add up to 0 have no centre of mass', async () => {
    const row = await morph(new Uint8Array(8).fill(1), Int16Array.of(-3, 3, -2, 2, 5, -5, 1, -1), [2, 2, 2]);
    expect(missing(row)).toEqual(['com']);
    expect(reasons(row)['original_morph_com']).toMatch(/add up to 0/);
    expect(value(row, 'integ_int')).toBe(0);
  });

  it('NaN has no place in sums over pairs', async () => {
    const values = Float32Array.of(1.5, Number.NaN, 3, 4, 5, 6, 7, 8.25);
    const row = await morph(new Uint8Array(8).fill(1), values, [2, 2, 2]);
    expect(missing(row)).toEqual(['com', 'moran_i', 'geary_c']);
    for (const text of Object.values(reasons(row))) expect(text).toMatch(/NaN/);
    const finite = [1.5, 3, 4, 5, 6, 7, 8.25];
    const mean = finite.reduce((a, b) => a + b, 0) / 7;
    expectClose(value(row, 'integ_int'), value(row, 'volume') * mean, { rel: ROUNDING });
  });

  it('of all labels together is that of each', async () => {
    const size: Vec3 = [11, 8, 9];
    const next = random(8);
    const labels = Uint8Array.from({ length: voxelCount(size) }, () => Math.floor(4 * next()));
    const image = {
      ...volumeOf(
        Int16Array.from(labels, () => Math.round(300 * next())),
        size,
      ),
      spacing,
    };
    const region = { ...image, data: labels };
    const options = { classes: ['morph'] as const, settings: { resegmentRange: [20, 290], additionalInfo: false } };
    const all = await extract(engine(), image, region, { ...options, labels: 'all' });
    expect(all).toHaveLength(3);
    for (const [k, row] of all.entries())
      expect(await extract(engine(), image, region, { ...options, labels: [k + 1] })).toEqual([row]);
    expect(engine().stats().resident.buffers).toBe(0);
  });

  it('of a 2D image is not there, as the shape of one', async () => {
    const image = {
      ...volumeOf(
        Int16Array.from({ length: 30 }, (_, k) => k),
        [6, 5, 1],
      ),
      dimension: 2 as const,
    };
    const region = { ...image, data: new Uint8Array(30).fill(1) };
    const [row] = await extract(engine(), image, region, { classes: ['morph', 'stat'] });
    const columns = Object.keys(row!).filter((name) => name.startsWith('original_'));
    expect(columns.every((name) => name.startsWith('original_stat_'))).toBe(true);
    expect(columns).toHaveLength(18);
  });

  it('stops when cancelled', async () => {
    const image = volumeOf(
      Int16Array.from({ length: 27 }, (_, k) => k),
      [3, 3, 3],
    );
    const region = { ...image, data: new Uint8Array(27).fill(1) };
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(extract(engine(), image, region, { classes: ['morph'], signal })).rejects.toThrow('enough');
  });
});

describe('morph on an adapter that binds little', () => {
  const engine = useEngine({ bindingBytes: 2 ** 18 });

  it('leaves out what needs more, with the numbers', async () => {
    const size: Vec3 = [18, 18, 18];
    const values = Int16Array.from({ length: 5832 }, (_, k) => k % 97);
    const image = { ...volumeOf(values, size), spacing };
    const region = { ...image, data: new Uint8Array(5832).fill(1) };
    const [row] = await extract(engine(), image, region, { classes: ['morph'] });
    const reasons = row!['voxomics_reasons'] as Record<string, string>;
    expect(Object.keys(reasons)).toEqual(['original_morph_moran_i', 'original_morph_geary_c']);
    expect(reasons['original_morph_moran_i']).toMatch(/need a buffer of 373248 bytes, this adapter binds 262144/);
    expect(row!['original_morph_com']).toBeGreaterThan(0);
  });
});
