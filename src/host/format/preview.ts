/** A picture of images side by side: the middle slices in three orientations, with the intensities of their colours. */
import { quantiles } from '../../pipeline/firstorder/order.ts';
import type { Geometry, Volume } from '../../pipeline/volume.ts';
import { Canvas, type Colour, textHeight, textWidth } from './canvas.ts';
import { encodePng } from './png.ts';

/**
 * How intensities become colours. `shared`: grey, from the 1st to the 99th percentile of the first column. `own`: the
 * same of the column itself, for images in other units. `ratio`: blue below 1, white, red above 1, for bias fields.
 */
export type Look = 'shared' | 'own' | 'ratio';

/** One image of the picture. */
export interface PreviewColumn {
  readonly title: string;
  readonly volume: Volume;
  readonly look: Look;
}

/** Two axes of a slice: voxel axis and whether it runs against the screen (right, down). */
interface ScreenAxis {
  readonly axis: number;
  readonly flipped: boolean;
}
interface Plane {
  readonly right: ScreenAxis;
  readonly down: ScreenAxis;
  readonly across: number;
}

const MARGIN = 12;
const TEXT = 2;
/** Pixels of the longest side. */
const LONGEST = 300;
const BAR = 10;
/** Voxels that the percentiles of the grey scale are taken of, at most; a picture does not show the difference. */
const SAMPLED = 2 ** 18;

const background: Colour = [24, 24, 28];
const ink: Colour = [225, 225, 225];
const below: Colour = [33, 102, 172];
const above: Colour = [178, 24, 43];

