/** Twin of nn/conv, nn/conv-lanes, nn/unfold and nn/winograd: nested loops in float64. Axes are [image, channel, depth, height, width]. */

/** Values in C order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export type Triple = readonly [number, number, number];

export interface ConvolutionGeometry {
  readonly stride: Triple;
  readonly padding: Triple;
  readonly dilation: Triple;
}

/** Cross-correlation with zero padding; weights [out, in, depth, height, width]. */
export function convolution(
  input: Tensor,
  weights: Tensor,
  bias: ArrayLike<number> | null,
  geometry: ConvolutionGeometry,
): Tensor {
  const { stride, padding, dilation } = geometry;
  const [images, inputs, ...size] = input.shape as [number, number, number, number, number];
  const [outputs, , ...taps] = weights.shape as [number, number, number, number, number];
  const out = size.map(
    (n, a) => Math.floor((n + 2 * padding[a]! - dilation[a]! * (taps[a]! - 1) - 1) / stride[a]!) + 1,
  );
  const data: number[] = [];
  for (let image = 0; image < images; image++)
    for (let co = 0; co < outputs; co++)
      for (let z = 0; z < out[0]!; z++)
        for (let y = 0; y < out[1]!; y++)
          for (let x = 0; x < out[2]!; x++) {
            let sum = bias?.[co] ?? 0;
            for (let ci = 0; ci < inputs; ci++)
              for (let kz = 0; kz < taps[0]!; kz++)
                for (let ky = 0; ky < taps[1]!; ky++)
                  for (let kx = 0; kx < taps[2]!; kx++) {
                    const [iz, iy, ix] = [
                      z * stride[0] - padding[0] + kz * dilation[0],
                      y * stride[1] - padding[1] + ky * dilation[1],
                      x * stride[2] - padding[2] + kx * dilation[2],
                    ] as [number, number, number];
                    if (iz < 0 || iy < 0 || ix < 0 || iz >= size[0]! || iy >= size[1]! || ix >= size[2]!) continue;
                    const from = (((image * inputs + ci) * size[0]! + iz) * size[1]! + iy) * size[2]! + ix;
                    const tap = (((co * inputs + ci) * taps[0]! + kz) * taps[1]! + ky) * taps[2]! + kx;
                    sum += input.data[from]! * weights.data[tap]!;
                  }
            data.push(sum);
          }
  return { shape: [images, outputs, ...out], data };
}
