import { describe, expect, test } from 'vitest';
import { resampleMaskToImage } from '../src/pipeline/geometry.ts';
import {
  alignMaskTo,
  type GeometryMode,
  placeMask,
  placeSinglePrecision,
  type TinyDifference,
} from '../src/pipeline/mask-geometry.ts';
import { parseSettings, type SettingsInput } from '../src/pipeline/settings.ts';
import type { Geometry, ImageGrid, Mask, Vec3 } from '../src/pipeline/volume.ts';
import { randomLabels } from './support/random.ts';

/** Oblique, all axes of different length. */
const image: Geometry = {
  dimension: 3,
  size: [10, 9, 8],
  spacing: [2, 1, 3],
  origin: [-20, 7.5, 33],
  direction: [0.36, 0.48, 0.8, -0.8, 0.6, 0, 0.48, 0.64, -0.6],
};
const axis = (i: number): Vec3 => [0, 1, 2].map((row) => image.direction[3 * row + i]!) as unknown as Vec3;
/** The image's origin moved by voxels along its axes. */
const moved = (...voxels: number[]): Vec3 =>
  image.origin.map((x, row) =>
    voxels.reduce((sum, v, i) => sum + v * image.spacing[i]! * axis(i)[row]!, x),
  ) as unknown as Vec3;

const maskOf = (change: Partial<Geometry> = {}): Mask => {
  const grid = { ...image, ...change };
  return { ...grid, data: randomLabels(grid.size, 3, 0.4, 5) };
};
/** A mask whose only voxel lies in the middle. */
const middle = (change: Partial<Geometry> = {}): Mask => {
  const mask = maskOf(change);
  mask.data.fill(0);
  mask.data[5 + 10 * (4 + 9 * 4)] = 1;
  return mask;
};
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('geometry modes', () => {
  const align = (mask: Mask, mode: GeometryMode, settings: SettingsInput = {}, tiny?: TinyDifference) =>
    alignMaskTo(image, mask, { mode, settings: parseSettings(settings), tiny });

  test.each(['strict', 'resample-mask', 'ignore-tiny'] as const)(
    '%s: a mask of the same grid stays itself',
    async (mode) => {
      const mask = maskOf({ origin: moved(1e-7, 0, 0) });
      expect(await align(mask, mode)).toBe(mask);
    },
  );

  test('strict refuses and says what would do', async () => {
    await expect(align(maskOf({ origin: moved(0.5, 0, 0) }), 'strict')).rejects.toThrow(
      failure(
        'GeometryMismatch',
        /image 10 x 9 x 8 voxels.*mask 10 x 9 x 8 voxels.*origins differ.*--geometry resample-mask.*take its voxels as they are \(--geometry ignore-tiny\): voxels are up to 0.500 voxels apart$/,
      ),
    );
    await expect(align(maskOf({ origin: moved(0, 2, 0) }), 'strict')).rejects.toThrow(
      failure(
        'GeometryMismatch',
        /resample-mask.*too far off: voxels are up to 2.00 voxels apart.*allowed are 0.5 voxels/,
      ),
    );
    await expect(align(maskOf({ size: [10, 9, 7] }), 'strict')).rejects.toThrow(
      failure(
        'GeometryMismatch',
        /sizes differ.*\(tolerance.*resample it to the image \(--geometry resample-mask, setting correctMask=true\)$/,
      ),
    );
  });

  test('strict keeps to the setting geometryTolerance', async () => {
    const mask = maskOf({ origin: moved(0.01, 0, 0) });
    expect(await align(mask, 'strict', { geometryTolerance: 0.02 })).toBe(mask);
  });

  test.each<[string, Partial<Geometry>]>([
    ['half a voxel along one axis', { origin: moved(0, 0, 0.5) }],
    ['half a voxel along all', { origin: moved(0.5, -0.5, 0.5) }],
    ['a rounded spacing', { spacing: [2.001, 1, 3] }],
    ['rounded cosines', { direction: image.direction.map((c) => c + 4e-4) }],
  ])('ignore-tiny takes the voxels for those of the image: %s', async (_, change) => {
    const mask = maskOf(change);
    const aligned = await align(mask, 'ignore-tiny');
    expect(aligned).toEqual({ ...image, data: mask.data });
    expect(aligned.data).toBe(mask.data);
  });

  test.each<[string, Partial<Geometry>]>([
    ['more than half a voxel', { origin: moved(0, 0.51, 0) }],
    ['half a voxel at the first, more at the last', { origin: moved(0.5, 0, 0), spacing: [2.002, 1, 3] }],
    ['another spacing', { spacing: [2.003, 1, 3] }],
    ['other directions', { direction: image.direction.map((c, i) => (i % 3 === 0 ? -c : c)) }],
    ['another size', { size: [10, 9, 9] }],
  ])('ignore-tiny refuses %s', async (_, change) => {
    await expect(align(maskOf(change), 'ignore-tiny')).rejects.toThrow(failure('GeometryMismatch', /resample-mask/));
  });

  test('other limits', async () => {
    const tiny = { offset: 0.1, spacing: 1e-5, direction: 1e-6 };
    expect(await align(maskOf({ origin: moved(0.1, 0, 0) }), 'ignore-tiny', {}, tiny)).toMatchObject(image);
    await expect(align(maskOf({ origin: moved(0.11, 0, 0) }), 'ignore-tiny', {}, tiny)).rejects.toThrow(/0.1 voxels/);
  });

  test('resample-mask is nearest neighbour onto the image', async () => {
    const mask = middle({
      origin: moved(1.3, 0, -0.8),
      direction: image.direction.map((c, i) => (i % 3 === 0 ? -c : c)),
    });
    const aligned = await align({ ...mask, origin: moved(9.3, 0, -0.8) }, 'resample-mask');
    expect(aligned).toEqual(resampleMaskToImage({ ...mask, origin: moved(9.3, 0, -0.8) }, image));
    // Column 5 of columns that run backwards from 9.3 is at 4.3; slice 4 is at 3.2.
    expect(aligned.data.indexOf(1)).toBe(4 + 10 * (4 + 9 * 3));
  });

  test('resample-mask refuses to lose a part of the region', async () => {
    await expect(align(middle({ origin: moved(5, 0, 0) }), 'resample-mask')).rejects.toThrow(
      failure('RoiOutsideImage', /label 1/),
    );
  });

  test('a 2D mask of a 3D image is refused in every mode', async () => {
    const mask = maskOf({ dimension: 2, size: [10, 9, 1] });
    for (const mode of ['strict', 'resample-mask', 'ignore-tiny'] as const) {
      await expect(align(mask, mode)).rejects.toThrow(failure('GeometryMismatch', /3D, the mask 2D/));
    }
  });
});

describe('placeMask', () => {
  const tolerance = 0.02;
  test('some slices of the image, shifted by whole voxels', () => {
    const mask = maskOf({ size: [7, 9, 2], origin: moved(2, 0, 3.01) });
    const placed = placeMask(image, mask, tolerance)!;
    expect(placed).toMatchObject(image);
    for (let i = 0; i < placed.data.length; i++) {
      const [x, y, z] = [(i % 10) - 2, Math.floor(i / 10) % 9, Math.floor(i / 90) - 3];
      const inside = x >= 0 && x < 7 && z >= 0 && z < 2;
      expect(placed.data[i]).toBe(inside ? mask.data[x + 7 * (y + 9 * z)] : 0);
    }
  });
  test('the same grid up to rounding shares its voxels', () => {
    const mask = maskOf({ origin: moved(0.01, 0, 0) });
    expect(placeMask(image, mask, tolerance)).toEqual({ ...image, data: mask.data });
  });
  test('empty parts may lie outside, labels may not', () => {
    const mask = middle({ origin: moved(4, -1, 3) });
    expect(placeMask(image, mask, tolerance)!.data.indexOf(1)).toBe(9 + 10 * (3 + 9 * 7));
    expect(() => placeMask(image, middle({ origin: moved(5, 0, 0) }), tolerance)).toThrow(
      failure('RoiOutsideImage', /1 labelled voxels outside/),
    );
    expect(() => placeMask(image, middle({ origin: moved(500, 0, 0) }), tolerance)).toThrow(
      failure('RoiOutsideImage', /1 labelled/),
    );
  });
  test.each<[string, Partial<Geometry>]>([
    ['half a voxel', { origin: moved(0.5, 0, 0) }],
    ['another spacing', { spacing: [2, 1.01, 3] }],
    ['other directions', { direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] }],
    ['another dimension', { dimension: 2, size: [10, 9, 1] }],
  ])('other voxels are left to the modes: %s', (_, change) => {
    expect(placeMask(image, maskOf(change), tolerance)).toBeUndefined();
  });
  test('2D', () => {
    const flat: Geometry = {
      ...image,
      dimension: 2,
      size: [4, 3, 1],
      origin: [0, 0, 0],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    };
    const mask: Mask = { ...flat, size: [2, 1, 1], origin: [2, 2, 0], data: Uint8Array.of(1, 2) };
    expect([...placeMask(flat, mask, tolerance)!.data]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0]);
  });
});

