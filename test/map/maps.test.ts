/** Feature maps against the CPU twin: all features of all classes, awkward sizes, borders, several labels. */
import { describe, expect, it } from 'vitest';
import { boxSize } from '../../src/pipeline/box.ts';
import { type ClassSelection, featureNames } from '../../src/pipeline/classes.ts';
import { binEdges, levelOf } from '../../src/pipeline/discretise/edges.ts';
import {
  featureMaps,
  type FeatureMapOptions,
  mapClasses,
  parseMapFeatures,
  type RegionMaps,
} from '../../src/pipeline/map/index.ts';
import type { Mask, Vec3, Volume } from '../../src/pipeline/volume.ts';
import { type MapGrid, type MapTwinOptions, mapTwin } from '../reference/map/features.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, random, randomLabels, voxelCount } from '../support/random.ts';

/**
 * Float32 sums of at most some hundred terms: of the value, or of the largest value of the map, for skewnesses,
 * correlations and the like cancel.
 */
const FLOAT32 = 3e-6;
/** PyRadiomics adds the epsilon of float64 inside logarithms, so that its entropy of one level is not quite 0. */
const EPSILON = 4e-16;

const BIN = 100;
const SHIFT = 7;
const spacing: Vec3 = [1, 2, 3];

/** All features with a value, the deprecated one of first order included. */
const everything = Object.fromEntries(
  mapClasses.map((name) => [name, name === 'firstorder' ? featureNames(name) : null]),
) as ClassSelection;

interface Case extends Partial<MapTwinOptions> {
  readonly name: string;
  readonly size: Vec3;
  readonly labels?: number;
  readonly fill?: number;
  readonly levels?: number;
  readonly maskedKernel?: boolean;
  /** Intensities between the bin edges instead of on them. */
  readonly fractions?: boolean;
}

const middle: Vec3 = [7, 6, 5];
const cases: Case[] = [
  // A single voxel is no region.
  ...awkwardSizes.slice(1).map((size) => ({ name: `${size.join(' x ')}, whole image`, size, fill: 1 })),
  { name: 'three labels', size: middle, labels: 3 },
  { name: 'forty levels, fractions', size: middle, levels: 40, fractions: true },
  { name: 'one level', size: middle, levels: 1 },
  { name: 'sparse, unmasked kernel', size: middle, fill: 0.1, maskedKernel: false },
  { name: 'sparse, masked kernel', size: middle, fill: 0.15 },
  { name: 'radius 2', size: middle, kernelRadius: 2 },
  { name: 'radius 2, unmasked, two labels', size: middle, kernelRadius: 2, labels: 2, fill: 0.2, maskedKernel: false },
  { name: 'radius 2, distances 1 and 2, alpha 1', size: [6, 5, 5], kernelRadius: 2, distances: [1, 2], alpha: 1 },
  { name: 'matrices not symmetrical', size: middle, levels: 9, symmetrical: false },
  { name: 'not symmetrical, radius 2, many levels', size: [6, 5, 4], levels: 30, kernelRadius: 2, symmetrical: false },
  ...([0, 1, 2] as const).map((force2Ddimension) => ({
    name: `force2D across axis ${force2Ddimension}`,
    size: middle,
    force2Ddimension,
  })),
];

/** Grey levels in patches, so that neighbours are alike often enough. */
function imageOf({ size, levels = 4, fractions = false }: Case): Volume {
  const next = random(5);
  let level = 0;
  const data = Float64Array.from({ length: voxelCount(size) }, () => {
    if (next() < 0.7) level = BIN * Math.floor(next() * levels);
    return fractions ? level + next() * 0.9 * BIN : level;
  });
  const direction = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const values = fractions ? data : Int16Array.from(data);
  return { data: values, size, dimension: 3, spacing, origin: [0, 0, 0], direction };
}

const positionIn = ([nx, ny]: Vec3, i: number): Vec3 => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / nx / ny)];

/** The box of a map as the twin sees it, with the places of the label's voxels. */
function twinGrid(image: Volume, mask: Mask, label: number, map: Volume, maskedKernel: boolean) {
  const first = map.origin.map((o, axis) => Math.round(o / spacing[axis]!));
  const inImage = Array.from({ length: voxelCount(map.size) }, (_, i) => {
    const [x, y, z] = positionIn(map.size, i).map((p, axis) => p + first[axis]!) as unknown as Vec3;
    return x + image.size[0] * (y + image.size[1] * z);
  });
  const values = inImage.map((i) => image.data[i] as number);
  const own = inImage.map((i) => mask.data[i] === label);
  const regions = own.map((inside) => Number(inside || !maskedKernel));
  const seen = values.filter((_, i) => regions[i] === 1);
  const edges = binEdges(Math.min(...seen), Math.max(...seen), { binWidth: BIN, binCount: null, float32: false });
  const grid: MapGrid = { size: map.size, regions, levels: values.map((x) => levelOf(edges, x)), values, spacing };
  return { grid, places: own.flatMap((inside, i) => (inside ? [i] : [])) };
}

