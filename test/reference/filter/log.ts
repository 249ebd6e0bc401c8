/** CPU twin of filter/recursive: itkLaplacianRecursiveGaussianImageFilter in float64, float32 between the passes. */
import { recursiveGaussian, type RecursiveFilter } from '../../../src/pipeline/filter/deriche.ts';
import type { Volume } from '../../../src/pipeline/volume.ts';

/** itkRecursiveSeparableImageFilter's FilterDataArray: lines go on with their end values. */
export function filterLine(
  x: readonly number[],
  { forward, backward, poles, gain, backGain }: RecursiveFilter,
): number[] {
  const n = x.length;
  const at = (i: number) => x[Math.min(Math.max(i, 0), n - 1)]!;
  const y: number[] = [];
  const z: number[] = [];
  for (let i = 0; i < n; i++) {
    const before = poles.map((d, k) => d * (y[i - 1 - k] ?? gain * at(0)));
    const now = forward.map((c, k) => c * at(i - k));
    y[i] = now[0]! + now[1]! + now[2]! + now[3]! - (before[0]! + before[1]! + before[2]! + before[3]!);
  }
  for (let i = n - 1; i >= 0; i--) {
    const behind = poles.map((d, k) => d * (z[i + 1 + k] ?? backGain * at(n - 1)));
    const now = backward.map((c, k) => c * at(i + 1 + k));
    z[i] = now[0]! + now[1]! + now[2]! + now[3]! - (behind[0]! + behind[1]! + behind[2]! + behind[3]!);
  }
  return y.map((v, i) => v + z[i]!);
}

/** Filters every line along an axis and rounds to float32. */
function filterAxis(data: Float64Array, size: Volume['size'], axis: number, filter: RecursiveFilter): Float64Array {
  const out = new Float64Array(data.length);
  const step = [1, size[0], size[0] * size[1]][axis]!;
  const count = size[axis]!;
  for (let start = 0; start < data.length; start++) {
    if (Math.floor(start / step) % count !== 0) continue;
    const line = Array.from({ length: count }, (_, i) => data[start + i * step]!);
    filterLine(line, filter).forEach((v, i) => {
      out[start + i * step] = Math.fround(v);
    });
  }
  return out;
}

/** The Laplacian of Gaussian of an image, normalised across scales. @param sigma in mm */
export function laplacian({ data, size, spacing, dimension }: Volume, sigma: number): Float64Array {
  const total = new Float64Array(data.length);
  const axes = [0, 1, 2].slice(0, dimension);
  for (const along of axes) {
    let image = filterAxis(
      Float64Array.from(data),
      size,
      along,
      recursiveGaussian(sigma / spacing[along]!, 2, sigma ** 2),
    );
    for (const axis of axes.filter((a) => a !== along)) {
      image = filterAxis(image, size, axis, recursiveGaussian(sigma / spacing[axis]!, 0));
    }
    const scale = 1 / spacing[along]! ** 2;
    image.forEach((v, i) => {
      total[i] = Math.fround(total[i]! + v * scale);
    });
  }
  return total;
}
