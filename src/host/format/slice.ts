/** Slices of images as pictures: which voxels lie where on the screen, and which colours they get. */
import { quantiles } from '../../pipeline/firstorder/order.ts';
import type { Geometry, Mask, Vec3, Volume } from '../../pipeline/volume.ts';
import { indexToPhysical, physicalToIndex } from '../../pipeline/geometry.ts';
import { type Canvas, type Colour, textHeight, textWidth } from './canvas.ts';

/**
 * How intensities become colours. `shared`: grey, from the 1st to the 99th percentile of the first image. `own`: the
 * same of the image itself, for images in other units. `ratio`: blue below 1, white, red above 1, for bias fields.
 */
export type Look = 'shared' | 'own' | 'ratio';

/** Two axes of a slice: voxel axis and whether it runs against the screen (right, down). */
interface ScreenAxis {
  readonly axis: 0 | 1 | 2;
  readonly flipped: boolean;
}
export interface Plane {
  readonly right: ScreenAxis;
  readonly down: ScreenAxis;
  /** Axis that the plane cuts. */
  readonly across: 0 | 1 | 2;
}

/** Voxels that the percentiles of the grey scale are taken of, at most; a picture does not show the difference. */
const SAMPLED = 2 ** 18;

export const background: Colour = [24, 24, 28];
export const ink: Colour = [225, 225, 225];
const below: Colour = [33, 102, 172];
const above: Colour = [178, 24, 43];

/** Which voxel axis runs most along each patient axis (left, posterior, superior), each used once. */
function patientAxes({ direction }: Geometry): readonly ScreenAxis[] {
  const along = (patient: number, axis: number) => direction[3 * patient + axis] as number;
  const orders: readonly (readonly (0 | 1 | 2)[])[] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  const agreement = (order: readonly number[]) =>
    order.reduce((sum, axis, patient) => sum + Math.abs(along(patient, axis)), 0);
  const best = orders.reduce((a, b) => (agreement(b) > agreement(a) ? b : a));
  return best.map((axis, patient) => ({ axis, flipped: along(patient, axis) < 0 }));
}

/** The slices as radiologists look at them: patient's left to the right, front to the left, head up. */
export function planesOf(geometry: Geometry): Readonly<Record<string, Plane>> {
  const [left, posterior, superior] = patientAxes(geometry) as [ScreenAxis, ScreenAxis, ScreenAxis];
  const inferior = { axis: superior.axis, flipped: !superior.flipped };
  return {
    axial: { right: left, down: posterior, across: superior.axis },
    coronal: { right: left, down: inferior, across: posterior.axis },
    sagittal: { right: posterior, down: inferior, across: left.axis },
  };
}

/** Millimetres that a plane covers, right and down. */
export const extentOf = ({ size, spacing }: Geometry, { right, down }: Plane): readonly [number, number] => [
  (size[right.axis] as number) * (spacing[right.axis] as number),
  (size[down.axis] as number) * (spacing[down.axis] as number),
];

/** The slice in the middle of an image. */
const middle = ({ size }: Geometry, { across }: Plane): number => Math.floor((size[across] as number) / 2);

/** Values of a slice on a raster of pixels, between voxels by linear interpolation. */
function sliceOf(
  { data, size }: Volume,
  { right, down, across }: Plane,
  slice: number,
  width: number,
  height: number,
): Float64Array {
  const steps = [1, size[0], size[0] * size[1]];
  const first = slice * (steps[across] as number);
  const sampler = ({ axis, flipped }: ScreenAxis, pixels: number) => {
    const n = size[axis] as number;
    return Array.from({ length: pixels }, (_, pixel) => {
      const from = ((pixel + 0.5) / pixels) * n - 0.5;
      const at = Math.min(Math.max(flipped ? n - 1 - from : from, 0), n - 1);
      const low = Math.min(Math.floor(at), Math.max(n - 2, 0));
      const step = steps[axis] as number;
      return { low: low * step, high: Math.min(low + 1, n - 1) * step, share: at - low };
    });
  };
  const columns = sampler(right, width);
  const rows = sampler(down, height);
  const values = new Float64Array(width * height);
  rows.forEach((row, y) => {
    const [upper, lower] = [first + row.low, first + row.high];
    columns.forEach((column, x) => {
      const [a, b] = [data[upper + column.low] as number, data[upper + column.high] as number];
      const [c, d] = [data[lower + column.low] as number, data[lower + column.high] as number];
      const top = a + (b - a) * column.share;
      values[x + width * y] = top + (c + (d - c) * column.share - top) * row.share;
    });
  });
  return values;
}

