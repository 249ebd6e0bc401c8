/** IBSI's feature classes in extraction: regions together and alone, both masks, derived images, parameter files. */
import { describe, expect, it } from 'vitest';
import { createEngine } from '../src/host/node/adapters.ts';
import { defaultClasses, type FeatureClass, featureClasses, pyradiomicsClasses } from '../src/pipeline/classes.ts';
import { extract, type ExtractOptions } from '../src/pipeline/extract.ts';
import type { ImageTypeName } from '../src/pipeline/image-types.ts';
import { parseParams } from '../src/pipeline/params.ts';
import type { Row } from '../src/pipeline/row.ts';
import type { SettingsInput } from '../src/pipeline/settings.ts';
import { dzmFeatures, dzmNames } from '../src/pipeline/texture/features/dzm.ts';
import { offsets } from '../src/pipeline/texture/offsets.ts';
import type { Mask, Vec3, Volume } from '../src/pipeline/volume.ts';
import { gradient } from './reference/filter/gradient.ts';
import { peaksByDefinition } from './reference/firstorder/peak.ts';
import { distances, distanceZones } from './reference/texture/distance.ts';
import { expectClose } from './support/close.ts';
import { useEngine } from './support/engine.ts';
import { random, voxelCount } from './support/random.ts';
import { volumeOf } from './support/region.ts';

/** Running sums begin with the box, which depends on the regions. */
const RUNNING_SUMS = 1e-11;
/** The gradient is a float32, and so is the twin's; they may differ in the last bit. */
const LAST_BIT = 1e-7;
/** Sums in another order. */
const SUMMATION = 1e-12;

