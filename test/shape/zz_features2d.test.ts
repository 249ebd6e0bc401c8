/** shape2D from the 3D integers of a flat region, against PyRadiomics and against marching squares of the plane. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PipelineError } from '../../src/pipeline/errors.ts';
import { planeVariances } from '../../src/pipeline/shape/axes.ts';
import { planeDiameter } from '../../src/pipeline/shape/diameter.ts';
import { type Shape2DInput, shape2DFeatures, shape2DNames } from '../../src/pipeline/shape/features2d.ts';
import { type FlatAxis, outlineMeasures, squareCounts } from '../../src/pipeline/shape/mesh2d.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { axisMoments } from '../reference/shape/axes.ts';
import { extremes } from '../reference/shape/extremes.ts';
import { meshCounts } from '../reference/shape/mesh.ts';
import { planeSquares } from '../reference/shape/mesh2d.ts';
import { expectClose } from '../shape/zz_support.ts';
import { cutRegion, readVolume } from '../support/itk.ts';
import { randomLabels, voxelCount } from '../support/random.ts';
import { describeShared, hasShared, sharedPath } from '../shape/zz_support.ts';

/** A few hundred terms added in different orders. */
const SUMMATION = 1e-12;
const ROUNDING = 1e-14;

const input = (mask: Uint8Array, size: Vec3): Shape2DInput => ({
  mesh: meshCounts(mask, size),
  extremes: extremes(mask, size),
  moments: axisMoments(mask, size),
  box: { first: [0, 0, 0], last: [size[0] - 1, size[1] - 1, size[2] - 1] },
});

interface EdgeCase {
  readonly name: string;
  readonly preset: string;
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly overrides: { readonly force2Ddimension?: number };
  readonly features?: Record<string, number>;
}

describeShared('shape2D features equal PyRadiomics', () => {
  const all: EdgeCase[] = hasShared
    ? JSON.parse(readFileSync(sharedPath('reference', 'pyradiomics', 'edge_cases', 'results.json'), 'utf8'))
    : [];
  const runs = all.filter((e) => e.preset === 'force2d_shape2D');

  it.each(runs)('$name $overrides', async ({ image: imagePath, mask: maskPath, label, overrides, features, name }) => {
    const image = await readVolume(sharedPath(...imagePath.split('/')));
    const { mask, size } = cutRegion(image, await readVolume(sharedPath(...maskPath.split('/'))), label);
    const settings = { force2D: true, force2Ddimension: overrides.force2Ddimension ?? 0 };
    const found = shape2DFeatures(input(mask, size), { spacing: image.spacing, dimension: image.dimension, settings });
    const expected = shape2DNames.filter((n) => `original_shape2D_${n}` in features!);
    if (expected.length === 0) return expect(found).toBeNull();
    expect(expected).toHaveLength(shape2DNames.length);
    for (const feature of expected) {
      expectClose(found!.values[feature] as number, features![`original_shape2D_${feature}`]!, {
        rel: SUMMATION,
        what: `${name} ${feature}`,
      });
    }
  });
});

/** The same plane mask across each axis. */
const flat = (axis: FlatAxis, rows: number, columns: number): Vec3 =>
  [
    [columns, rows, 1],
    [columns, 1, rows],
    [1, columns, rows],
  ][axis] as unknown as Vec3;
const options = (axis: FlatAxis, spacing: Vec3) => ({
  spacing,
  dimension: 3 as const,
  settings: { force2D: true, force2Ddimension: axis },
});
const axes = [{ axis: 0 }, { axis: 1 }, { axis: 2 }] as { axis: FlatAxis }[];