/** Intensities to colours, and the ends of the scale. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly colourOf: (value: number) => Colour;
}

export function greyScale({ data }: Volume): Scale {
  const stride = Math.ceil(data.length / SAMPLED);
  const sampled = Float64Array.from({ length: Math.ceil(data.length / stride) }, (_, i) => data[i * stride] as number);
  const values = sampled.filter(Number.isFinite);
  const ends =
    values.length > 0 ? quantiles({ values, counts: null, n: values.length }, [0.01, 0.99]).quantiles : [0, 0];
  const [low, high] = ends as [number, number];
  const span = high > low ? high - low : 1;
  return {
    low,
    high,
    colourOf: (value) => {
      const grey = Math.round(255 * Math.min(Math.max((value - low) / span, 0), 1)) || 0;
      return [grey, grey, grey];
    },
  };
}

export function ratioScale({ data }: Volume): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const reach = Math.max(high - 1, 1 - low) || 1;
  return {
    low,
    high,
    colourOf: (value) => {
      if (!Number.isFinite(value)) return background;
      const t = Math.min(Math.max((value - 1) / reach, -1), 1);
      const end = t < 0 ? below : above;
      return end.map((channel) => Math.round(255 + (channel - 255) * Math.abs(t))) as unknown as Colour;
    },
  };
}

/** A number in at most six characters or so. */
export const label = (value: number): string => String(Number(value.toPrecision(4)));

/** Pixels per dot of texts. */
export const TEXT = 2;
const BAR = 10;
const BAR_GAP = 4;
/** Pixels of a bar with its numbers. */
export const BAR_HEIGHT = BAR + BAR_GAP + textHeight(TEXT);

/** The colours of a scale from its lowest to its highest intensity, with both written below. */
export function drawBar(canvas: Canvas, { low, high, colourOf }: Scale, x: number, y: number, width: number): void {
  for (let i = 0; i < width; i++) canvas.fill(x + i, y, 1, BAR, colourOf(low + ((high - low) * i) / (width - 1)));
  canvas.text(x, y + BAR + BAR_GAP, label(low), ink, TEXT);
  const text = label(high);
  canvas.text(x + width - textWidth(text, TEXT), y + BAR + BAR_GAP, text, ink, TEXT);
}

/** A rectangle of pixels. */
export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Draws a slice of an image. @param slice number along the axis that the plane cuts; default the middle */
export function drawSlice(
  canvas: Canvas,
  volume: Volume,
  plane: Plane,
  scale: Scale,
  at: Cell,
  slice: number = middle(volume, plane),
): void {
  const values = sliceOf(volume, plane, slice, at.width, at.height);
  for (let j = 0; j < at.height; j++)
    for (let i = 0; i < at.width; i++) {
      canvas.set(at.x + i, at.y + j, scale.colourOf(values[i + at.width * j] as number));
    }
}

/** Draws the line round the region of a mask in a slice: the outer pixels of what lies at least half in it. */
export function drawOutline(canvas: Canvas, mask: Mask, plane: Plane, colour: Colour, at: Cell, slice: number): void {
  const share = sliceOf({ ...mask, data: mask.data.map((v) => Number(v !== 0)) }, plane, slice, at.width, at.height);
  const inside = (i: number, j: number) =>
    i >= 0 && j >= 0 && i < at.width && j < at.height && (share[i + at.width * j] as number) >= 0.5;
  for (let j = 0; j < at.height; j++)
    for (let i = 0; i < at.width; i++) {
      const outer = !(inside(i - 1, j) && inside(i + 1, j) && inside(i, j - 1) && inside(i, j + 1));
      if (inside(i, j) && outer) canvas.set(at.x + i, at.y + j, colour);
    }
}

/** The slice of an image that a point in space lies in, the nearest where it lies in none. @param point LPS, mm */
export function sliceAt(geometry: Geometry, { across }: Plane, point: Vec3): number {
  const index = physicalToIndex(geometry)(point)[across] ?? 0;
  return Math.min(Math.max(Math.round(index), 0), geometry.size[across] - 1);
}

/** Where the region of a mask has its centre, LPS, mm. */
export function centreOf(mask: Mask): Vec3 {
  const { data, size } = mask;
  const sum = [0, 0, 0];
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    count++;
    [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))].forEach((x, axis) => {
      sum[axis]! += x;
    });
  }
  return indexToPhysical(
    mask,
    sum.map((x) => x / Math.max(count, 1)),
  );
}
