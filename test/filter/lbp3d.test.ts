import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import type { Box } from '../../src/pipeline/box.ts';
import { maskToDevice } from '../../src/pipeline/device-mask.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { icosphere } from '../../src/pipeline/filter/icosphere.ts';
import { findMaskVoxels, recordLbp3d } from '../../src/pipeline/filter/lbp3d.ts';
import { wholeBox } from '../../src/pipeline/box.ts';
import type { Vec3, Volume, VoxelArray } from '../../src/pipeline/volume.ts';
import { type Lbp3dCase, lbp3d } from '../reference/filter/lbp3d.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { awkwardSizes, random, randomLabels, voxelCount } from '../support/random.ts';

/** Values of order 1 from sums of up to 162 terms in pairs of float32, and PyRadiomics' complex float64. */
const NORM = 1e-12;
/** A kurtosis amplifies the rounding of the samples by the distance of their mean from zero over their spread. */
const KURTOSIS = 1e-10;
/** PyRadiomics takes it in float32 where the image is. */
const KURTOSIS_FLOAT32 = 1e-4;
/** Points of the sphere are rounded in another order than trimesh's. */
const POINT = 4 * 2 ** -52;

const types = { int16: Int16Array, uint8: Uint8Array, float32: Float32Array, float64: Float64Array } as const;

