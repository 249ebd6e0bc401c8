/** Twin of fourier/transform: discrete Fourier transforms by their definition, in float64. */
import type { Vec3 } from '../../../src/pipeline/volume.ts';

/** Complex numbers, x fastest. */
export interface ComplexVolume {
  readonly re: Float64Array;
  readonly im: Float64Array;
  readonly size: Vec3;
}

/** Transforms all lines along an axis. @param turn -1: from samples to frequencies; 1: backwards, not divided by the length */
export function dft({ re, im, size }: ComplexVolume, axis: 0 | 1 | 2, turn: -1 | 1): ComplexVolume {
  const step = [1, size[0], size[0] * size[1]][axis]!;
  const n = size[axis];
  const cos = Float64Array.from({ length: n }, (_, t) => Math.cos((2 * Math.PI * t) / n));
  const sin = Float64Array.from({ length: n }, (_, t) => turn * Math.sin((2 * Math.PI * t) / n));
  const made = { re: new Float64Array(re.length), im: new Float64Array(re.length), size };
  for (let i = 0; i < re.length; i++) {
    const k = Math.floor(i / step) % n;
    const start = i - k * step;
    for (let j = 0; j < n; j++) {
      const t = (j * k) % n;
      const [a, b] = [re[start + j * step]!, im[start + j * step]!];
      made.re[i]! += a * cos[t]! - b * sin[t]!;
      made.im[i]! += a * sin[t]! + b * cos[t]!;
    }
  }
  return made;
}

/** Transforms a volume along some axes. */
export const dftAxes = (volume: ComplexVolume, axes: readonly (0 | 1 | 2)[], turn: -1 | 1): ComplexVolume =>
  axes.reduce((current, axis) => dft(current, axis, turn), volume);
