/** The input of a network: against its float64 twin, against recorded inputs, and what has to hold of any. */
import { describe, expect, it } from 'vitest';
import { toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { type Box, wholeBox } from '../../src/pipeline/box.ts';
import { buffersOf, fromDevice, toDevice } from '../../src/pipeline/device-volume.ts';
import { type Crop, cropBox, type InputOptions, inputSettings, prepareInput } from '../../src/pipeline/nn/input.ts';
import { insideOf } from '../../src/pipeline/nn/inside.ts';
import { normalQuantiles } from '../../src/pipeline/nn/noise.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { prepare, type TwinOptions } from '../reference/nn/input.ts';
import { useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { random, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

/** Three interpolations and a map in float32, of values up to about 4 SD. */
const FLOAT32 = 3e-6;

const size: Vec3 = [21, 17, 11];
const next = random(31);
const values = Int16Array.from({ length: voxelCount(size) }, (_, i) => (i % 5 === 0 ? 0 : 900 * next() - 120));
const image: Volume = { ...volumeOf(values, size), spacing: [0.7, 0.9, 2.1] };
/** A ball, in voxels. */
const inBall = (x: number, y: number, z: number) => (x - 8) ** 2 + (y - 9) ** 2 + (2 * (z - 5)) ** 2 < 40;
const ball: Box = boxOf(inBall);

function boxOf(inside: (x: number, y: number, z: number) => boolean): Box {
  const first: [number, number, number] = [...size];
  const last: [number, number, number] = [-1, -1, -1];
  for (let i = 0; i < values.length; i++) {
    const at = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))] as const;
    if (!inside(...at)) continue;
    for (const a of [0, 1, 2] as const) {
      first[a] = Math.min(first[a], at[a]);
      last[a] = Math.max(last[a], at[a]);
    }
  }
  return { first, last };
}

