/** The grids to resample to, against those of SimpleITK, ANTsPy, PyRadiomics and IBSI. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { boxUnion } from '../../src/pipeline/box.ts';
import { indexToPhysical } from '../../src/pipeline/geometry.ts';
import { gridOfStep } from '../../src/pipeline/preprocess.ts';
import { extentGrid, ibsiGrid, itkGrid, pyradiomicsGrid } from '../../src/pipeline/resample/index.ts';
import { findMaskLabels } from '../../src/pipeline/selection.ts';
import type { Geometry, Vec3 } from '../../src/pipeline/volume.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** Millimetres: float64 with a few operations in another order. */
const ROUNDING = 1e-9;

function expectGrid(found: Geometry, { size, spacing, origin }: Pick<Geometry, 'size' | 'spacing' | 'origin'>): void {
  expect(found.size).toEqual(size);
  const worst = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
  expect(worst(found.spacing, spacing), 'spacing').toBeLessThan(ROUNDING);
  expect(worst(found.origin, origin), `origin ${found.origin} against ${origin}`).toBeLessThan(ROUNDING);
}

interface ReferenceGrid {
  readonly size_xyz: Vec3;
  readonly spacing_xyz: Vec3;
  readonly origin_lps: Vec3;
  readonly direction_rows_lps: readonly number[];
}

const grid = ({ size_xyz, spacing_xyz, origin_lps, direction_rows_lps }: ReferenceGrid): Geometry => ({
  dimension: 3,
  size: size_xyz,
  spacing: spacing_xyz,
  origin: origin_lps,
  direction: direction_rows_lps,
});

describeShared('grids of other programs', () => {
  const root = 'reference/resample';
  const cases = hasShared ? readdirSync(sharedPath(root)).filter((name) => !/\.|scripts/.test(name)) : [];

  it.each(cases)('%s: ITK’s and IBSI’s grid at 1 mm', (name) => {
    const { input, outputs } = JSON.parse(readFileSync(sharedPath(root, name, 'case.json'), 'utf8')) as {
      input: ReferenceGrid;
      outputs: { file: string; grid: ReferenceGrid }[];
    };
    const rules = { sitk_origin: itkGrid, ants_: itkGrid, sitk_centre: ibsiGrid };
    let compared = 0;
    for (const [prefix, rule] of Object.entries(rules)) {
      for (const output of outputs.filter((o) => o.file.startsWith(prefix))) {
        expectGrid(rule(grid(input), [1, 1, 1]), grid(output.grid));
        compared++;
      }
    }
    expect(compared).toBeGreaterThanOrEqual(6);
  });

  interface Recorded {
    readonly offset_zyx: Vec3;
    readonly whole_shape_zyx: Vec3;
    readonly spacing_xyz: Vec3;
    readonly origin_xyz: Vec3;
    readonly settings?: { readonly resampledPixelSpacing?: Vec3; readonly padDistance?: number };
  }
  const runs = (hasShared ? ['brain1', 'breast1'] : []).flatMap((name) => {
    const index = JSON.parse(readFileSync(sharedPath('reference/pyradiomics/images', name, 'index.json'), 'utf8')) as {
      image: string;
      mask: string;
      images: Record<string, Recorded>;
    };
    return Object.entries(index.images)
      .filter(([key, { settings }]) => key.startsWith('resample_') && settings?.resampledPixelSpacing)
      .map(([key, recorded]) => ({ ...index, recorded, title: `${name} ${key}` }));
  });

  it.each(runs)('PyRadiomics’ grid: $title', async ({ image: imagePath, mask: maskPath, recorded }) => {
    const image = toVolume(await readImageFile(sharedPath(imagePath)));
    const { found } = findMaskLabels(toMask(await readImageFile(sharedPath(maskPath))));
    const region = found.map((f) => f.box).reduce(boxUnion);
    const { resampledPixelSpacing, padDistance = 5 } = recorded.settings!;
    const made = pyradiomicsGrid(image, region, resampledPixelSpacing!, padDistance);
    const size = recorded.whole_shape_zyx.toReversed() as unknown as Vec3;
    expectGrid(made, { size, spacing: recorded.spacing_xyz, origin: recorded.origin_xyz });
  });
});