const size: Vec3 = [26, 22, 14];
const next = random(5);
const noise = Int16Array.from({ length: voxelCount(size) }, (_, i) => 100 + 40 * Math.sin(i / 13) + 60 * next());
const at = (i: number): Vec3 => [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
/** Two regions side by side that do not fill the image, one of them at its border. */
const labels = Uint8Array.from({ length: voxelCount(size) }, (_, i) => {
  const [x, y, z] = at(i);
  if (y < 3 || y > 18 || z < 2) return 0;
  return x < 9 ? 1 : Number(x > 9 && x < 22) * 2;
});
const image: Volume = { ...volumeOf(noise, size), spacing: [1.5, 2, 3] };
const mask: Mask = { ...volumeOf(labels, size), spacing: [1.5, 2, 3] };
const ibsi = featureClasses.filter((name) => !pyradiomicsClasses.includes(name));
const quiet = { additionalInfo: false };

describe('IBSI classes', () => {
  const engine = useEngine();
  const run = (options: ExtractOptions) =>
    extract(engine(), image, mask, { ...options, settings: { ...quiet, ...options.settings } });
  const features = (row: Row) => Object.entries(row).filter(([name]) => name.startsWith('original_'));

  it('are off by default', () => {
    expect(ibsi.length).toBeGreaterThan(0);
    expect(defaultClasses.filter((name) => ibsi.includes(name))).toEqual([]);
    expect(parseParams({}).classes).toEqual(pyradiomicsClasses);
    expect(parseParams({ featureClass: { dzm: null, ivh: ['v10'] } }).classes).toEqual({ dzm: null, ivh: ['v10'] });
    expect(() => parseParams({ featureClass: { ivh: ['v11'] } })).toThrow(/Did you mean v10/);
  });

  it.each([{}, { resegmentRange: [90, 180] }, { force2D: true }])(
    'give regions together what they are alone: %o',
    async (settings) => {
      const together = await run({ classes: ibsi, labels: [1, 2], settings });
      for (const [k, row] of together.entries()) {
        const [alone] = (await run({ classes: ibsi, labels: [k + 1], settings })) as [Row];
        expect(features(row).length).toBeGreaterThan(70);
        for (const [name, value] of features(row))
          expectClose(value as number, alone[name] as number, { rel: RUNNING_SUMS, what: name });
      }
    },
  );

  it.each([null, 0, 1] as const)(
    'take distances of the mask and zones of the intensities, across axis %s',
    async (axis) => {
      const settings = {
        binWidth: 20,
        binMinimum: 0,
        resegmentRange: [90, 180],
        ...(axis === null ? {} : { force2D: true, force2Ddimension: axis }),
      };
      const rows = await run({ classes: ['dzm'], labels: [1, 2], settings });
      const levels = noise.map((x) => 1 + Math.floor(x / 20));
      const inRange = labels.map((label, i) => (noise[i]! >= 90 && noise[i]! <= 180 ? label : 0));
      const half = offsets([1], { bidirectional: false, force2Ddimension: axis });
      const axes = ([0, 1, 2] as const).filter((a) => axis === null || a !== 2 - axis);
      const [bins, columns] = [Math.max(...levels), Math.max(...size)];
      for (const [k, row] of rows.entries()) {
        const away = distances({ size, regions: labels, levels }, k + 1, axes);
        const counts = distanceZones({ size, regions: inRange, levels }, k + 1, half, away, bins, columns);
        const table = {
          levels: Uint32Array.from({ length: bins }, (_, i) => i + 1),
          histogram: Uint32Array.from({ length: bins }, (_, i) =>
            inRange.reduce((n, label, j) => n + Number(label === k + 1 && levels[j] === i + 1), 0),
          ),
        };
        const voxels = inRange.filter((label) => label === k + 1).length;
        const expected = dzmFeatures(table, { counts: Uint32Array.from(counts), maxDistance: columns }, voxels);
        for (const name of dzmNames)
          expectClose(row[`original_dzm_${name}`] as number, expected.values[name]!, { rel: SUMMATION, what: name });
      }
    },
  );

  it('take distances of the resegmented mask with resegmentShape', async () => {
    const settings = { binWidth: 20, resegmentRange: [90, 180] };
    const [[mask], [both]] = (await Promise.all([
      run({ classes: ['dzm'], settings }),
      run({ classes: ['dzm'], settings: { ...settings, resegmentShape: true } }),
    ])) as [[Row], [Row]];
    expect(both['original_dzm_lde']).toBeLessThan(mask['original_dzm_lde'] as number);
  });

  it('see the image around the regions, and derived images too', async () => {
    const options = { classes: ['loc'] as FeatureClass[], imageTypes: ['Original', 'Gradient'] as const };
    const rows = await run({ ...options, labels: [1, 2], settings: { resegmentRange: [90, 150] } });
    const derived: Volume = { ...image, data: gradient(image, true) };
    for (const [k, row] of rows.entries()) {
      const inside = (i: number) => labels[i] === k + 1 && noise[i]! >= 90 && noise[i]! <= 150;
      const [own, its] = [peaksByDefinition(image, inside), peaksByDefinition(derived, inside)];
      const number = (name: string) => row[name] as number;
      expectClose(number('original_loc_peak_loc'), own.local, { rel: RUNNING_SUMS });
      expectClose(number('original_loc_peak_glob'), own.global, { rel: RUNNING_SUMS });
      expectClose(number('gradient_loc_peak_loc'), its.local, { rel: LAST_BIT });
      expectClose(number('gradient_loc_peak_glob'), its.global, { rel: LAST_BIT });
    }
  });

  it('say where the image is cropped nearer than they look', async () => {
    const notes = async (settings: SettingsInput, imageTypes: ImageTypeName[] = ['Original']) => {
      const [row] = (await run({ classes: ['loc'], settings, imageTypes })) as [Row];
      return row['voxomics_notes'];
    };
    const resampled = { resampledPixelSpacing: [1, 1, 1], interpolator: 'sitkLinear' };
    expect(await notes(resampled)).toEqual([expect.stringMatching(/padDistance=6$/)]);
    expect(await notes({ ...resampled, padDistance: 6 })).toBeUndefined();
    expect(await notes({ preCrop: true, padDistance: 2 }, ['Square'])).toEqual([expect.stringMatching(/=4$/)]);
    expect(await notes({ preCrop: true, padDistance: 2 })).toBeUndefined();
  });

  it('see as far where the image is given out', async () => {
    const options: ExtractOptions = { classes: ['loc'], labels: [1, 2], settings: { preCrop: true, padDistance: 0 } };
    const rows = await run(options);
    const given: string[] = [];
    expect(await run({ ...options, onImage: ({ name }) => void given.push(name) })).toEqual(rows);
    expect(given).toEqual(['original', 'original']);
  });

  it('split a pass whose spheres need more memory than the adapter binds', async () => {
    const options: ExtractOptions = { classes: ibsi, labels: [1, 2], settings: quiet };
    const expected = await extract(engine(), image, mask, options);
    for (const [bindingBytes, fits] of [
      [110_000, true],
      [60_000, false],
    ] as const) {
      const small = await createEngine({ bindingBytes });
      const rows = await extract(small, image, mask, options);
      for (const [k, row] of rows.entries()) {
        if (!fits) expect(row['voxomics_error']).toMatchObject({ code: 'TooLarge' });
        else
          for (const [name, value] of features(row))
            expectClose(value as number, expected[k]![name] as number, { rel: RUNNING_SUMS, what: name });
      }
      small.destroy();
    }
  });
});