/** The crop of a box with the part of the ball inside it. */
function cropOf(box: Box): Crop {
  const { first, last } = box;
  const inside: number[] = [];
  for (let z = first[2]; z <= last[2]; z++)
    for (let y = first[1]; y <= last[1]; y++)
      for (let x = first[0]; x <= last[0]; x++) inside.push(Number(inBall(x, y, z)));
  return { box, inside: insideOf(Uint8Array.from(inside), (index) => index === 1) };
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

describe('nn/input', () => {
  const engine = useEngine();

  async function make(volume: Volume, crops: readonly Crop[], options: InputOptions): Promise<Float32Array> {
    const device = await toDevice(engine(), volume);
    const samples = await prepareInput(engine(), device, crops, inputSettings(options));
    const made = await Promise.all(samples.map((sample) => fromDevice(engine(), sample)));
    engine().release(...[device, ...samples].flatMap(buffersOf));
    return Float32Array.from(made.flatMap(({ data }) => [...data]));
  }

  /** The noise by its definition: a hash of seed and index draws from the table. */
  function noiseOf(seed: number): (index: number) => number {
    const table = normalQuantiles();
    const mix = (word: number) => {
      let h = word >>> 0;
      h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
      return (h ^ (h >>> 16)) >>> 0;
    };
    return (index) => table[mix(mix(seed) + Math.imul(index, 0x9e3779b9)) >>> 18]!;
  }

  const cases: readonly (readonly [string, InputOptions])[] = [
    ['crop', { size: [12, 20, 14] }],
    ['crop, odd planes', { size: [5, 7, 9], margin: { value: 2, unit: 'voxels' } }],
    ['z-score in the mask', { size: [8, 8, 8], zscore: 'mask', margin: { value: 0, unit: 'mm' } }],
    ['z-score of positive voxels', { size: [9, 16, 16], zscore: 'positive' }],
    ['no z-score', { size: [6, 6, 6], zscore: null }],
    ['masked', { size: [10, 12, 12], masked: true, zscore: 'mask', margin: { value: 3, unit: 'mm' } }],
    ['masked with noise', { size: [10, 12, 12], masked: true, noise: 7 }],
    ['noise for zeros', { size: [11, 17, 21], margin: { value: 99, unit: 'mm' }, noise: 4294967295 }],
  ];
  it.each(cases)('%s as its twin', async (_, options) => {
    const settings = inputSettings(options);
    const box = cropBox(image, ball, settings);
    const made = await make(image, [cropOf(box)], options);
    const twin: TwinOptions = { ...settings, noise: settings.noise === null ? null : noiseOf(settings.noise) };
    const expected = prepare({ ...box, data: values, size, inside: inBall }, twin);
    const scale = settings.zscore === null ? 900 : 1;
    expect(largest(made, expected)).toBeLessThan(FLOAT32 * scale);
  });

  it('lays the margin round the region in millimetres, as far as the image goes', () => {
    expect(ball).toEqual({ first: [2, 3, 2], last: [14, 15, 8] });
    const margin = (value: number, unit: 'mm' | 'voxels') =>
      cropBox(image, ball, inputSettings({ margin: { value, unit } }));
    expect(margin(1.4, 'mm')).toEqual({ first: [0, 1, 1], last: [16, 16, 9] });
    expect(margin(1, 'voxels')).toEqual({ first: [1, 2, 1], last: [15, 16, 9] });
    expect(margin(500, 'mm')).toEqual(wholeBox(image));
  });

  it('makes each sample as if it were alone', async () => {
    const crops = [cropOf(ball), cropOf({ first: [0, 0, 0], last: [5, 9, 10] }), cropOf(wholeBox(image))];
    const options: InputOptions = { size: [7, 10, 6], masked: true, noise: 3 };
    const together = await make(image, crops, options);
    const alone = await Promise.all(crops.map((crop) => make(image, [crop], options)));
    expect(together).toEqual(Float32Array.from(alone.flatMap((sample) => [...sample])));
  });

  it('does not see the units of the image', async () => {
    const other = { ...image, data: Float32Array.from(values, (v) => 2 * v + 64) };
    const crops = [cropOf(cropBox(image, ball, inputSettings()))];
    const options: InputOptions = { size: [16, 16, 16] };
    expect(largest(await make(other, crops, options), await make(image, crops, options))).toBeLessThan(FLOAT32);
  });

  it('turns round with the image', async () => {
    const flipped = Int16Array.from(values, (_, i) => values[i - (i % size[0]) + size[0] - 1 - (i % size[0])]!);
    const options: InputOptions = { size: [8, 9, 10] };
    const [there, back] = [
      await make(image, [cropOf(wholeBox(image))], options),
      await make({ ...image, data: flipped }, [cropOf(wholeBox(image))], options),
    ];
    const turned = there.map((_, i) => there[i - (i % 10) + 9 - (i % 10)]!);
    expect(largest(back, turned)).toBeLessThan(FLOAT32);
  });

  it('changes nothing where the size is that of the crop', async () => {
    const made = await make(image, [{ box: wholeBox(image), inside: null }], { size: [11, 17, 21], zscore: null });
    expect(made).toEqual(Float32Array.from(values));
  });

  it('keeps the one slice of a 2D image', async () => {
    const flat: Volume = { ...image, dimension: 2, size: [21, 17, 1], data: values.slice(0, 21 * 17) };
    const options: InputOptions = { size: [64, 12, 16] };
    const device = await toDevice(engine(), flat);
    const crop = { box: wholeBox(flat), inside: null };
    const [sample] = await prepareInput(engine(), device, [crop], inputSettings(options));
    expect(sample!.size).toEqual([16, 12, 1]);
    const twin: TwinOptions = { size: [1, 12, 16], zscore: 'crop', masked: false, noise: null };
    const expected = prepare({ ...crop.box, data: flat.data, size: flat.size, inside: () => true }, twin);
    expect(largest(await make(flat, [crop], options), expected)).toBeLessThan(FLOAT32);
  });

  it.each([
    [
      'NaN outside the region',
      (v: number, i: number) => (i === 0 ? Number.NaN : v),
      { zscore: 'mask' },
      'NonFiniteImage',
    ],
    ['a constant crop', () => 7, {}, 'ConstantImage'],
    ['no positive voxel', () => -1, { zscore: 'positive' }, 'EmptyMask'],
  ] as const)('refuses %s', async (_, change, options, code) => {
    const broken = { ...image, data: Float32Array.from(values, change) };
    const made = make(broken, [cropOf(wholeBox(image))], { size: [4, 4, 4], ...options });
    await expect(made).rejects.toMatchObject({ code });
  });

  it.each([
    [{ size: [64, 64] }, /three whole numbers/],
    [{ size: [64, 0, 64] }, /three whole numbers/],
    [{ margin: { value: -1, unit: 'mm' } }, /0 or more mm/],
    [{ noise: 1.5 }, /an integer/],
  ])('refuses %j', (options, message) => {
    expect(() => inputSettings(options as unknown as InputOptions)).toThrow(message);
  });
});

describe('normalQuantiles', () => {
  it('are those of the normal distribution', () => {
    const table = normalQuantiles();
    // Printed tables: z of 0.975 and of 0.999 lie between two entries.
    const below = (p: number) => Math.floor(p * table.length - 0.5);
    for (const [p, z] of [
      [0.975, 1.959964],
      [0.999, 3.090232],
    ] as const) {
      expect(table[below(p)]).toBeLessThan(z);
      expect(table[below(p) + 1]).toBeGreaterThan(z);
    }
    const [mean, square] = [1, 2].map((power) => table.reduce((sum, z) => sum + z ** power, 0) / table.length);
    expect(mean).toBeCloseTo(0, 6);
    expect(square).toBeCloseTo(1, 3);
    expect(table.every((z, k) => k === 0 || z > table[k - 1]!)).toBe(true);
  });
});

describeShared('inputs recorded with SimpleITK', () => {
  const engine = useEngine();
  /** They are rounded to 1/256. */
  const ROUNDED = 0.5 / 256;

  it.each(['breast1', 'brain1'])('%s', async (name) => {
    const volume = toVolume(await readImageFile(sharedPath('data', 'pyradiomics', 'data', `${name}_image.nrrd`)));
    const expected = readNpy(sharedPath('reference', 'resnet', 'inputs', `${name}_48x96x96.npy.gz`));
    expect(expected.shape).toEqual([1, 1, 48, 96, 96]);
    const device = await toDevice(engine(), volume);
    const options = inputSettings({ size: [48, 96, 96], zscore: 'positive' });
    const [made] = await prepareInput(engine(), device, [{ box: wholeBox(volume), inside: null }], options);
    const found = (await fromDevice(engine(), made!)).data as Float32Array;
    const clipped = found.map((v) => Math.min(Math.max(v, -8 + 1 / 256), 8 - 1 / 256));
    expect(largest(clipped, expected.data)).toBeLessThan(ROUNDED + FLOAT32);
  });
});
