import { describe, expect, test } from 'vitest';
import { Canvas } from '../../../src/host/format/canvas.ts';
import { encodePng } from '../../../src/host/format/png.ts';
import { type Look, renderPreview } from '../../../src/host/format/preview.ts';
import { renderSheet } from '../../../src/host/format/sheet.ts';
import type { Vec3, Volume } from '../../../src/pipeline/volume.ts';
import { imageOf } from '../../support/images.ts';
import { decodePng, type DecodedPng } from '../../support/png.ts';
import { random } from '../../support/random.ts';

describe('encodePng', () => {
  test.each([
    [1, 1],
    [7, 3],
    [300, 200],
  ])('%i x %i pixels come back', (width, height) => {
    const next = random(width);
    const rgb = Uint8Array.from({ length: 3 * width * height }, () => Math.floor(next() * 256));
    const png = decodePng(encodePng({ width, height, rgb }));
    expect([png.width, png.height]).toEqual([width, height]);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = 3 * (x + width * y);
        expect(png.pixel(x, y)).toEqual([...rgb.subarray(at, at + 3)]);
      }
  });
});

test('text has the shape of its letters and nothing outside the picture', () => {
  const canvas = new Canvas(11, 7);
  canvas.text(0, 0, 'L1\u00e9', [1, 1, 1], 1);
  const rows = Array.from({ length: 7 }, (_, y) =>
    Array.from({ length: 11 }, (_, x) => (canvas.rgb[3 * (x + 11 * y)] ? '#' : '.')).join(''),
  );
  expect(rows).toEqual([
    '.##.....#..',
    '..#....##..',
    '..#.....#..',
    '..#.....#..',
    '..#.....#..',
    '..#.....#..',
    '.###...###.',
  ]);
});

const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const render = (volume: Volume, look: Look = 'shared'): DecodedPng =>
  decodePng(renderPreview([{ title: 'x', volume, look }]));
const GREY = [24, 24, 28].join();

/** The rectangles of slices: rows of pixels that are not background, in the column below the title. */
function slices(png: DecodedPng, column: number): { y: number; height: number }[] {
  const found: { y: number; height: number }[] = [];
  for (let y = 30; y < png.height; y++) {
    const inside = png.pixel(column, y).join() !== GREY;
    const last = found.at(-1);
    if (inside && last && last.y + last.height === y) last.height++;
    else if (inside) found.push({ y, height: 1 });
  }
  return found;
}

/** A volume whose voxels say where they are: brighter to the left, behind or above. */
function ramp(patient: 0 | 1 | 2, direction: readonly number[], size: Vec3 = [12, 10, 8]): Volume {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  let i = 0;
  for (let z = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++)
      for (let x = 0; x < size[0]; x++, i++) {
        data[i] = [x, y, z].reduce((sum, v, axis) => sum + v * (direction[3 * patient + axis] as number), 0);
      }
  return { ...imageOf(data, size), direction };
}

