import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toMask, toVolume } from '../src/host/format/index.ts';
import { readImageFile } from '../src/host/node/read.ts';
import {
  checkRoiInside,
  compareGeometry,
  geometryMismatchMessage,
  indexToPhysical,
  resampleMaskToImage,
} from '../src/pipeline/geometry.ts';
import { inverse, singularValues } from '../src/pipeline/svd.ts';
import type { Geometry, Vec3 } from '../src/pipeline/volume.ts';
import golden from './golden/geometry.json' with { type: 'json' };
import { describeShared, hasShared, sharedPath } from './support/shared.ts';

const grid: Geometry = {
  dimension: 3,
  size: [10, 9, 8],
  spacing: [2, 1, 3],
  origin: [0, 0, 0],
  direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};
const turned = (angle: number) => [Math.cos(angle), -Math.sin(angle), 0, Math.sin(angle), Math.cos(angle), 0, 0, 0, 1];

interface RecordedGrid {
  readonly dimension: number;
  readonly size: readonly number[];
  readonly spacing: readonly number[];
  readonly origin: readonly number[];
  readonly direction: readonly number[];
}

/** A recorded grid of two or three axes as the pipeline has it. */
function gridOf({ dimension, size, spacing, origin, direction }: RecordedGrid): Geometry {
  const three = (values: readonly number[], z: number) => [values[0], values[1], values[2] ?? z] as unknown as Vec3;
  const [a, b, c, d] = direction as [number, number, number, number];
  return {
    dimension: dimension as 2 | 3,
    size: three(size, 1),
    spacing: three(spacing, 1),
    origin: three(origin, 0),
    direction: dimension === 2 ? [a, b, 0, c, d, 0, 0, 0, 1] : direction,
  };
}

describe('compareGeometry: ITK compares with 1e-6 of the first spacing', () => {
  test.each([
    ['the same', {}, 0],
    ['origin within', { origin: [1.9e-6, 0, 0] as Vec3 }, 0],
    ['origin beyond', { origin: [0, 0, 2.1e-6] as Vec3 }, 1],
    ['spacing within', { spacing: [2, 1 + 1.9e-6, 3] as Vec3 }, 0],
    ['spacing beyond', { spacing: [2, 1, 3 - 2.1e-6] as Vec3 }, 1],
    ['direction within', { direction: turned(0.9e-6) }, 0],
    ['direction beyond', { direction: turned(1.1e-6) }, 1],
    ['size', { size: [10, 9, 7] as Vec3 }, 1],
    [
      'everything',
      {
        size: [1, 1, 1] as Vec3,
        spacing: [1, 1, 1] as Vec3,
        origin: [1, 1, 1] as Vec3,
        direction: turned(1),
        dimension: 2 as const,
      },
      5,
    ],
    ['NaN', { origin: [Number.NaN, 0, 0] as Vec3 }, 1],
  ])('%s', (_, change, count) => {
    expect(compareGeometry(grid, { ...grid, ...change })).toHaveLength(count);
  });

  test('the message has both grids, the difference and a tolerance that would do', () => {
    const mask = { ...grid, origin: [0, 0.01, 0] as Vec3 };
    const message = geometryMismatchMessage(grid, mask, compareGeometry(grid, mask));
    expect(message).toMatch(
      /image 10 x 9 x 8 voxels.*mask 10 x 9 x 8.*origins differ by up to 0.0100 mm.*correctMask=true/,
    );
    const tolerance = Number(/geometryTolerance=(\S+)/.exec(message)?.[1]);
    expect(compareGeometry(grid, mask, tolerance)).toEqual([]);
  });
});

describe('resampling as SimpleITK, voxel for voxel', () => {
  for (const [i, { image, mask, hash, index, point }] of golden.cases.entries()) {
    test(`case ${i}`, () => {
      const source = gridOf(mask);
      const data = Uint8Array.from(
        { length: source.size[0] * source.size[1] * source.size[2] },
        (_, k) => (k * 7919) % 251,
      );
      const resampled = resampleMaskToImage({ ...source, data }, gridOf(image));
      const wide = Uint32Array.from(resampled.data);
      expect(createHash('sha1').update(new Uint8Array(wide.buffer)).digest('hex')).toBe(hash);
      expect(resampled).toMatchObject(gridOf(image));
      expect(indexToPhysical(source, index).slice(0, point.length)).toEqual(point);
    });
  }
});

describe('checkRoiInside', () => {
  const box = { first: [0, 0, 0] as Vec3, last: [9, 8, 7] as Vec3 };
  test('the whole image is inside, also shifted by less than a thousandth of a voxel', () => {
    expect(() => checkRoiInside(grid, grid, box, '1')).not.toThrow();
    expect(() => checkRoiInside(grid, { ...grid, origin: [0.0019, 0, 0] }, box, '1')).not.toThrow();
  });
  test('beyond that the region is outside', () => {
    expect(() => checkRoiInside(grid, { ...grid, origin: [0.0021, 0, 0] }, box, '1')).toThrow(
      expect.objectContaining({ code: 'RoiOutsideImage', message: expect.stringMatching(/^label 1: .*10 x 9 x 8/) }),
    );
  });
});

