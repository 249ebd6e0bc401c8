/** Twins of nn/maxpool and nn/average. Axes are [image, channel, depth, height, width]. */
import type { Tensor } from './conv.ts';

/** The largest of 3 x 3 x 3 around every second voxel; outside the image nothing counts, NaN wins. */
export function maxPool({ shape, data }: Tensor): Tensor {
  const [images, channels, ...size] = shape as [number, number, number, number, number];
  const out = size.map((n) => Math.floor((n - 1) / 2) + 1);
  const results: number[] = [];
  for (let image = 0; image < images * channels; image++)
    for (let z = 0; z < out[0]!; z++)
      for (let y = 0; y < out[1]!; y++)
        for (let x = 0; x < out[2]!; x++) {
          let most = Number.NEGATIVE_INFINITY;
          for (let iz = Math.max(2 * z - 1, 0); iz <= Math.min(2 * z + 1, size[0]! - 1); iz++)
            for (let iy = Math.max(2 * y - 1, 0); iy <= Math.min(2 * y + 1, size[1]! - 1); iy++)
              for (let ix = Math.max(2 * x - 1, 0); ix <= Math.min(2 * x + 1, size[2]! - 1); ix++)
                // Math.max passes NaN on.
                most = Math.max(most, data[((image * size[0]! + iz) * size[1]! + iy) * size[2]! + ix]!);
          results.push(most);
        }
  return { shape: [images, channels, ...out], data: results };
}

/** The mean of each channel: [image, channel]. */
export function globalAverage({ shape, data }: Tensor): Tensor {
  const voxels = shape.slice(2).reduce((product, n) => product * n, 1);
  const means = Array.from({ length: shape[0]! * shape[1]! }, (_, k) => {
    let sum = 0;
    for (let v = 0; v < voxels; v++) sum += data[k * voxels + v]!;
    return sum / voxels;
  });
  return { shape: shape.slice(0, 2), data: means };
}