/** 0.5 x 0.5 x 3 mm, its second axis backwards. */
const image: Geometry = {
  dimension: 3,
  size: [10, 11, 4],
  spacing: [0.5, 0.5, 3],
  origin: [100, -20, 7],
  direction: [1, 0, 0, 0, -1, 0, 0, 0, 1],
};
const whole = { first: [0, 0, 0], last: [9, 10, 3] } as const;

describe('grids by definition', () => {
  /** Centre of the volume in millimetres. */
  const centre = (g: Geometry) =>
    indexToPhysical(
      g,
      g.size.map((n) => (n - 1) / 2),
    );
  /** Outer corner of the first voxel. */
  const corner = (g: Geometry) => indexToPhysical(g, [-0.5, -0.5, -0.5]);

  it('IBSI: the centres agree, the size is rounded up', () => {
    const made = ibsiGrid(image, [1, 1, 1]);
    expect(made.size).toEqual([5, 6, 12]);
    centre(image).forEach((x, i) => {
      expect(centre(made)[i]).toBeCloseTo(x, 12);
    });
  });

  it('IBSI: a size that is whole but for rounding gains no voxel', () => {
    expect(ibsiGrid({ ...image, spacing: [0.1, 0.7, 3] }, [0.2, 1.1, 2]).size).toEqual([5, 7, 6]);
  });

  it('ITK: the first voxels agree, the size is rounded, at least one voxel', () => {
    expectGrid(itkGrid(image, [1, 1, 20]), { size: [5, 6, 1], spacing: [1, 1, 20], origin: image.origin });
  });

  it('PyRadiomics: the corners agree, and the padded region is kept', () => {
    const all = pyradiomicsGrid(image, whole, [1, 1, 1], 50);
    expect(all.size).toEqual([5, 6, 12]);
    corner(image).forEach((x, i) => {
      expect(corner(all)[i]).toBeCloseTo(x, 12);
    });
    // The region reaches from 1.75 to 3.75 and from 4.5 to 10.5 voxels of the new grid: with one around it from 0 and 3 on.
    const part = pyradiomicsGrid(image, { first: [4, 0, 2], last: [7, 10, 3] }, [1, 1, 1], 1);
    expect(part.size).toEqual([5, 6, 9]);
    expect(part.origin).toEqual(indexToPhysical(all, [0, 0, 3]));
  });

  it('PyRadiomics: a flat region keeps its spacing, and equal spacings only crop', () => {
    const flat = pyradiomicsGrid(image, { first: [0, 0, 2], last: [9, 10, 2] }, [1, 1, 1], 0);
    expect(flat.spacing).toEqual([1, 1, 3]);
    const cropped = pyradiomicsGrid(image, { first: [3, 4, 1], last: [5, 6, 2] }, [0.5, 0.5, 3.00001], 1);
    expectGrid(cropped, { size: [5, 5, 4], spacing: image.spacing, origin: indexToPhysical(image, [2, 3, 0]) });
  });

  it('of another number of voxels: the outer faces stay', () => {
    const sizes: readonly Vec3[] = [[7, 22, 3], [64, 1, 64], image.size];
    for (const size of sizes) {
      const made = extentGrid(image, size);
      expect(made.size).toEqual(size);
      for (const face of [-0.5, null]) {
        const corner = (grid: Geometry) =>
          indexToPhysical(
            grid,
            grid.size.map((n) => face ?? n - 0.5),
          );
        for (const [i, x] of corner(made).entries()) expect(Math.abs(x - corner(image)[i]!)).toBeLessThan(ROUNDING);
      }
    }
  });

  it('0 keeps the spacing of an axis, and 2D images have two', () => {
    for (const rule of [ibsiGrid, itkGrid]) expect(rule(image, [1, 0, 0]).spacing).toEqual([1, 0.5, 3]);
    const flat: Geometry = { ...image, dimension: 2, size: [10, 11, 1], spacing: [0.5, 0.5, 1] };
    for (const rule of ['pyradiomics', 'ibsi', 'itk'] as const) {
      const made = gridOfStep(flat, { spacing: [1, 0.25], grid: rule }, null);
      expect([made.size, made.spacing]).toEqual([
        [5, 22, 1],
        [1, 0.25, 1],
      ]);
    }
  });

  it.each([[[1, 1]], [[1, 1, -1]], [[1, 1, Number.NaN]]])('refuses the spacing %j', (spacing) => {
    expect(() => gridOfStep(image, { spacing }, null)).toThrow(/expected 3 millimetres/);
  });
});
