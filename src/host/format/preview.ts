/** A picture of images side by side: the middle slices in three orientations, with the intensities of their colours. */
import type { Geometry, Volume } from '../../pipeline/volume.ts';
import { Canvas, textHeight, textWidth } from './canvas.ts';
import { encodePng } from './png.ts';
import {
  BAR_HEIGHT,
  background,
  drawBar,
  drawSlice,
  extentOf,
  greyScale,
  ink,
  label,
  type Look,
  type Plane,
  planesOf,
  ratioScale,
  type Scale,
  TEXT,
} from './slice.ts';

export type { Look } from './slice.ts';

/** One image of the picture. */
export interface PreviewColumn {
  readonly title: string;
  readonly volume: Volume;
  readonly look: Look;
}

const MARGIN = 12;
/** Pixels of the longest side. */
const LONGEST = 300;

/** A plane is worth a row where it has more than a line of voxels. */
const isVisible = ({ size }: Geometry, { right, down }: Plane): boolean =>
  (size[right.axis] as number) > 1 && (size[down.axis] as number) > 1;

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
  const canvas = new Canvas(xs.at(-1)! + widths.at(-1)! + MARGIN, barY + BAR_HEIGHT + MARGIN);
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
      drawSlice(canvas, column.volume, planes[c]![name]!, scale, { x, y, width, height });
    });
    drawBar(canvas, scale, xs[c]!, barY, widths[c]!);
  });
  return encodePng(canvas);
}
