/** Shape features from the CPU twins' integers, against PyRadiomics' recorded output and against definitions. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { axisVariances } from '../../src/pipeline/shape/axes.ts';
import { shapeFeatures, type ShapeInput, shapeNames } from '../../src/pipeline/shape/features.ts';
import { meshMeasures } from '../../src/pipeline/shape/mesh.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { axisMoments } from '../reference/shape/axes.ts';
import { extremes, vertices } from '../reference/shape/extremes.ts';
import { meshByTriangles, meshCounts, storedVertices } from '../reference/shape/mesh.ts';
import { expectClose } from '../shape/zz_support.ts';
import { cutRegion, readVolume } from '../support/itk.ts';
import { randomLabels, voxelCount } from '../support/random.ts';
import { describeShared, hasShared, sharedPath } from '../shape/zz_support.ts';

const input = (mask: Uint8Array, size: Vec3): ShapeInput => ({
  mesh: meshCounts(mask, size),
  extremes: extremes(mask, size),
  moments: axisMoments(mask, size),
});

/** PyRadiomics adds up to half a million triangles one by one: its area is uncertain by this much (2.3e-12 seen). */
const SUMMATION = 1e-11;
/** Axis lengths that are exactly 0 are the root of a rounding error of about 1e-15 square millimetres in PyRadiomics. */
const FLAT = 1e-7;
/** A handful of float64 operations on either side. */
const ROUNDING = 1e-14;

interface Reference {
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly features: Record<string, number>;
}

const features = ['reference', 'pyradiomics', 'features'] as const;
const readJson = (...parts: string[]) => JSON.parse(readFileSync(sharedPath(...parts), 'utf8'));

async function regionOf(reference: Reference) {
  const image = await readVolume(sharedPath(...reference.image.split('/')));
  const mask = await readVolume(sharedPath(...reference.mask.split('/')));
  return { spacing: image.spacing, ...cutRegion(image, mask, reference.label) };
}

describeShared('shape features equal PyRadiomics', () => {
  const cases = hasShared
    ? readdirSync(sharedPath(...features)).filter((f) => /__(original_default|deprecated_on)\.json$/.test(f))
    : [];

  it.each(cases)('%s', async (file) => {
    const reference: Reference = readJson(...features, file);
    const { mask, size, spacing } = await regionOf(reference);
    const deprecated = ['Compactness1', 'Compactness2', 'SphericalDisproportion'];
    const { values, reasons } = shapeFeatures(input(mask, size), { spacing, deprecated });
    const expected = Object.entries(reference.features).filter(([name]) => name.startsWith('original_shape_'));
    expect(expected.length).toBeGreaterThan(0);
    for (const [column, value] of expected) {
      expectClose(values[column.slice('original_shape_'.length)] as number, value, {
        rel: SUMMATION,
        what: `${file} ${column}`,
      });
    }
    expect(reasons).toEqual({});
  });

  const edgeCases: (Reference & { name: string; preset: string })[] = hasShared
    ? readJson('reference', 'pyradiomics', 'edge_cases', 'results.json')
    : [];
  const names = [
    'one axial slice',
    'one axial slice, brain',
    'one sagittal slice',
    'line of 7 voxels, minimumROIDimensions 1',
    'three voxels in a plane',
    'three voxels with no neighbour',
    'three separate components',
    'mask with a hole',
    'mask touches all six borders of the image',
    'mask covers the whole image',
  ];
  it.each(names)('edge case: %s', async (name) => {
    const reference = edgeCases.find((e) => e.name === name && e.preset === 'original_default')!;
    const { mask, size, spacing } = await regionOf(reference);
    const { values } = shapeFeatures(input(mask, size), { spacing });
    for (const feature of shapeNames) {
      const value = values[feature] as number;
      expectClose(value, reference.features[`original_shape_${feature}`]!, {
        rel: SUMMATION,
        abs: value === 0 ? FLAT : 0,
        what: `${name} ${feature}`,
      });
    }
  });
});

