import { describe, expect, test } from 'vitest';
import { rasteriseStructures } from '../../../../src/host/format/dicom/rasterise.ts';
import type { Structure } from '../../../../src/host/format/dicom/rtstruct.ts';
import { indexToPhysical } from '../../../../src/pipeline/geometry.ts';
import type { Geometry, Vec3 } from '../../../../src/pipeline/volume.ts';
import { onLattice, rasterise } from '../../../reference/dicom/polygon.ts';
import { random } from '../../../support/random.ts';

type Corner = readonly [number, number];

/** Turned about all axes, and left-handed. */
const oblique: Geometry = {
  dimension: 3,
  size: [17, 13, 5],
  spacing: [0.7, 1.3, 2.9],
  origin: [-31.7, 12.9, 104.3],
  direction: [0.36, 0.48, 0.8, -0.8, 0.6, 0, 0.48, 0.64, -0.6],
};
const upright = (size: Vec3): Geometry => ({
  dimension: 3,
  size,
  spacing: [1, 1, 1],
  origin: [0, 0, 0],
  direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
});

/** A structure from contours in voxels: the slice, then the corners. */
function structure(
  image: Geometry,
  contours: readonly (readonly [number, readonly Corner[]])[],
  number = 1,
  name = 'GTV',
): Structure {
  return {
    number,
    name,
    skipped: new Map(),
    contours: contours.map(([slice, corners], i) => ({
      number: i + 1,
      points: Float64Array.from(corners.flatMap(([x, y]) => indexToPhysical(image, [x, y, slice]))),
    })),
  };
}

const box = (x0: number, y0: number, x1: number, y1: number): Corner[] => [
  [x0, y0],
  [x1, y0],
  [x1, y1],
  [x0, y1],
];

/** Rows of a slice as text. */
function picture(image: Geometry, contours: readonly (readonly Corner[])[]): string[] {
  const { mask } = rasteriseStructures(
    [
      structure(
        image,
        contours.map((c) => [0, c] as const),
      ),
    ],
    image,
  );
  const [nx, ny] = image.size;
  return Array.from({ length: ny }, (_, y) =>
    [...mask.data.subarray(y * nx, (y + 1) * nx)].map((l) => '.#'[l]).join(''),
  );
}

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('the rule', () => {
  const image = upright([6, 5, 1]);
  test('left and upper edges are inside, right and lower ones outside', () => {
    expect(picture(image, [box(1, 1, 4, 3)])).toEqual(['......', '.###..', '.###..', '......', '......']);
  });
  test('contours with a common edge share no voxel and leave none out', () => {
    const cut: Corner[] = [
      [1, 0],
      [3, 4],
    ];
    const left = picture(image, [[[0, 0], ...cut, [0, 4]]]);
    const right = picture(image, [[[5, 4], ...cut.toReversed(), [5, 0]]]);
    const both = picture(image, [box(0, 0, 5, 4)]);
    for (const [y, row] of both.entries()) {
      for (const [x, pixel] of [...row].entries()) {
        expect([left[y]![x], right[y]![x]].filter((p) => p === '#')).toHaveLength(Number(pixel === '#'));
      }
    }
  });
  test('a contour inside another one is a hole, in either direction', () => {
    const hole = box(1.5, 0.5, 3.5, 2.5);
    const expected = ['#####.', '##..#.', '##..#.', '#####.', '......'];
    expect(picture(image, [box(0, 0, 5, 4), hole])).toEqual(expected);
    expect(picture(image, [box(0, 0, 5, 4), hole.toReversed()])).toEqual(expected);
  });
  test('a keyhole: the channel to the hole leaves no trace, also through voxel centres', () => {
    const hole = box(1.5, 0.5, 3.5, 2.5);
    for (const [outer, inner] of [
      [[0, 0], hole],
      [[0, 2], box(2, 1, 4, 3)],
    ] as const) {
      const ring: Corner[] = [outer as Corner, ...inner, inner[0]!, outer as Corner];
      const rest: Corner[] =
        outer[1] === 2
          ? [
              [0, 4],
              [5, 4],
              [5, 0],
              [0, 0],
            ]
          : [
              [0, 4],
              [5, 4],
              [5, 0],
            ];
      expect(picture(image, [[...ring, ...rest]])).toEqual(picture(image, [box(0, 0, 5, 4), inner]));
    }
  });
  test('the noise of float64 affines does not move voxels on edges', () => {
    const noise = 1e-9;
    const noisy = box(1, 1, 4, 3).map(
      ([x, y], i): Corner => [x + noise * (i % 2 ? 1 : -1), y + noise * (i > 1 ? 1 : -1)],
    );
    expect(picture(image, [noisy])).toEqual(picture(image, [box(1, 1, 4, 3)]));
  });
  test('repeated corners and a closed last corner change nothing', () => {
    const plain = box(0.5, 0.5, 3.5, 3.5);
    expect(picture(image, [plain.flatMap((c) => [c, c]).concat([plain[0]!])])).toEqual(picture(image, [plain]));
  });
  test('contours may run around the border, half a voxel beyond the centres', () => {
    expect(picture(image, [box(-0.5, -0.5, 5.5, 4.5)]).join('')).toBe('#'.repeat(30));
  });
});

