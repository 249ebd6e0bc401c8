/** CPU twins of normalise/affine and normalise/piecewise. */
import type { Affine, Piecewise } from '../../../src/pipeline/normalise/maps.ts';

export const affine = (x: number, { origin, scale, shift, low, high }: Affine): number =>
  Math.min(Math.max((x - origin) * scale + shift, low), high);

/** numpy's searchsorted(from, x, side='right') - 1, kept among the segments. */
export function piecewise(x: number, { from, to }: Piecewise): number {
  let s = from.filter((node) => node <= x).length - 1;
  s = Math.min(Math.max(s, 0), from.length - 2);
  const [x0, x1, y0, y1] = [from[s], from[s + 1], to[s], to[s + 1]] as [number, number, number, number];
  return y0 + ((x - x0) * (y1 - y0)) / (x1 - x0);
}