describe.each(axes)('plane across axis $axis', ({ axis }) => {
  it('the squares of the plane follow from the cells of the flat region', () => {
    for (const fill of [0.2, 0.5, 0.8]) {
      const mask = randomLabels([9, 7, 1], 1, fill, 5);
      expect(squareCounts(meshCounts(mask, flat(axis, 7, 9)), axis)).toEqual(planeSquares(mask, 7, 9));
    }
  });

  it('every square occurs', () => {
    const mask = randomLabels([40, 40, 1], 1, 0.5, 6);
    expect(squareCounts(meshCounts(mask, flat(axis, 40, 40)), axis).count.filter((n) => n > 0)).toHaveLength(14);
  });

  it('every pixel lies in the plane: diameter and axes of a rectangle', () => {
    const spacing: Vec3 = [2, 2, 2];
    const { extremes: ends, moments } = input(new Uint8Array(10).fill(1), flat(axis, 5, 2));
    expectClose(planeDiameter(ends, spacing, axis), Math.hypot(10, 2), { rel: ROUNDING, what: 'diameter' });
    const [minor, major] = planeVariances(moments, spacing, axis);
    expectClose(major, 8, { rel: ROUNDING, what: 'major' });
    expectClose(minor, 1, { rel: ROUNDING, what: 'minor' });
  });
});

// PyRadiomics never computes the class across y.
describe.each(axes.filter(({ axis }) => axis !== 1))('features across axis $axis', ({ axis }) => {
  it('a square: the corners are cut', () => {
    const { values } = shape2DFeatures(input(new Uint8Array(9).fill(1), flat(axis, 3, 3)), options(axis, [2, 2, 2]))!;
    expect(values).toMatchObject({ Elongation: 1, PixelSurface: 36, MeshSurface: 34 });
    expectClose(values['Perimeter']!, 16 + 4 * Math.SQRT2, { rel: ROUNDING, what: 'perimeter' });
  });

  it('deprecated feature only where it is asked for', () => {
    const mask = new Uint8Array(12).fill(1);
    const { values } = shape2DFeatures(input(mask, flat(axis, 3, 4)), {
      ...options(axis, [1, 1, 1]),
      deprecated: ['SphericalDisproportion'],
    })!;
    expect(Object.keys(values)).toEqual([...shape2DNames, 'SphericalDisproportion']);
    expectClose(values['SphericalDisproportion']! * values['Sphericity']!, 1, { rel: ROUNDING, what: 'inverse' });
  });
});

describe('outline', () => {
  it('two pixels that touch at a corner', () => {
    const counts = planeSquares(Uint8Array.of(1, 0, 0, 1), 2, 2);
    const { perimeter, surface } = outlineMeasures(counts, [1, 1]);
    expectClose(perimeter, 8 * Math.SQRT1_2, { rel: ROUNDING, what: 'two diamonds' });
    expectClose(surface, 1, { rel: ROUNDING, what: 'two diamonds' });
  });
});

describe('when the class has values', () => {
  const mask = (size: Vec3) => input(new Uint8Array(voxelCount(size)).fill(1), size);
  const spacing: Vec3 = [1, 1, 1];

  it('a single pixel of a 2D image has no axes', () => {
    const { values, reasons } = shape2DFeatures(mask([1, 1, 1]), {
      spacing,
      dimension: 2,
      settings: { force2D: false, force2Ddimension: 0 },
    })!;
    expect(values).toMatchObject({ MaximumDiameter: 1, MajorAxisLength: 0, MeshSurface: 0.5, PixelSurface: 1 });
    expect(values['Elongation']).toBeNaN();
    expect(Object.keys(reasons)).toEqual(['Elongation']);
  });

  it('is left out of a 3D image without force2D', () => {
    expect(
      shape2DFeatures(mask([3, 3, 1]), { spacing, dimension: 3, settings: { force2D: false, force2Ddimension: 0 } }),
    ).toBeNull();
  });

  it('is left out where the box is one voxel thick along the axis that PyRadiomics mistakes for the other', () => {
    expect(shape2DFeatures(mask([1, 3, 3]), options(0, spacing))).toBeNull();
    expect(shape2DFeatures(mask([3, 1, 3]), options(1, spacing))).toBeNull();
    expect(shape2DFeatures(mask([3, 3, 1]), options(2, spacing))).toBeNull();
  });

  it('refuses several slices', () => {
    expect(() => shape2DFeatures(mask([3, 3, 4]), options(0, spacing))).toThrow(
      expect.objectContaining({ code: 'BadSetting' } satisfies Partial<PipelineError>),
    );
  });
});
import { afterAll } from 'vitest';
import { worst } from '../shape/zz_support.ts';
afterAll(() => console.log(JSON.stringify(worst)));
