/** CPU twin of filter/wavelet: PyRadiomics' imageoperations._swt3 around PyWavelets' swtn of one level, in float64. */
import type { Vec3 } from '../../../src/pipeline/volume.ts';

export interface Bank {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

export interface Grid {
  readonly data: Float64Array;
  readonly size: Vec3;
}

/** Rounds after every operation: x => x for float64, Math.fround for float32. */
export type Rounding = (x: number) => number;

const map3 = (f: (i: 0 | 1 | 2) => number): Vec3 => [f(0), f(1), f(2)];

/** A grid by a function of the position. */
function build(size: Vec3, value: (at: Vec3) => number): Grid {
  const data = new Float64Array(size[0] * size[1] * size[2]);
  for (let i = 0; i < data.length; i++) {
    data[i] = value([i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))]);
  }
  return { data, size };
}

const at = ({ data, size }: Grid, [x, y, z]: Vec3): number => data[x + size[0] * (y + size[1] * z)] as number;

/** Odd axes get their first voxel once more at their end. */
const pad = (grid: Grid): Grid =>
  build(
    map3((i) => grid.size[i] + (grid.size[i] % 2)),
    (p) =>
      at(
        grid,
        map3((i) => p[i] % grid.size[i]),
      ),
  );

const crop = (grid: Grid, size: Vec3): Grid => build(size, (p) => at(grid, p));

/** One filter along one axis of even size: out[o] = sum of filter[f] in[(o + F / 2 - f) mod n], added as PyWavelets does. */
function convolve(grid: Grid, axis: 0 | 1 | 2, filter: ArrayLike<number>, round: Rounding): Grid {
  const n = grid.size[axis];
  return build(grid.size, (p) => {
    const last = p[axis] + filter.length / 2;
    const order = [...Array(filter.length).keys()];
    const wrapped = order.filter((f) => last - f >= n);
    let sum = 0;
    for (const f of [...wrapped.reverse(), ...order.slice(wrapped.length)]) {
      const index = (((last - f) % n) + n) % n;
      sum = round(
        sum +
          round(
            (filter[f] as number) *
              at(
                grid,
                map3((i) => (i === axis ? index : p[i])),
              ),
          ),
      );
    }
    return sum;
  });
}

/**
 * All wavelet images in PyRadiomics' order.
 * @param axes filtered axes, in the order of the letters
 */
export function swt(
  image: Grid,
  bank: Bank,
  axes: readonly (0 | 1 | 2)[],
  { level = 1, start_level = 0, round = (x: number) => x } = {},
): [name: string, values: Float64Array][] {
  const images: [string, Float64Array][] = [];
  let data = pad(image);
  for (let step = 1 - start_level; step <= level; step++) {
    let bands: [string, Grid][] = [['', data]];
    for (const axis of axes) {
      bands = bands.flatMap(([letters, band]): [string, Grid][] => [
        [`${letters}L`, convolve(band, axis, bank.low, round)],
        [`${letters}H`, convolve(band, axis, bank.high, round)],
      ]);
    }
    data = bands[0]![1];
    if (step < 1) continue;
    const prefix = step === 1 ? 'wavelet' : `wavelet${step}`;
    const wanted = step === level ? [...bands.slice(1), bands[0]!] : bands.slice(1);
    for (const [letters, band] of wanted) images.push([`${prefix}-${letters}`, crop(band, image.size).data]);
  }
  return images;
}
