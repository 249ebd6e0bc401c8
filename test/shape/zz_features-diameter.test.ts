/** The maximum diameters without comparing all pairs, against comparing all pairs. */
import { describe, expect, it } from 'vitest';
import { type Diameters, maximumDiameters } from '../../src/pipeline/shape/diameter.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { diametersByPairs, extremes } from '../reference/shape/extremes.ts';
import { expectClose } from '../shape/zz_support.ts';
import { random, randomLabels, voxelCount } from '../support/random.ts';

/** Pairs that are equally far apart may differ in their rounding: three squares, two sums and a root. */
const ROUNDING = 1e-15;

function expectExact(mask: Uint8Array, size: Vec3, spacing: Vec3, what: string): void {
  const found = maximumDiameters(extremes(mask, size), spacing);
  const expected = diametersByPairs(mask, size, spacing);
  for (const key of Object.keys(expected) as (keyof Diameters)[])
    expectClose(found[key], expected[key], { rel: ROUNDING, what: `${what} ${key}` });
}

const spacings: Vec3[] = [
  [1, 1, 1],
  [0.7, 0.7, 2.1],
  [3.3, 0.4, 0.9],
];

function ball(size: Vec3, centre: Vec3, radii: Vec3): Uint8Array {
  const mask = new Uint8Array(voxelCount(size));
  let k = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++)
        mask[k++] = Number([x, y, z].reduce((sum, v, d) => sum + ((v - centre[d]!) / radii[d]!) ** 2, 0) <= 1);
    }
  }
  return mask;
}

describe.each(spacings.map((spacing) => ({ spacing })))('diameters at spacing $spacing', ({ spacing }) => {
  it('random scattered masks', () => {
    const next = random(11);
    for (let k = 0; k < 60; k++) {
      const size = [0, 0, 0].map(() => 1 + Math.floor(next() * 9)) as unknown as Vec3;
      expectExact(randomLabels(size, 1, 0.02 + 0.6 * next(), 100 + k), size, spacing, `mask ${k}`);
    }
  });

  it('blobs', () => {
    const next = random(12);
    for (let k = 0; k < 12; k++) {
      const size = [0, 0, 0].map(() => 6 + Math.floor(next() * 9)) as unknown as Vec3;
      const centre = size.map((n) => n * (0.3 + 0.4 * next())) as unknown as Vec3;
      const radii = size.map((n) => n * (0.2 + 0.4 * next())) as unknown as Vec3;
      expectExact(ball(size, centre, radii), size, spacing, `blob ${k}`);
    }
  });

  it('a ball whose points are nearly all equally far from the centre', () => {
    expectExact(ball([25, 25, 25], [12.1, 11.8, 12.3], [11, 11, 11]), [25, 25, 25], spacing, 'ball');
  });

  it('lines, planes, one voxel, nothing', () => {
    const sizes: Vec3[] = [
      [1, 1, 1],
      [9, 1, 1],
      [1, 9, 1],
      [1, 1, 9],
      [7, 5, 1],
      [7, 1, 5],
      [1, 7, 5],
    ];
    for (const size of sizes) expectExact(new Uint8Array(voxelCount(size)).fill(1), size, spacing, `full ${size}`);
    const diagonal = new Uint8Array(216);
    for (let i = 0; i < 6; i++) diagonal[i * 43] = 1;
    expectExact(diagonal, [6, 6, 6], spacing, 'diagonal');
    expect(maximumDiameters(extremes(new Uint8Array(8), [2, 2, 2]), spacing)).toEqual({
      maximum3D: 0,
      slice: 0,
      column: 0,
      row: 0,
    });
  });
});

describe('time', () => {
  /** Far above what is measured (docs of the change): catches a quadratic search, not a busy machine. */
  const LIMIT_MS = 250;
  const best = (run: () => unknown) =>
    Math.min(
      ...[0, 1, 2].map(() => {
        const start = performance.now();
        run();
        return performance.now() - start;
      }),
    );

  it('scattered mask of 200 x 200 x 60 and ball of radius 50', () => {
    const wide: Vec3 = [200, 200, 60];
    const scattered = extremes(randomLabels(wide, 1, 0.03, 1), wide);
    const round: Vec3 = [103, 103, 103];
    const sphere = extremes(ball(round, [51.37, 51.1, 51.6], [50, 50, 50]), round);
    expect(best(() => maximumDiameters(scattered, [0.7, 0.7, 2]))).toBeLessThan(LIMIT_MS);
    expect(best(() => maximumDiameters(sphere, [1, 1, 1]))).toBeLessThan(LIMIT_MS);
  });
});
import { afterAll } from 'vitest';
import { worst } from '../shape/zz_support.ts';
afterAll(() => console.log(JSON.stringify(worst)));