describe('single precision', () => {
  /** What a NIfTI file keeps of a grid. */
  const single = ({ decimal: _, ...grid }: ImageGrid): Mask => ({
    ...grid,
    origin: grid.origin.map(Math.fround) as unknown as Vec3,
    spacing: grid.spacing.map(Math.fround) as unknown as Vec3,
    direction: grid.direction.map(Math.fround),
    data: new Uint8Array(grid.size[0] * grid.size[1] * grid.size[2]),
  });
  const precise: ImageGrid = { ...image, decimal: true, spacing: [0.7, 0.7, 5.2], origin: [-123.4567891, 200.1, 33.3] };

  test('a mask that differs by no more is on the grid of the image', () => {
    const mask = single(precise);
    const { decimal: _, ...grid } = precise;
    expect(placeSinglePrecision(precise, mask)).toEqual({ ...grid, data: mask.data });
  });

  test('further off, of another size, or beside an image of another format it stays where it is', () => {
    const far = single({ ...precise, origin: [-123.456, 200.1, 33.3] });
    const smaller = single({ ...precise, size: [10, 9, 7] });
    for (const mask of [far, smaller]) expect(placeSinglePrecision(precise, mask)).toBe(mask);
    const mask = single(precise);
    expect(placeSinglePrecision({ ...precise, decimal: undefined }, mask)).toBe(mask);
  });
});
