/** Point filters, Gradient and local binary patterns against the images that PyRadiomics made (float64, voxel by voxel). */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { type Box, boxSize, boxUnion } from '../../src/pipeline/box.ts';
import { maskToDevice } from '../../src/pipeline/device-mask.ts';
import { buffersOf, type DeviceVolume, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { recordGradient } from '../../src/pipeline/filter/gradient.ts';
import { type Lbp2dSettings, recordLbp2d } from '../../src/pipeline/filter/lbp2d.ts';
import { findMaskVoxels, type Lbp3dSettings, recordLbp3d } from '../../src/pipeline/filter/lbp3d.ts';
import { pointImages } from '../support/point-images.ts';
import { wholeBox } from '../../src/pipeline/box.ts';
import { boxGrid } from '../../src/pipeline/geometry.ts';
import type { FilteredImage } from '../../src/pipeline/filter/filtered-image.ts';
import { findMaskLabels } from '../../src/pipeline/selection.ts';
import type { Mask, Vec3, Volume } from '../../src/pipeline/volume.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** Of the range: one or two units in the last place of float64 in logarithms and exponentials, and the 48 bits kept. */
const POINT = 1e-14;

/** Sums of 42 terms in pairs of float32 against complex float64; a kurtosis also has the rounding of the mean. */
const PATTERN_3D = 1e-12;
const KURTOSIS = 1e-11;

interface Recorded {
  readonly offset_zyx: Vec3;
  readonly shape_zyx: Vec3;
  readonly whole_shape_zyx: Vec3;
  readonly whole: { readonly min: number; readonly max: number; readonly sum: number };
}
interface Index {
  readonly image: string;
  readonly mask: string;
  readonly images: Readonly<Record<string, Recorded>>;
}

const folder = 'reference/pyradiomics/images';
const expectedImage = (name: string, key: string) => readNpy(sharedPath(folder, name, `${key}.npy.gz`)).data;

/** The recorded part of an image. */
function inner({ data, size }: Volume, { offset_zyx: [oz, oy, ox], shape_zyx: [nz, ny, nx] }: Recorded): Float64Array {
  return Float64Array.from({ length: nx * ny * nz }, (_, k) => {
    const [x, y, z] = [ox + (k % nx), oy + (Math.floor(k / nx) % ny), oz + Math.floor(k / nx / ny)];
    return data[x + size[0] * (y + size[1] * z)]!;
  });
}

/** A box cut out of an image. */
function cut(volume: Volume, box: Box): Volume {
  const [nx, ny, nz] = boxSize(box);
  const [x0, y0, z0] = box.first;
  const data = new (volume.data.constructor as Int16ArrayConstructor)(nx * ny * nz);
  data.forEach((_, k) => {
    const [x, y, z] = [x0 + (k % nx), y0 + (Math.floor(k / nx) % ny), z0 + Math.floor(k / nx / ny)];
    data[k] = volume.data[x + volume.size[0] * (y + volume.size[1] * z)]!;
  });
  return { ...boxGrid(volume, box), data };
}

/** The level of an intensity for bins of width 25 that are anchored at 0. */
const levelOf = (x: number) => Math.floor(x / 25);

describeShared('filters of PyRadiomics', () => {
  const engine = useEngine();

  describe.each(hasShared ? ['breast1', 'brain1'] : [])('%s', (name) => {
    let index: Index;
    let volume: Volume;
    let mask: Mask;
    let image: DeviceVolume;
    beforeAll(async () => {
      index = JSON.parse(readFileSync(sharedPath(folder, name, 'index.json'), 'utf8')) as Index;
      volume = toVolume(await readImageFile(sharedPath(index.image)));
      mask = toMask(await readImageFile(sharedPath(index.mask)));
      image = await toDevice(engine(), volume);
    });

    /** Compares the point filters of an image with the recorded ones. */
    async function checkPoint(source: DeviceVolume, prefix: string): Promise<void> {
      for (const { name: type, image: made } of await pointImages(engine(), source)) {
        const found = await fromDevice(engine(), made);
        engine().release(...buffersOf(made));
        const recorded = index.images[`${prefix}${type}`]!;
        expect([...found.size].reverse()).toEqual(recorded.whole_shape_zyx);
        const abs = POINT * (recorded.whole.max - recorded.whole.min);
        const values = inner(found, recorded);
        expectedImage(name, `${prefix}${type}`).forEach((e, i) => {
          expectClose(values[i]!, e, { abs, what: `${type}, voxel ${i}` });
          expect(levelOf(values[i]!)).toBe(levelOf(e));
        });
        const whole = Float64Array.from(found.data);
        expectClose(
          whole.reduce((a, b) => Math.min(a, b)),
          recorded.whole.min,
          { abs },
        );
        expectClose(
          whole.reduce((a, b) => Math.max(a, b)),
          recorded.whole.max,
          { abs },
        );
      }
    }

    it('Square, SquareRoot, Logarithm and Exponential', async () => {
      await checkPoint(image, '');
    });

    it('the same, computed as for an image of fractions', async () => {
      // A voxel outside the recorded part, no whole number any more, forbids the table.
      const data = Float32Array.from(volume.data);
      const corner = data.findIndex((x) => x > 1);
      data[corner] = data[corner]! - 0.25;
      const floats = await toDevice(engine(), { ...volume, data });
      await checkPoint(floats, '');
      engine().release(...buffersOf(floats));
    });

    it('the same of the image that preCrop leaves', async () => {
      const { found } = findMaskLabels(mask);
      const region = found.map((f) => f.box).reduce(boxUnion);
      const { last } = wholeBox(volume);
      const padded: Box = {
        first: region.first.map((x) => Math.max(0, x - 5)) as unknown as Vec3,
        last: region.last.map((x, a) => Math.min(last[a]!, x + 5)) as unknown as Vec3,
      };
      const cropped = await toDevice(engine(), cut(volume, padded));
      await checkPoint(cropped, 'preCrop_pad5_');
      engine().release(...buffersOf(cropped));
    });

    /** Runs a filter and reads its images back, by name. */
    async function filter(record: (rec: Recording) => FilteredImage[]): Promise<Map<string, Volume>> {
      const rec = new Recording('test');
      const made = record(rec);
      await engine().execute(rec);
      const found = new Map<string, Volume>();
      for (const { name: type, image: one } of made) {
        found.set(type, await fromDevice(engine(), one));
        engine().release(...buffersOf(one));
      }
      return found;
    }

    it.each([
      ['gradient', true],
      ['gradient_no-spacing', false],
    ])('%s', async (key, gradientUseSpacing) => {
      const found = await filter((rec) => recordGradient(rec, image, { gradientUseSpacing }));
      // Every voxel: ITK's float32, from float64, and ours, from 48 bits.
      expect(inner(found.get('gradient')!, index.images[key]!)).toEqual(expectedImage(name, key));
    });

    const patterns2d: readonly (readonly [string, Lbp2dSettings])[] = [
      ['lbp-2D', {}],
      ['lbp-2D_default', { lbp2DMethod: 'default' }],
      ['lbp-2D_r2-12-ror', { lbp2DRadius: 2, lbp2DSamples: 12, lbp2DMethod: 'ror' }],
    ];
    it.each(patterns2d)('%s', async (key, settings) => {
      const found = (await filter((rec) => recordLbp2d(rec, image, settings))).get('lbp-2D')!;
      expect(found.data.constructor).toBe(volume.data.constructor);
      // Every code of the recorded part, ties included, and the sum of all.
      expect(inner(found, index.images[key]!)).toEqual(expectedImage(name, key));
      expect(Array.from(found.data).reduce((a, b) => a + b, 0)).toBe(index.images[key]!.whole.sum);
    });

    const patterns3d: readonly (readonly [string, Lbp3dSettings])[] = [
      ['', {}],
      ['_r2-s0-l3', { lbp3DIcosphereRadius: 2, lbp3DIcosphereSubdivision: 0, lbp3DLevels: 3 }],
    ];
    it.each(patterns3d)('lbp-3D%s', async (suffix, settings) => {
      const inside = await maskToDevice(engine(), mask);
      // The recorded part, around the mask: PyRadiomics interpolates in the whole image.
      const { offset_zyx: offset, shape_zyx: shape } = index.images['mask']!;
      const box: Box = {
        first: [offset[2], offset[1], offset[0]],
        last: [offset[2] + shape[2] - 1, offset[1] + shape[1] - 1, offset[0] + shape[0] - 1],
      };
      const region = await findMaskVoxels(engine(), { ...inside, first: box.first }, box);
      const found = await filter((rec) => recordLbp3d(rec, image, region, settings));
      engine().release(inside.inside, region.list);
      const recordedMask = expectedImage(name, 'mask');
      const levels = settings.lbp3DLevels ?? 2;
      const names = [...Array.from({ length: levels }, (_, n) => `lbp-3D-m${n + 1}`), 'lbp-3D-k'];
      expect([...found.keys()]).toEqual(names);
      for (const type of names) {
        const expected = expectedImage(name, type + suffix);
        const values = found.get(type)!.data;
        const tolerance = type === 'lbp-3D-k' ? KURTOSIS : PATTERN_3D;
        // Outside the mask PyRadiomics leaves memory that was never set.
        recordedMask.forEach((isInside, i) => {
          if (isInside)
            expectClose(values[i]!, expected[i]!, { rel: tolerance, abs: tolerance, what: `${type}, voxel ${i}` });
          else expect(values[i]).toBe(0);
        });
      }
    });
  });
});