describe('against the twin', () => {
  test.each([
    ['oblique', oblique, 1],
    ['upright', upright([33, 20, 3]), 2],
    ['one voxel', upright([1, 1, 1]), 3],
    ['one row', { ...oblique, size: [64, 1, 2] as Vec3 }, 4],
  ])('%s', (_, image, seed) => {
    const next = random(seed);
    const [nx, ny, nz] = image.size;
    // Half of the corners lie on voxel centres or between them, where ties happen.
    const coordinate = (n: number) => {
      const x = next() * n - 0.5;
      return next() < 0.5 ? Math.round(2 * x) / 2 : x;
    };
    for (let round = 0; round < 20; round++) {
      const contours = Array.from({ length: 1 + Math.floor(next() * 4) }, () => {
        const corners = Array.from(
          { length: 3 + Math.floor(next() * 12) },
          (): Corner => [coordinate(nx), coordinate(ny)],
        );
        return [Math.floor(next() * nz), corners] as const;
      });
      const { mask } = rasteriseStructures([structure(image, contours)], image);
      for (let z = 0; z < nz; z++) {
        const polygons = contours
          .filter(([slice]) => slice === z)
          .map(([, corners]) => corners.map(([x, y]) => [onLattice(x), onLattice(y)] as const));
        expect(mask.data.subarray(z * nx * ny, (z + 1) * nx * ny)).toEqual(rasterise(polygons, nx, ny));
      }
    }
  });
});