interface Golden {
  readonly spheres: readonly { subdivisions: number; radius: number; points: readonly Vec3[] }[];
  readonly cases: readonly {
    readonly name: string;
    readonly type: keyof typeof types;
    readonly size: Vec3;
    readonly image: readonly number[];
    readonly mask: readonly number[];
    readonly results: readonly (Lbp3dCase & {
      readonly values: Readonly<Record<string, readonly (number | null)[]>>;
    })[];
  }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/filter/lbp3d.json', import.meta.url), 'utf8')) as Golden;

const defaults: Lbp3dCase = { lbp3DLevels: 2, lbp3DIcosphereRadius: 1, lbp3DIcosphereSubdivision: 1 };

describe('LBP3D', () => {
  const engine = useEngine();

  /** Values of the voxels of the mask, in their order; all others must be 0. */
  async function filter(volume: Volume, mask: ArrayLike<number>, settings: Lbp3dCase, box: Box = wholeBox(volume)) {
    const device = await toDevice(engine(), volume, { exact: true });
    const inside = await maskToDevice(engine(), { ...volume, data: Uint8Array.from(mask) });
    const region = await findMaskVoxels(engine(), { ...inside, first: box.first }, box);
    const rec = new Recording('test');
    const made = recordLbp3d(rec, device, region, settings);
    await engine().execute(rec);
    const found = new Map<string, number[]>();
    for (const { name, image } of made) {
      expect(image.type).toBe('float64');
      const { data, size } = await fromDevice(engine(), image);
      const values: number[] = [];
      data.forEach((x, k) => {
        const [i, j, l] = [k % size[0], Math.floor(k / size[0]) % size[1], Math.floor(k / size[0] / size[1])];
        const whole = box.first[0] + i + volume.size[0] * (box.first[1] + j + volume.size[1] * (box.first[2] + l));
        if (mask[whole] === 1) values.push(x);
        else expect(x).toBe(0);
      });
      found.set(name, values);
      engine().release(...buffersOf(image));
    }
    engine().release(...buffersOf(device), inside.inside, region.list);
    return found;
  }

  function expectSame(
    found: Map<string, number[]>,
    expected: ReadonlyMap<string, readonly number[]>,
    kurtosis: number,
  ) {
    expect([...found.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) {
      expect(found.get(name)!.length).toBe(values.length);
      values.forEach((e, k) => {
        const tolerance = name === 'lbp-3D-k' ? kurtosis : NORM;
        expectClose(found.get(name)![k]!, e, { rel: tolerance, abs: tolerance, what: `${name}, voxel ${k}` });
      });
    }
  }

  it.each(golden.spheres)(
    "takes trimesh's sphere of $subdivisions subdivisions",
    ({ subdivisions, radius, points }) => {
      const found = icosphere(subdivisions, radius);
      expect(found.length).toBe(points.length);
      found.forEach((point, k) => {
        point.forEach((x, a) => {
          expectClose(x, points[k]![a]!, { abs: POINT * radius });
        });
      });
    },
  );

  it.each(golden.cases)('of PyRadiomics: $name', async ({ type, size, image, mask, results }) => {
    const volume = imageOf(types[type].from(image), size);
    const kurtosis = type === 'float32' ? KURTOSIS_FLOAT32 : KURTOSIS;
    for (const { values, ...settings } of results) {
      const expected = new Map(Object.entries(values).map(([name, v]) => [name, v.map((x) => x ?? Number.NaN)]));
      expectSame(lbp3d(volume, mask, settings), expected, kurtosis);
      expectSame(await filter(volume, mask, settings), expected, kurtosis);
    }
  });

  const contents: Readonly<Record<string, (next: () => number) => VoxelArray>> = {
    'signed integers': (next) => Int16Array.from({ length: 2000 }, () => next() * 4096 - 1024),
    'unsigned integers that splines leave': (next) =>
      Uint16Array.from({ length: 2000 }, () => (next() < 0.5 ? 0 : 65535)),
    fractions: (next) =>
      Float64Array.from({ length: 2000 }, () => Math.fround(next()) + Math.fround(next() * 2 ** -26)),
  };

  it.each(Object.keys(contents))('equals the CPU twin: %s', async (content) => {
    for (const size of awkwardSizes) {
      const data = contents[content]!(random(size[0] + size[2])).subarray(0, voxelCount(size)) as VoxelArray;
      const mask = randomLabels(size, 1, 0.3, 5);
      if (!mask.some(Boolean)) continue;
      const volume = imageOf(data, size);
      expectSame(await filter(volume, mask, defaults), lbp3d(volume, mask, defaults), KURTOSIS);
    }
  });

  it.each([
    ['integers', Int16Array],
    ['float32', Float32Array],
    ['float64', Float64Array],
  ])('has no kurtosis where all is equal, and all samples count: %s', async (_name, Type) => {
    const size: Vec3 = [7, 7, 7];
    const volume = imageOf(new Type(343).fill(77), size);
    const mask = Uint8Array.from({ length: 343 }, (_, k) => Number(k === 171));
    const found = await filter(volume, mask, defaults);
    expect(found.get('lbp-3D-k')).toEqual([Number.NaN]);
    if (Type !== Int16Array) return;
    expectSame(found, lbp3d(volume, mask, defaults), KURTOSIS);
  });

  it('gives the same in a box, from what lies around it', async () => {
    const size: Vec3 = [40, 9, 12];
    const next = random(8);
    const full = imageOf(
      Int16Array.from({ length: voxelCount(size) }, () => next() * 1000),
      size,
    );
    const box: Box = { first: [31, 2, 0], last: [39, 5, 6] };
    const mask = new Uint8Array(voxelCount(size));
    const labels = randomLabels(size, 1, 0.4, 5);
    for (let z = 0; z <= 6; z++)
      for (let y = 2; y <= 5; y++)
        for (let x = 31; x <= 39; x++) mask[x + 40 * (y + 9 * z)] = labels[x + 40 * (y + 9 * z)]!;
    const whole = await filter(full, mask, defaults);
    expectSame(await filter(full, mask, defaults, box), whole, KURTOSIS);
  });

  it('takes a large region in parts', async () => {
    const size: Vec3 = [20, 20, 20];
    const next = random(8);
    const volume = imageOf(
      Int16Array.from({ length: voxelCount(size) }, () => next() * 1000),
      size,
    );
    // 162 points: 6,472 voxels at once.
    const settings = { ...defaults, lbp3DIcosphereSubdivision: 2 };
    const all = await filter(volume, new Uint8Array(voxelCount(size)).fill(1), settings);
    const few = Uint8Array.from({ length: voxelCount(size) }, (_, k) => Number(k % 997 === 0));
    const some = await filter(volume, few, settings);
    for (const [name, values] of some) {
      expect(values).toEqual(all.get(name)!.filter((_, k) => k % 997 === 0));
    }
  });

  it('refuses settings outside their range', async () => {
    const volume = imageOf(Int16Array.of(1, 2));
    const device = await toDevice(engine(), volume);
    const mask = await maskToDevice(engine(), volume);
    const region = await findMaskVoxels(engine(), { ...mask, first: [0, 0, 0] }, wholeBox(mask));
    expect(region.count).toBe(2);
    for (const settings of [
      { lbp3DLevels: 1 },
      { lbp3DIcosphereRadius: 0 },
      { lbp3DIcosphereSubdivision: 5 },
      { lbp3DIcosphereSubdivision: 0.5 },
    ]) {
      expect(() => recordLbp3d(new Recording('test'), device, region, settings)).toThrow(/expected/);
    }
    engine().release(...buffersOf(device), mask.inside, region.list);
  });
});