const masks: { name: string; size: Vec3; mask: Uint8Array }[] = [
  { name: 'noise', size: [9, 8, 7] as Vec3, mask: randomLabels([9, 8, 7], 1, 0.5, 1) },
  { name: 'sparse noise', size: [11, 5, 9] as Vec3, mask: randomLabels([11, 5, 9], 1, 0.1, 2) },
  { name: 'dense noise', size: [6, 9, 8] as Vec3, mask: randomLabels([6, 9, 8], 1, 0.9, 3) },
  { name: 'full box', size: [5, 4, 3] as Vec3, mask: new Uint8Array(60).fill(1) },
  { name: 'one voxel', size: [1, 1, 1] as Vec3, mask: new Uint8Array(1).fill(1) },
];
const spacing: Vec3 = [0.7, 1.3, 2.9];

describe('surface mesh', () => {
  it.each(masks)('$name: counts give the area and volume of the triangles', ({ mask, size }) => {
    const direct = meshByTriangles(mask, size, spacing);
    const { area, volume } = meshMeasures(meshCounts(mask, size), spacing);
    expectClose(area, direct.area, { rel: ROUNDING * 10, what: 'area' });
    expectClose(volume, direct.volume, { rel: ROUNDING * 100, what: 'volume, whose terms cancel in the direct sum' });
  });

  it.each(masks)('$name: cshape.c stores every midpoint between inside and outside once', ({ mask, size }) => {
    const text = (list: Vec3[]) => list.map(String).sort();
    expect(text(storedVertices(mask, size))).toEqual(text(vertices(mask, size)));
  });

  it('every configuration occurs in a large noise', () => {
    const size: Vec3 = [20, 20, 20];
    const mask = randomLabels(size, 1, 0.5, 4);
    const counts = meshCounts(mask, size);
    expect(counts.count.filter((n) => n > 0)).toHaveLength(254);
    expectClose(meshMeasures(counts, spacing).volume, meshByTriangles(mask, size, spacing).volume, {
      rel: ROUNDING * 100,
      what: 'volume',
    });
  });

  it('the volume of a region whose voxels touch at faces does not depend on the position', () => {
    const size: Vec3 = [5, 4, 3];
    const counts = meshCounts(new Uint8Array(60).fill(1), size);
    const moved = {
      ...counts,
      sumX: counts.sumX.map((s, c) => s + 1000 * counts.count[c]!),
      sumZ: counts.sumZ.map((s, c) => s - 77 * counts.count[c]!),
    };
    expect(meshMeasures(moved, spacing).volume).toBe(meshMeasures(counts, spacing).volume);
  });
});

describe('degenerate regions', () => {
  const of = (size: Vec3, mask = new Uint8Array(voxelCount(size)).fill(1)) =>
    shapeFeatures(input(mask, size), { spacing: [1, 1, 1] });

  it('one voxel: an octahedron without axes', () => {
    const { values, reasons } = of([1, 1, 1]);
    expectClose(values['MeshVolume']!, 1 / 6, { rel: ROUNDING, what: 'volume' });
    expectClose(values['SurfaceArea']!, Math.sqrt(3), { rel: ROUNDING, what: 'area' });
    expect(values).toMatchObject({ Maximum3DDiameter: 1, MajorAxisLength: 0, LeastAxisLength: 0, VoxelVolume: 1 });
    expect(values['Elongation']).toBeNaN();
    expect(values['Flatness']).toBeNaN();
    expect(Object.keys(reasons)).toEqual(['Elongation', 'Flatness']);
  });

  it('a line', () => {
    const { values, reasons } = of([5, 1, 1]);
    expect(values).toMatchObject({
      Elongation: 0,
      Flatness: 0,
      MinorAxisLength: 0,
      LeastAxisLength: 0,
      Maximum3DDiameter: 5,
      VoxelVolume: 5,
    });
    expectClose(values['MajorAxisLength']!, 4 * Math.sqrt(2), { rel: ROUNDING, what: 'variance of 0 .. 4 is 2' });
    expect(reasons).toEqual({});
  });

  it('a flat plane', () => {
    const { values } = of([4, 4, 1]);
    expect(values).toMatchObject({ Flatness: 0, LeastAxisLength: 0, Elongation: 1 });
  });

  it('a full box: symmetric, two axes alike', () => {
    const { values } = of([6, 6, 3]);
    expectClose(values['MajorAxisLength']!, 4 * Math.sqrt(35 / 12), { rel: ROUNDING, what: 'major' });
    expectClose(values['MinorAxisLength']!, 4 * Math.sqrt(35 / 12), { rel: ROUNDING, what: 'minor' });
    expectClose(values['LeastAxisLength']!, 4 * Math.sqrt(8 / 12), { rel: ROUNDING, what: 'least' });
  });

  it('deprecated features only where they are asked for', () => {
    const size: Vec3 = [2, 2, 2];
    const all = shapeFeatures(input(new Uint8Array(8).fill(1), size), {
      spacing,
      deprecated: ['Compactness2', 'Sphericity'],
    });
    expect(Object.keys(all.values)).toEqual([...shapeNames, 'Compactness2']);
  });
});

