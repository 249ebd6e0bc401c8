/** A picture of several images of a patient: a row for each, the slice through a region, its outline. */
import type { Mask, Volume } from '../../pipeline/volume.ts';
import { Canvas, type Colour, textHeight, textWidth } from './canvas.ts';
import { encodePng } from './png.ts';
import {
  BAR_HEIGHT,
  background,
  centreOf,
  drawBar,
  drawOutline,
  drawSlice,
  extentOf,
  greyScale,
  ink,
  type Look,
  planesOf,
  ratioScale,
  sliceAt,
  TEXT,
} from './slice.ts';

/** One image of a row. */
export interface SheetCell {
  readonly volume: Volume;
  /** `shared` is with the first cell of the row. */
  readonly look: Look;
  /** A mask on the grid of the image whose outline is drawn. */
  readonly outline?: Mask | null;
}

/** The images of one sequence. */
export interface SheetRow {
  readonly title: string;
  /** The axial slice through the centre of this region is drawn. */
  readonly region: Mask;
  /** By column; null leaves the place empty. */
  readonly cells: readonly (SheetCell | null)[];
}

const MARGIN = 12;
/** Pixels of the longer side of a cell. */
const SIDE = 190;
const outlineColour: Colour = [255, 214, 10];

/**
 * Renders the rows as a PNG file: one column for each title, pixels square in millimetres, a colour scale under each image.
 * @param columns titles of the columns
 */
export function renderSheet(columns: readonly string[], rows: readonly SheetRow[]): Uint8Array {
  const left = 2 * MARGIN + Math.max(...rows.map(({ title }) => textWidth(title, TEXT)));
  const top = 2 * MARGIN + textHeight(TEXT);
  const width = Math.max(SIDE, ...columns.map((title) => textWidth(title, TEXT)));
  const height = SIDE + MARGIN + BAR_HEIGHT + MARGIN;
  const canvas = new Canvas(left + columns.length * (width + MARGIN), top + rows.length * height);
  canvas.fill(0, 0, canvas.width, canvas.height, background);
  columns.forEach((title, c) => {
    canvas.text(left + c * (width + MARGIN), MARGIN, title, ink, TEXT);
  });
  rows.forEach(({ title, region, cells }, r) => {
    const y = top + r * height;
    canvas.text(MARGIN, y + Math.floor((SIDE - textHeight(TEXT)) / 2), title, ink, TEXT);
    const point = centreOf(region);
    const shared = cells[0] ? greyScale(cells[0].volume) : null;
    cells.forEach((cell, c) => {
      if (!cell) return;
      const { volume, look, outline } = cell;
      const plane = planesOf(volume)['axial']!;
      const extent = extentOf(volume, plane);
      const [across, down] = extent.map((mm) => Math.max(1, Math.round((mm / Math.max(...extent)) * SIDE)));
      const at = { x: left + c * (width + MARGIN), y, width: across!, height: down! };
      const own = look === 'ratio' ? ratioScale : greyScale;
      const scale = look === 'shared' && shared ? shared : own(volume);
      const slice = sliceAt(volume, plane, point);
      drawSlice(canvas, volume, plane, scale, at, slice);
      if (outline) drawOutline(canvas, outline, plane, outlineColour, at, slice);
      drawBar(canvas, scale, at.x, y + SIDE + MARGIN / 2, SIDE);
    });
  });
  return encodePng(canvas);
}