describe('renderPreview', () => {
  const directions = {
    identity,
    'RAS file': [-1, 0, 0, 0, -1, 0, 0, 0, 1],
    'sagittal scan': [0, 0, 1, 1, 0, 0, 0, -1, 0],
    'coronal scan': [1, 0, 0, 0, 0, 1, 0, -1, 0],
    oblique: [0.9, -0.43589, 0, 0.43589, 0.9, 0, 0, 0, 1],
  };
  test.each(Object.entries(directions))('shows the head upright and left on the right: %s', (_name, direction) => {
    // Along the middle of each slice, from its first to its last pixel.
    const trends = ([0, 1, 2] as const).map((patient) => {
      const png = render(ramp(patient, direction));
      const x0 = 12 * 2 + 95;
      const middle = x0 + 150;
      return slices(png, middle)
        .slice(0, 3)
        .map(({ y, height }) => {
          const brightness = (x: number, row: number) => png.pixel(x, row)[0] as number;
          const row = y + Math.floor(height / 2);
          const right = brightness(middle + 30, row) - brightness(middle - 30, row);
          const down =
            brightness(middle, y + Math.floor(height * 0.8)) - brightness(middle, y + Math.floor(height * 0.2));
          return [right, down].map((d) => (Math.abs(d) < 25 ? 0 : Math.sign(d)));
        });
    });
    const oblique = direction[0] === 0.9;
    const [left, posterior, superior] = trends;
    expect(superior).toEqual([
      [0, 0],
      [0, -1],
      [0, -1],
    ]);
    expect(left!.map(([right]) => right)).toEqual(oblique ? [1, 1, expect.anything()] : [1, 1, 0]);
    expect(posterior![0]![1]).toBe(1);
    expect(posterior![2]![0]).toBe(1);
  });

  test('has square millimetres', () => {
    const volume = {
      ...imageOf(
        Float32Array.from({ length: 20 * 20 * 10 }, (_, i) => 1 + (i % 7)),
        [20, 20, 10],
      ),
    };
    const png = render({ ...volume, spacing: [1, 1, 3] });
    const x = 12 * 2 + 95 + 20;
    const heights = slices(png, x).map(({ height }) => height);
    // 20 x 20 mm, then twice 20 x 30 mm, of which the longest side is 300 pixels.
    expect(heights.slice(0, 3)).toEqual([200, 300, 300]);
  });

  test('a 2D image has one slice, a single voxel too', () => {
    const flat = {
      ...imageOf(
        Float32Array.from({ length: 30 }, (_, i) => i + 1),
        [6, 5, 1],
      ),
      dimension: 2 as const,
    };
    expect(slices(render(flat), 200)[0]!.height).toBe(250);
    expect(render(imageOf(Float32Array.of(3))).width).toBeGreaterThan(0);
  });

  test('the field is blue below 1, white at 1, red above', () => {
    const field = imageOf(
      Float32Array.from({ length: 27 }, (_, i) => [0.8, 1, 1.2][i % 3] as number),
      [3, 3, 3],
    );
    const png = render(field, 'ratio');
    const x0 = 12 * 2 + 95;
    const row = 150;
    expect(png.pixel(x0 + 20, row)).toEqual([33, 102, 172]);
    expect(Math.min(...png.pixel(x0 + 150, row))).toBeGreaterThan(250);
    expect(png.pixel(x0 + 280, row)).toEqual([178, 24, 43]);
  });

  test('other units have a grey scale of their own, and NaN, infinity and constant images are drawn', () => {
    const before = imageOf(
      Float32Array.from({ length: 1000 }, (_, i) => i),
      [10, 10, 10],
    );
    const after = { ...before, data: before.data.map((v) => v / 1000 - 0.5) as Float32Array };
    const columns = (look: Look) => [
      { title: 'before', volume: before, look: 'shared' as const },
      { title: 'after', volume: after, look },
    ];
    const [own, shared] = [decodePng(renderPreview(columns('own'))), decodePng(renderPreview(columns('shared')))];
    const right = own.width - 12 - 150;
    expect(own.pixel(right, 100)).toEqual(own.pixel(right - 312, 100));
    expect(shared.pixel(right, 100)).toEqual([0, 0, 0]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 5]) {
      const volume = imageOf(new Float32Array(64).fill(value), [4, 4, 4]);
      for (const look of ['shared', 'own', 'ratio'] as const) expect(render(volume, look).height).toBeGreaterThan(100);
    }
  });
});

test('a sheet has a row for each image, with the outline of its region', () => {
  const size: Vec3 = [40, 40, 3];
  const voxels = 40 * 40 * 3;
  const inside = (i: number) =>
    i % 40 > 9 && i % 40 < 30 && Math.floor(i / 40) % 40 > 9 && Math.floor(i / 40) % 40 < 30;
  const region = {
    ...imageOf(
      Uint8Array.from({ length: voxels }, (_, i) => Number(inside(i))),
      size,
    ),
  };
  const volume = imageOf(
    Float32Array.from({ length: voxels }, (_, i) => i % 7),
    size,
  );
  const row = { title: 'a', region, cells: [{ volume, look: 'shared', outline: region }, null] } as const;
  const png = decodePng(renderSheet(['one', 'two'], [row, { ...row, title: 'b' }]));
  const yellow: [number, number][] = [];
  for (let y = 0; y < png.height; y++)
    for (let x = 0; x < png.width; x++) {
      const [r, g, b] = png.pixel(x, y) as [number, number, number];
      if (r > 200 && g > 150 && b < 60) yellow.push([x, y]);
    }
  const xs = yellow.map(([x]) => x);
  // The square is half as wide as the slice, which is 190 pixels wide.
  expect(Math.max(...xs) - Math.min(...xs)).toBeCloseTo(95, -1);
  // Four sides of two squares, one pixel wide.
  expect(yellow.length).toBeGreaterThan(8 * 90);
  expect(yellow.length).toBeLessThan(8 * 100);
});