describe('singular values', () => {
  const matrix = [2, -1, 0.5, 0.25, 3, 1, -0.75, 0.5, 1.5];
  // Rounding errors of a few dozen operations on numbers near 1.
  const tolerance = { float64: 1e-14, float32: 2e-6 };
  test.each([
    ['float64', (x: number) => x],
    ['float32', Math.fround],
  ] as const)('%s: U diag(w) V gives the matrix back', (name, round) => {
    const { u, v, w } = singularValues(matrix, 3, round);
    for (let k = 0; k < 9; k++) {
      const [i, j] = [Math.floor(k / 3), k % 3];
      const value = [0, 1, 2].reduce((sum, c) => sum + u[c]![i]! * w[c]! * v[c]![j]!, 0);
      expect(Math.abs(value - matrix[k]!)).toBeLessThan(tolerance[name]);
    }
    expect(Array.from(w)).toEqual(Array.from(w).sort((a, b) => b - a));
  });
  test('a singular matrix converges', () => {
    const { w } = singularValues([1, 2, 3, 2, 4, 6, 0, 0, 0], 3);
    expect(w[1]).toBeLessThan(tolerance.float64);
  });
  test('inverse', () => {
    const inverted = inverse(matrix, 3);
    for (let k = 0; k < 9; k++) {
      const value = [0, 1, 2].reduce(
        (sum, c) => sum + matrix[3 * Math.floor(k / 3) + c]! * inverted[3 * c + (k % 3)]!,
        0,
      );
      expect(Math.abs(value - Number(k % 4 === 0))).toBeLessThan(tolerance.float64);
    }
  });
});

interface Run {
  readonly name: string;
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly overrides: { readonly geometryTolerance?: number };
  readonly diagnostics?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Voxel count, box and mean position of a label, the slow way. */
function factsOf({ data, size }: { readonly data: ArrayLike<number>; readonly size: Vec3 }, label: number) {
  const [low, high, sum] = [
    [Infinity, Infinity, Infinity],
    [-1, -1, -1],
    [0, 0, 0],
  ];
  let voxels = 0;
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== label) continue;
    const index = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    index.forEach((x, axis) => {
      low[axis] = Math.min(low[axis]!, x);
      high[axis] = Math.max(high[axis]!, x);
      sum[axis]! += x;
    });
    voxels++;
  }
  return { voxels, box: [...low, ...low.map((x, axis) => high[axis]! - x + 1)], mean: sum.map((x) => x / voxels) };
}

describeShared('PyRadiomics’ edge cases of geometry', () => {
  const runs: Run[] = hasShared
    ? JSON.parse(readFileSync(sharedPath('reference/pyradiomics/edge_cases/results.json'), 'utf8'))
    : [];
  const read = async (run: Run) =>
    [toVolume(await readImageFile(sharedPath(run.image))), toMask(await readImageFile(sharedPath(run.mask)))] as const;

  test.each(runs.filter((run) => run.diagnostics?.['Mask-corrected_VoxelNum']))(
    '$name: the corrected mask',
    async (run) => {
      const [image, mask] = await read(run);
      expect(compareGeometry(image, mask)).not.toEqual([]);
      const { voxels, box, mean } = factsOf(resampleMaskToImage(mask, image), run.label);
      expect({ voxels, box, mean }).toEqual({
        voxels: run.diagnostics?.['Mask-corrected_VoxelNum'],
        box: run.diagnostics?.['Mask-corrected_BoundingBox'],
        mean: run.diagnostics?.['Mask-corrected_CenterOfMassIndex'],
      });
    },
  );

  test.each(runs.filter((run) => run.name.startsWith('mask ') && run.error?.message.includes('geometry')))(
    '$name: refused',
    async (run) => {
      const [image, mask] = await read(run);
      expect(compareGeometry(image, mask, run.overrides.geometryTolerance)).not.toEqual([]);
    },
  );

  test.each(runs.filter((run) => run.error?.message.startsWith('Bounding box of ROI')))(
    '$name: outside',
    async (run) => {
      const [image, mask] = await read(run);
      const { box } = factsOf(mask, run.label);
      const first = box.slice(0, 3) as unknown as Vec3;
      const last = first.map((x, axis) => x + box[axis + 3]! - 1) as unknown as Vec3;
      expect(() => checkRoiInside(image, mask, { first, last }, '1')).toThrow(
        expect.objectContaining({ code: 'RoiOutsideImage' }),
      );
    },
  );
});