/** Which voxel axis runs most along each patient axis (left, posterior, superior), each used once. */
function patientAxes({ direction }: Geometry): readonly ScreenAxis[] {
  const along = (patient: number, axis: number) => direction[3 * patient + axis] as number;
  const orders = [
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
function planesOf(geometry: Geometry): Readonly<Record<string, Plane>> {
  const [left, posterior, superior] = patientAxes(geometry) as [ScreenAxis, ScreenAxis, ScreenAxis];
  const inferior = { axis: superior.axis, flipped: !superior.flipped };
  return {
    axial: { right: left, down: posterior, across: superior.axis },
    coronal: { right: left, down: inferior, across: posterior.axis },
    sagittal: { right: posterior, down: inferior, across: left.axis },
  };
}

/** Millimetres that a plane covers, right and down. */
const extentOf = ({ size, spacing }: Geometry, { right, down }: Plane): readonly [number, number] => [
  (size[right.axis] as number) * (spacing[right.axis] as number),
  (size[down.axis] as number) * (spacing[down.axis] as number),
];

/** A plane is worth a row where it has more than a line of voxels. */
const isVisible = ({ size }: Geometry, { right, down }: Plane): boolean =>
  (size[right.axis] as number) > 1 && (size[down.axis] as number) > 1;

/** Values of the middle slice on a raster of pixels, between voxels by linear interpolation. */
function sliceOf({ data, size }: Volume, { right, down, across }: Plane, width: number, height: number): Float64Array {
  const steps = [1, size[0], size[0] * size[1]];
  const first = Math.floor((size[across] as number) / 2) * (steps[across] as number);
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
interface Scale {
  readonly low: number;
  readonly high: number;
  readonly colourOf: (value: number) => Colour;
}

function greyScale({ data }: Volume): Scale {
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

function ratioScale({ data }: Volume): Scale {
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
const label = (value: number): string => String(Number(value.toPrecision(4)));

/** The colours of a column from its lowest to its highest intensity, with both written below. */
function drawBar(canvas: Canvas, { low, high, colourOf }: Scale, x: number, y: number, width: number): void {
  for (let i = 0; i < width; i++) canvas.fill(x + i, y, 1, BAR, colourOf(low + ((high - low) * i) / (width - 1)));
  canvas.text(x, y + BAR + 4, label(low), ink, TEXT);
  const text = label(high);
  canvas.text(x + width - textWidth(text, TEXT), y + BAR + 4, text, ink, TEXT);
}

function drawSlice(canvas: Canvas, { volume }: PreviewColumn, plane: Plane, scale: Scale, at: Cell): void {
  const values = sliceOf(volume, plane, at.width, at.height);
  for (let j = 0; j < at.height; j++)
    for (let i = 0; i < at.width; i++) {
      canvas.set(at.x + i, at.y + j, scale.colourOf(values[i + at.width * j] as number));
    }
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Running sums with a gap after each. */
const starts = (sizes: readonly number[], first: number): number[] =>
  sizes.map((_, k) => sizes.slice(0, k).reduce((sum, size) => sum + size + MARGIN, first));

/**
 * Renders images side by side as a PNG file.
 *
 * Columns are the images, rows the middle axial, coronal and sagittal slice (only the planes that have more than one
 * line of voxels); pixels are square in millimetres and alike in all images. Each column ends with its colour scale.
 * @param columns at least one; the first gives the grey scale of those whose look is `shared`
 */
export function renderPreview(columns: readonly PreviewColumn[]): Uint8Array {
  const first = (columns[0] as PreviewColumn).volume;
  const shared = greyScale(first);
  const scales = columns.map(({ volume, look }) =>
    look === 'shared' ? shared : look === 'own' ? greyScale(volume) : ratioScale(volume),
  );
  const planes = columns.map(({ volume }) => planesOf(volume));
  const visible = Object.keys(planesOf(first)).filter((name) =>
    columns.some(({ volume }, c) => isVisible(volume, planes[c]![name]!)),
  );
  const names = visible.length > 0 ? visible : ['axial'];
  const extents = names.map((name) => columns.map(({ volume }, c) => extentOf(volume, planes[c]![name]!)));
  const millimetres = Math.max(...extents.flat(2)) / LONGEST;
  const sizes = extents.map((row) => row.map((mm) => mm.map((side) => Math.max(1, Math.round(side / millimetres)))));

  const titles = columns.map(({ title }) => textWidth(title, TEXT));
  const ends = scales.map(({ low, high }) => textWidth(`${label(low)} ${label(high)}`, TEXT));
  const widths = columns.map((_, c) => Math.max(titles[c]!, ends[c]!, ...sizes.map((row) => row[c]![0]!)));
  const heights = sizes.map((row) => Math.max(textHeight(TEXT), ...row.map((size) => size[1]!)));
  const nameWidth = Math.max(...names.map((name) => textWidth(name, TEXT)));
  const xs = starts(widths, 2 * MARGIN + nameWidth);
  const ys = starts(heights, 2 * MARGIN + textHeight(TEXT));
  const barY = ys.at(-1)! + heights.at(-1)! + MARGIN;
  const canvas = new Canvas(xs.at(-1)! + widths.at(-1)! + MARGIN, barY + BAR + 4 + textHeight(TEXT) + MARGIN);
  canvas.fill(0, 0, canvas.width, canvas.height, background);
  names.forEach((name, r) => {
    canvas.text(MARGIN, ys[r]! + Math.floor((heights[r]! - textHeight(TEXT)) / 2), name, ink, TEXT);
  });
  columns.forEach((column, c) => {
    const scale = scales[c] as Scale;
    canvas.text(xs[c]!, MARGIN, column.title, ink, TEXT);
    names.forEach((name, r) => {
      const [width, height] = sizes[r]![c] as [number, number];
      const x = xs[c]! + Math.floor((widths[c]! - width) / 2);
      const y = ys[r]! + Math.floor((heights[r]! - height) / 2);
      drawSlice(canvas, column, planes[c]![name]!, scale, { x, y, width, height });
    });
    drawBar(canvas, scale, xs[c]!, barY, widths[c]!);
  });
  return encodePng(canvas);
}