/** Compares all maps of a region with the twin. */
function compare(
  image: Volume,
  mask: Mask,
  { label, maps }: RegionMaps,
  options: MapTwinOptions,
  masked: boolean,
): void {
  const { grid, places } = twinGrid(image, mask, Number(label), [...maps.values()][0]!, masked);
  const twin = mapTwin(
    grid,
    places.map((i) => positionIn(grid.size, i)),
    options,
  );
  // An angle that any neighbourhood has counts for all of them, see Maps.finishJointAverage.
  const angles = (twin[0]?.angles ?? []).map((_, a) => twin.some((t) => t.angles[a]));
  let compared = 0;
  for (const name of mapClasses)
    for (const feature of Object.keys(twin[0]!.features[name]!.values)) {
      const map = maps.get(`original_${name}_${feature}`)!;
      const expected = twin.map(({ features, angles: own }) =>
        feature === 'JointAverage' && own.some((has, a) => has !== angles[a])
          ? Number.NaN
          : features[name]!.values[feature]!,
      );
      const largest = expected.reduce((max, x) => (Number.isNaN(x) ? max : Math.max(max, Math.abs(x))), 0);
      places.forEach((place, k) => {
        const what = `${name}_${feature}, label ${label}, voxel ${positionIn(grid.size, place)}`;
        const tolerance = { rel: FLOAT32, abs: FLOAT32 * largest + EPSILON, what };
        expectClose(map.data[place]!, expected[k]!, tolerance);
        compared++;
      });
    }
  // 19 features of first order, 24 + 16 + 16 + 14 + 5 of textures.
  expect(compared).toBe(94 * places.length);
}