describe('slices', () => {
  const contour = box(1, 1, 5, 5);
  const onSlices = (...slices: number[]) =>
    structure(
      oblique,
      slices.map((slice) => [slice, contour] as const),
    );
  const slicesOf = (found: Structure, planeTolerance?: number) => {
    const { mask, notes } = rasteriseStructures([found], oblique, { planeTolerance });
    const plane = oblique.size[0] * oblique.size[1];
    const slices = [...Array(5).keys()].filter((z) => mask.data.subarray(z * plane, (z + 1) * plane).includes(1));
    return { slices, notes };
  };
  test('planes within the tolerance are taken for slices', () => {
    expect(slicesOf(onSlices(0.09, 0.95, 1.91)).slices).toEqual([0, 1, 2]);
    expect(slicesOf(onSlices(0.4, 1.4), 0.5).slices).toEqual([0, 1]);
  });
  test('others are named', () => {
    expect(() => slicesOf(onSlices(0, 1.5, 2.2))).toThrow(
      failure(
        'GeometryMismatch',
        /structure 1 "GTV".*found 2 of 3.*contours 2 \(at slice 1.50\), 3 \(at slice 2.20\), tolerance 0.1/,
      ),
    );
  });
  test('contours across the slices are named', () => {
    const across = structure(oblique, []);
    const points = Float64Array.from([0, 1, 2, 3].flatMap((i) => indexToPhysical(oblique, [i % 2, 2, i])));
    expect(() => slicesOf({ ...across, contours: [{ number: 7, points }] })).toThrow(
      failure('GeometryMismatch', /contours 7 \(at slice 0.00 to 3.00\)/),
    );
  });
  test.each([
    ['a slice beyond the last', [[5, contour]]],
    ['before the first', [[-1, contour]]],
    ['a column beyond', [[0, box(1, 1, 17, 5)]]],
    ['a row before', [[0, box(1, -1, 5, 5)]]],
    ['far away', [[0, box(1e20, 1, 5, 5)]]],
  ] as [string, [number, Corner[]][]][])('outside of the image: %s', (_, contours) => {
    const code = contours[0]![1][0]![0] > 1e9 ? /GeometryMismatch|RoiOutsideImage/ : /RoiOutsideImage/;
    expect(() => slicesOf(structure(oblique, contours))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(code) }),
    );
  });
  test('gaps between all slices get a note, nothing is filled in', () => {
    const { slices, notes } = slicesOf(onSlices(0, 2, 4));
    expect(slices).toEqual([0, 2, 4]);
    expect(notes).toEqual([expect.stringMatching(/^structure 1 "GTV": no two neighbouring slices/)]);
    expect(slicesOf(onSlices(0, 1, 4)).notes).toEqual([]);
  });
  test.each([-0.1, 0.6, Number.NaN])('tolerance %s is refused', (tolerance) => {
    expect(() => slicesOf(onSlices(0), tolerance)).toThrow(failure('BadSetting', /0 to 0.5/));
  });
});

describe('several structures', () => {
  const image = upright([6, 5, 1]);
  const of = (number: number, contour: Corner[]) => structure(image, [[0, contour]], number, `s${number}`);
  test('labels follow their order', () => {
    const { mask, notes } = rasteriseStructures([of(9, box(3, 0, 5, 2)), of(4, box(0, 0, 3, 1))], image);
    expect([...mask.data.subarray(0, 12)]).toEqual([2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 1, 0]);
    expect(notes).toEqual([]);
  });
  test('common voxels are an error that names both', () => {
    expect(() => rasteriseStructures([of(9, box(0, 0, 3, 2)), of(4, box(1, 0, 5, 1))], image)).toThrow(
      failure('OverlappingRegions', /^structure 4 "s4": .*2 voxels in common with structure 9 "s9"/),
    );
  });
  test('a structure between voxel centres gets a note', () => {
    const { notes } = rasteriseStructures([of(1, box(0.2, 0.2, 0.8, 0.8))], image);
    expect(notes).toEqual([expect.stringMatching(/no voxel centre/)]);
  });
  test('256 structures need wider labels', () => {
    const wide = upright([256, 1, 1]);
    const all = Array.from({ length: 256 }, (_, i) => structure(wide, [[0, box(i, -0.5, i + 0.5, 0.5)]], i));
    expect([...rasteriseStructures(all, wide).mask.data]).toEqual(Array.from({ length: 256 }, (_, i) => i + 1));
  });
  test('in a 2D image the third coordinate does not count', () => {
    const flat: Geometry = { ...image, dimension: 2, spacing: [2, 2, 1] };
    const points = Float64Array.from(box(2, 2, 6, 6).flatMap(([x, y]) => [x, y, 77]));
    const { mask } = rasteriseStructures([{ ...of(1, []), contours: [{ number: 1, points }] }], flat);
    expect([...mask.data].filter((label) => label === 1)).toHaveLength(4);
  });
});