describe('principal axes', () => {
  it('a slanted plane is exactly flat', () => {
    const size: Vec3 = [40, 40, 79];
    const mask = new Uint8Array(voxelCount(size));
    for (let x = 0; x < 40; x++) for (let y = 0; y < 40; y++) mask[x + 40 * (y + 40 * (x + y))] = 1;
    const [least, minor, major] = axisVariances(axisMoments(mask, size), [0.3, 0.7, 1.1]);
    expect(least).toBe(0);
    expect(minor).toBeGreaterThan(0);
    expect(major).toBeGreaterThan(minor);
  });

  it('a slanted line has one axis', () => {
    const size: Vec3 = [30, 30, 30];
    const mask = new Uint8Array(voxelCount(size));
    for (let i = 0; i < 30; i++) mask[i * (1 + 30 + 900)] = 1;
    const [least, minor, major] = axisVariances(axisMoments(mask, size), [0.3, 0.7, 1.1]);
    expect([least, minor]).toEqual([0, 0]);
    expectClose(major, (899 / 12) * (0.3 ** 2 + 0.7 ** 2 + 1.1 ** 2), {
      rel: ROUNDING,
      what: 'variance along the line',
    });
  });

  it('a nearly straight region keeps its small axis to full precision', () => {
    // Points (t, t, 0) for t = 0 .. 999 and the point (0, 0, 1), all in one plane.
    const n = 1001;
    const [s1, s2] = [(999 * 1000) / 2, (999 * 1000 * 1999) / 6];
    const moments = { n, sx: s1, sy: s1, sz: 1, sxx: s2, syy: s2, szz: 1, sxy: s2, sxz: 0, syz: 0 };
    const [least, minor, major] = axisVariances(moments, [1, 1, 1]);
    // In the plane of (1, 1, 0) / sqrt 2 and z: variances p, q and covariance r.
    const [p, q, r] = [2 * (s2 / n - (s1 / n) ** 2), 1 / n - 1 / n ** 2, -Math.SQRT2 * (s1 / n ** 2)];
    const high = (p + q + Math.hypot(p - q, 2 * r)) / 2;
    expect(least).toBe(0);
    expectClose(major, high, { rel: ROUNDING, what: 'major' });
    expectClose(minor, (p * q - r * r) / high, { rel: ROUNDING * 10, what: 'minor' });
  });

  it('does not depend on where positions are counted from', () => {
    const size: Vec3 = [9, 8, 7];
    const m = axisMoments(randomLabels(size, 1, 0.4, 9), size);
    const d = 100_000;
    const moved = {
      ...m,
      sx: m.sx + d * m.n,
      sxx: m.sxx + 2 * d * m.sx + d * d * m.n,
      sxy: m.sxy + d * m.sy,
      sxz: m.sxz + d * m.sz,
    };
    expect(axisVariances(moved, spacing)).toEqual(axisVariances(m, spacing));
  });
});
import { afterAll } from 'vitest';
import { worst } from '../shape/zz_support.ts';
afterAll(() => console.log(JSON.stringify(worst)));