describe('feature maps', () => {
  const engine = useEngine();

  it.each(cases)('$name: equal to the CPU twin', async (c) => {
    const options: MapTwinOptions = {
      kernelRadius: c.kernelRadius ?? 1,
      distances: c.distances ?? [1],
      force2Ddimension: c.force2Ddimension ?? null,
      symmetrical: c.symmetrical ?? true,
      alpha: c.alpha ?? 0,
      voxelArrayShift: SHIFT,
    };
    const { labels = 1, fill = 0.8, maskedKernel = true } = c;
    const image = imageOf(c);
    const mask = { ...image, data: randomLabels(c.size, labels, fill, 8) };
    const regions = await featureMaps(engine(), image, mask, {
      features: everything,
      labels: Array.from({ length: labels }, (_, k) => k + 1),
      settings: {
        binWidth: BIN,
        distances: [...options.distances] as [number, ...number[]],
        force2D: options.force2Ddimension !== null,
        force2Ddimension: options.force2Ddimension ?? 0,
        symmetricalGLCM: options.symmetrical,
        gldm_a: options.alpha,
        voxelArrayShift: SHIFT,
        minimumROIDimensions: 1,
      },
      voxelSettings: { kernelRadius: options.kernelRadius, maskedKernel },
    });
    expect(regions.map((r) => r.label)).toEqual(Array.from({ length: labels }, (_, k) => `${k + 1}`));
    for (const region of regions) compare(image, mask, region, options, maskedKernel);
  });

  const image = imageOf({ name: '', size: [9, 8, 7], levels: 5 });
  /** A block that touches the first x and the last z. */
  const block = Uint8Array.from(image.data, (_, i) => {
    const [x, y, z] = positionIn(image.size, i);
    return Number(x < 3 && y > 3 && y < 6 && z > 4);
  });
  const mask: Mask = { ...image, data: block };
  const contrast = (options: FeatureMapOptions = {}) =>
    featureMaps(engine(), image, mask, { features: { glcm: ['Contrast'] }, settings: { binWidth: BIN }, ...options });

  it('covers the box grown by the radius as far as the image goes; initValue outside the region', async () => {
    const [{ maps }] = (await contrast({ voxelSettings: { kernelRadius: 2, initValue: -5 } })) as [RegionMaps];
    const map = maps.get('original_glcm_Contrast')!;
    expect(map.size).toEqual([5, 6, 4]);
    expect(map.origin).toEqual([0, 2 * spacing[1], 3 * spacing[2]]);
    const { first, last } = { first: [0, 2, 2], last: [2, 3, 3] };
    map.data.forEach((value, i) => {
      const at = positionIn(map.size, i);
      const inside = at.every((p, axis) => p >= first[axis]! && p <= last[axis]!);
      expect(value === -5).toBe(!inside);
    });
    expect(boxSize({ first: [0, 2, 2], last: [2, 3, 3] })).toEqual([3, 2, 2]);
    const [nan] = (await contrast({ voxelSettings: { initValue: 'nan' } })) as [RegionMaps];
    expect(nan.maps.get('original_glcm_Contrast')!.data[0]).toBeNaN();
  });

  it('goes on from tile to tile', async () => {
    const size: Vec3 = [24, 21, 20];
    const large = imageOf({ name: '', size, levels: 5 });
    const whole = { ...large, data: new Uint8Array(voxelCount(size)).fill(1) };
    const done: number[] = [];
    const [{ maps }] = (await featureMaps(engine(), large, whole, {
      features: { firstorder: ['Mean'], glcm: ['Contrast', 'MCC', 'JointAverage'] },
      settings: { binWidth: BIN },
      onProgress: (event) => done.push(event.done),
    })) as [RegionMaps];
    expect(done.at(-1)).toBe(voxelCount(size));
    if (engine().caps.software) expect(done.length).toBe(2);
    // Voxels of both tiles.
    const { grid } = twinGrid(large, whole, 1, maps.get('original_glcm_MCC')!, true);
    const places = [0, 8191, 8192, voxelCount(size) - 1];
    const options = { kernelRadius: 1, distances: [1], force2Ddimension: null, symmetrical: true, alpha: 0 };
    const twin = mapTwin(
      grid,
      places.map((i) => positionIn(size, i)),
      { ...options, voxelArrayShift: 0 },
    );
    places.forEach((place, k) => {
      for (const feature of ['Contrast', 'MCC', 'JointAverage'])
        expectClose(maps.get(`original_glcm_${feature}`)!.data[place]!, twin[k]!.features.glcm!.values[feature]!, {
          rel: FLOAT32,
          what: feature,
        });
    });
  });

  it('leaves NaN out of first order', async () => {
    const data = Float32Array.from(image.data);
    const hole = block.indexOf(1);
    data[hole] = Number.NaN;
    const [{ maps }] = (await featureMaps(engine(), { ...image, data }, mask, {
      features: ['firstorder', 'glcm'],
      settings: { binWidth: BIN },
    })) as [RegionMaps];
    const around = Array.from(data).filter((x, i) => {
      const [a, b] = [positionIn(image.size, i), positionIn(image.size, hole)];
      return block[i] === 1 && !Number.isNaN(x) && a.every((p, axis) => Math.abs(p - b[axis]!) <= 1);
    });
    const mean = maps.get('original_firstorder_Mean')!;
    const at = positionIn(image.size, hole).map((p, axis) => p - Math.round(mean.origin[axis]! / spacing[axis]!));
    const place = at[0]! + mean.size[0] * (at[1]! + mean.size[1] * at[2]!);
    expectClose(mean.data[place]!, around.reduce((a, b) => a + b, 0) / around.length, { rel: FLOAT32 });
    expect(maps.get('original_firstorder_Entropy')!.data[place]).toBeGreaterThan(0);
  });

  it('takes 2D images', async () => {
    const size: Vec3 = [9, 8, 1];
    const slice = imageOf({ name: '', size, levels: 5 });
    const whole = { ...slice, data: new Uint8Array(voxelCount(size)).fill(1) };
    const features = mapClasses.filter((name) => name !== 'firstorder');
    const options = { features, settings: { binWidth: BIN } };
    const [solid] = (await featureMaps(engine(), slice, whole, options)) as [RegionMaps];
    const [flat] = (await featureMaps(engine(), { ...slice, dimension: 2 }, { ...whole, dimension: 2 }, options)) as [
      RegionMaps,
    ];
    for (const [name, map] of flat.maps) {
      expect(map).toMatchObject({ dimension: 2, size });
      expect(map.data).toEqual(solid.maps.get(name)!.data);
    }
  });

  it('refuses what has no map, by name', async () => {
    await expect(contrast({ features: ['shape'] })).rejects.toMatchObject({ code: 'BadSetting', message: /shape/ });
    await expect(contrast({ settings: { weightingNorm: 'euclidean' } })).rejects.toThrow(/weightingNorm=euclidean/);
    await expect(contrast({ settings: { normalize: true } })).rejects.toThrow(/normalize/);
    await expect(contrast({ voxelSettings: { kernelRadius: 6 } })).rejects.toThrow(/kernelRadius: expected 1 to 5/);
    await expect(contrast({ voxelSettings: { kernelRadius: 0 } })).rejects.toThrow(/kernelRadius/);
    await expect(contrast({ labels: [4] })).rejects.toMatchObject({ code: 'LabelNotFound' });
  });

  it('stops when cancelled and gives its buffers back', async () => {
    await contrast();
    const before = engine().stats().resident.buffers;
    const abort = new AbortController();
    const size: Vec3 = [24, 21, 40];
    const large = imageOf({ name: '', size, levels: 5 });
    const whole = { ...large, data: new Uint8Array(voxelCount(size)).fill(1) };
    const pending = featureMaps(engine(), large, whole, {
      features: ['ngtdm'],
      settings: { binWidth: BIN },
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('enough')),
    });
    if (engine().caps.software) await expect(pending).rejects.toThrow('enough');
    else await pending;
    expect(engine().stats().resident.buffers).toBe(before);
  });

  it('reads features as text', () => {
    expect(parseMapFeatures('firstorder,glcm:Contrast+JointEntropy')).toEqual({
      firstorder: null,
      glcm: ['Contrast', 'JointEntropy'],
    });
    expect(() => parseMapFeatures('glcm:Contrst')).toThrow(/Did you mean Contrast/);
    expect(() => parseMapFeatures('glmc')).toThrow(/Did you mean glcm/);
  });
});
