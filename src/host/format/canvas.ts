/** A picture to draw on: rectangles and small text. */
import type { Picture } from './png.ts';

export type Colour = readonly [red: number, green: number, blue: number];

/** Rows of each glyph from the top, five bits each, the leftmost pixel in the highest bit. */
const glyphs: Readonly<Record<string, readonly number[]>> = {
  a: [0, 0, 14, 1, 15, 17, 15],
  b: [16, 16, 30, 17, 17, 17, 30],
  c: [0, 0, 14, 16, 16, 17, 14],
  d: [1, 1, 15, 17, 17, 17, 15],
  e: [0, 0, 14, 17, 31, 16, 14],
  f: [6, 9, 8, 28, 8, 8, 8],
  g: [0, 15, 17, 17, 15, 1, 14],
  h: [16, 16, 22, 25, 17, 17, 17],
  i: [4, 0, 12, 4, 4, 4, 14],
  j: [2, 0, 6, 2, 2, 18, 12],
  k: [16, 16, 18, 20, 24, 20, 18],
  l: [12, 4, 4, 4, 4, 4, 14],
  m: [0, 0, 26, 21, 21, 17, 17],
  n: [0, 0, 22, 25, 17, 17, 17],
  o: [0, 0, 14, 17, 17, 17, 14],
  p: [0, 0, 30, 17, 30, 16, 16],
  q: [0, 0, 13, 19, 15, 1, 1],
  r: [0, 0, 22, 25, 16, 16, 16],
  s: [0, 0, 14, 16, 14, 1, 30],
  t: [8, 8, 28, 8, 8, 9, 6],
  u: [0, 0, 17, 17, 17, 19, 13],
  v: [0, 0, 17, 17, 17, 10, 4],
  w: [0, 0, 17, 17, 21, 21, 10],
  x: [0, 0, 17, 10, 4, 10, 17],
  y: [0, 0, 17, 17, 15, 1, 14],
  z: [0, 0, 31, 2, 4, 8, 31],
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '3': [31, 2, 4, 2, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  '.': [0, 0, 0, 0, 0, 12, 12],
  ',': [0, 0, 0, 0, 12, 4, 8],
  ':': [0, 12, 12, 0, 12, 12, 0],
  '-': [0, 0, 0, 31, 0, 0, 0],
  '+': [0, 4, 4, 31, 4, 4, 0],
  '=': [0, 0, 31, 0, 31, 0, 0],
  '/': [0, 1, 2, 4, 8, 16, 0],
  ' ': [0, 0, 0, 0, 0, 0, 0],
};
const unknownGlyph = [31, 17, 17, 17, 17, 17, 31];

/** Pixels of a glyph's cell. */
const CELL = 6;
const GLYPH_HEIGHT = 7;

export const textWidth = (text: string, scale: number): number => Math.max(0, text.length * CELL - 1) * scale;
export const textHeight = (scale: number): number => GLYPH_HEIGHT * scale;

export class Canvas implements Picture {
  readonly rgb: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.rgb = new Uint8Array(3 * width * height);
  }

  /** Sets a pixel; outside the picture nothing. */
  set(x: number, y: number, colour: Colour): void {
    if (x >= 0 && y >= 0 && x < this.width && y < this.height) this.rgb.set(colour, 3 * (x + this.width * y));
  }

  fill(x: number, y: number, width: number, height: number, colour: Colour): void {
    for (let j = y; j < y + height; j++) for (let i = x; i < x + width; i++) this.set(i, j, colour);
  }

  /** Small letters, digits and a few signs; capitals are drawn small, anything else as a box. @param scale pixels per dot */
  text(x: number, y: number, text: string, colour: Colour, scale: number): void {
    [...text.toLowerCase()].forEach((character, k) => {
      (glyphs[character] ?? unknownGlyph).forEach((bits, row) => {
        for (let column = 0; column < 5; column++) {
          if ((bits >> (4 - column)) & 1)
            this.fill(x + (k * CELL + column) * scale, y + row * scale, scale, scale, colour);
        }
      });
    });
  }
}
