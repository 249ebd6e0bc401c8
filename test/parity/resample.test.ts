/** Resampling against SimpleITK, ANTsPy and nibabel, and against the images that PyRadiomics resampled. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { boxUnion } from '../../src/pipeline/box.ts';
import {
  type Interpolator,
  parseInterpolator,
  pyradiomicsGrid,
  resample,
  resampleMask,
} from '../../src/pipeline/resample/index.ts';
import { parallelPositions } from '../../src/pipeline/resample/positions.ts';
import { findMaskLabels } from '../../src/pipeline/selection.ts';
import type { Geometry, Vec3, Volume } from '../../src/pipeline/volume.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** Of the range of the image, as asked for; what float32 leaves is ten times less. */
const LINEAR = 1e-5;
const SPLINE = 1e-4;

/** Of the range, in numbers of 48 bits: float64 but for the rounding of both sides. */
const EXACT = 1e-12;
/** ITK's Gaussian takes an error function with nine digits. */
const EXACT_GAUSSIAN = 1e-8;

/**
 * Share of integer voxels that are whole numbers but for rounding and fall one short in ITK's float64, where we compute in 48
 * bits; of linear interpolation none: it is decided in float64.
 */
const TIES = 2e-3;

interface Output {
  readonly program: string;
  readonly call: string;
  readonly file: string;
  readonly shape_zyx: readonly [number, number, number];
  readonly grid: {
    readonly size_xyz?: Vec3;
    readonly spacing_xyz?: Vec3;
    readonly origin_lps?: Vec3;
    readonly direction_rows_lps?: readonly number[];
    readonly affine_ras?: readonly (readonly number[])[];
  };
  readonly points_on_the_border?: number;
}

/** A grid as the reference gives it: ITK's fields, or NIfTI's affine. */
function gridOf({ grid, shape_zyx: [nz, ny, nx] }: Output): Geometry {
  const size: Vec3 = [nx, ny, nz];
  if (grid.direction_rows_lps) {
    const {
      spacing_xyz: spacing,
      origin_lps: origin,
      direction_rows_lps: direction,
    } = grid as Required<Output['grid']>;
    return { dimension: 3, size, spacing, origin, direction };
  }
  const ras = grid.affine_ras!;
  const lps = ras.map((row, i) => row.map((x) => (i < 2 ? -x : x)));
  const spacing = [0, 1, 2].map((c) => Math.hypot(lps[0]![c]!, lps[1]![c]!, lps[2]![c]!)) as unknown as Vec3;
  const direction = [0, 1, 2].flatMap((r) => [0, 1, 2].map((c) => lps[r]![c]! / spacing[c]!));
  return { dimension: 3, size, spacing, origin: [lps[0]![3]!, lps[1]![3]!, lps[2]![3]!], direction };
}

function rangeOf({ data }: Volume): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of data) [low, high] = [Math.min(low, x), Math.max(high, x)];
  return high - low;
}

/** Largest difference, and voxels that only one of the two has outside the image (where a tie at the border decides). */
function compare(found: Volume, expected: Float64Array, borders: number): number {
  const differences = Array.from(expected, (e, i) => Math.abs(e - (found.data[i] as number)));
  if (borders > 0) {
    // Ties: a voxel exactly half a voxel outside is 0 on one side and a value on the other.
    const ties = differences.filter((_, i) => (expected[i] === 0) !== (found.data[i] === 0)).length;
    expect(ties).toBeLessThanOrEqual(borders);
    return Math.max(...differences.filter((_, i) => (expected[i] === 0) === (found.data[i] === 0)), 0);
  }
  return differences.reduce((a, b) => Math.max(a, b), 0);
}

const root = 'reference/resample';
const cases = hasShared ? readdirSync(sharedPath(root)).filter((name) => !/\.|scripts/.test(name)) : [];

function interpolatorOf({ call, file }: Output): Interpolator {
  if (/windowed_sinc/.test(file)) return 'sitkLanczosWindowedSinc';
  if (/nearest/.test(file)) return 'sitkNearestNeighbor';
  return /bspline|order=3/.test(`${call} ${file}`) ? 'sitkBSpline' : 'sitkLinear';
}

describeShared('resampling by other programs', () => {
  const engine = useEngine();
  const outputs = cases.flatMap((name) => {
    const { outputs: all } = JSON.parse(readFileSync(sharedPath(root, name, 'case.json'), 'utf8')) as {
      outputs: Output[];
    };
    // ANTs' windowed sinc has a window of its own (the reference's README).
    return all
      .filter((o) => o.file !== 'ants_windowed_sinc.npy.gz')
      .map((output) => ({ name, output, title: `${name} ${output.file}` }));
  });

  it.each(outputs)('$title', async ({ name, output }) => {
    const folder = sharedPath(root, name);
    const interpolator = interpolatorOf(output);
    const grid = gridOf(output);
    const expected = readNpy(`${folder}/${output.file}`).data;
    if (/mask/.test(output.file)) {
      const mask = toMask(await readImageFile(`${folder}/mask.nii.gz`));
      const found = await resampleMask(engine(), mask, grid);
      let wrong = 0;
      expected.forEach((e, i) => {
        wrong += Number(e !== found.data[i]);
      });
      expect(wrong).toBe(0);
      return;
    }
    const stored = toVolume(await readImageFile(`${folder}/input.nii.gz`));
    const image = { ...stored, data: Float32Array.from(stored.data) };
    const found = await resample(engine(), image, grid, { interpolator });
    if (output.program.startsWith('nibabel')) {
      // Outside the outer centres nibabel has 0 where ITK goes on for half a voxel.
      const both = expected.map((e, i) => (e === 0 ? (found.data[i] as number) : e));
      expect(compare(found, both, 0) / rangeOf(image)).toBeLessThanOrEqual(SPLINE);
      return;
    }
    const tolerance = interpolator === 'sitkBSpline' ? SPLINE : LINEAR;
    expect(compare(found, expected, output.points_on_the_border ?? 0) / rangeOf(image)).toBeLessThanOrEqual(tolerance);
  });
});

interface Recorded {
  readonly offset_zyx: Vec3;
  readonly shape_zyx: Vec3;
  readonly whole_shape_zyx: Vec3;
  readonly settings?: {
    readonly resampledPixelSpacing: Vec3;
    readonly interpolator: string;
    readonly padDistance?: number;
  };
  readonly kind?: string;
  readonly origin_xyz: Vec3;
  readonly spacing_xyz: Vec3;
  readonly whole: { readonly min: number; readonly max: number; readonly sum: number };
}

const imageFolder = 'reference/pyradiomics/images';

describeShared('images that PyRadiomics resampled', () => {
  const engine = useEngine();
  const runs = (hasShared ? ['brain1', 'breast1'] : []).flatMap((name) => {
    const index = JSON.parse(readFileSync(sharedPath(imageFolder, name, 'index.json'), 'utf8')) as {
      image: string;
      mask: string;
      images: Record<string, Recorded>;
    };
    return Object.entries(index.images)
      .filter(([key, { settings }]) => /^resample_/.test(key) && settings)
      .map(([key, recorded]) => ({ ...index, name, key, recorded, title: `${name} ${key}` }));
  });

  it.each(runs)('$title', async ({ name, key, recorded, image: imagePath, mask: maskPath, images }) => {
    const stored = toVolume(await readImageFile(sharedPath(imagePath)));
    const image = /float64/.test(key) ? { ...stored, data: Float64Array.from(stored.data) } : stored;
    const mask = toMask(await readImageFile(sharedPath(maskPath)));
    const { found } = findMaskLabels(mask);
    const { resampledPixelSpacing, interpolator, padDistance = 5 } = recorded.settings!;
    const region = found.map((f) => f.box).reduce(boxUnion);
    const grid = pyradiomicsGrid(image, region, resampledPixelSpacing, padDistance);
    expect([...grid.size].reverse()).toEqual(recorded.whole_shape_zyx);
    expect(Math.max(...grid.spacing.map((s, i) => Math.abs(s - recorded.spacing_xyz[i]!)))).toBeLessThan(1e-9);

    const inner = (volume: { readonly data: ArrayLike<number>; readonly size: Vec3 }, r: Recorded) => {
      const [oz, oy, ox] = r.offset_zyx;
      const [nz, ny, nx] = r.shape_zyx;
      return Float64Array.from({ length: nx * ny * nz }, (_, k) => {
        const [x, y, z] = [ox + (k % nx), oy + (Math.floor(k / nx) % ny), oz + Math.floor(k / nx / ny)];
        return volume.data[x + volume.size[0] * (y + volume.size[1] * z)]!;
      });
    };
    const maskKey = key.replace('float64_', '').replace(/_sitk\w+$/, '_mask');
    const moved = await resampleMask(engine(), mask, grid);
    const recordedMask = images[maskKey];
    if (recordedMask) {
      expect(inner(moved, recordedMask)).toEqual(readNpy(sharedPath(imageFolder, name, `${maskKey}.npy.gz`)).data);
      expect(Array.from(moved.data).reduce((a, b) => a + b, 0)).toBe(recordedMask.whole.sum);
    }
    const values = inner(
      await resample(engine(), image, grid, { interpolator: parseInterpolator(interpolator) }),
      recorded,
    );
    const expected = readNpy(sharedPath(imageFolder, name, `${key}.npy.gz`)).data;
    const differences = Array.from(expected, (e, i) => Math.abs(e - values[i]!));
    if (interpolator === 'sitkLabelGaussian') {
      // Half way between two voxels both weigh the same, and ITK's rounding decides.
      const axes = parallelPositions(grid, image)!;
      const halfWay = axes.map(({ positions }) =>
        positions.map((x) => Number(Math.abs(x - Math.floor(x) - 0.5) < 1e-9)),
      );
      const tied = inner(
        {
          size: grid.size,
          data: Array.from({ length: grid.size[0] * grid.size[1] * grid.size[2] }, (_, k) => {
            const [nx, ny] = grid.size;
            return halfWay[0]![k % nx]! + halfWay[1]![Math.floor(k / nx) % ny]! + halfWay[2]![Math.floor(k / nx / ny)]!;
          }),
        },
        recorded,
      );
      expect(differences.filter((d, i) => d > 0 && tied[i] === 0)).toEqual([]);
      return;
    }
    const ties = differences.filter((d) => d === 1).length;
    const integers = !/float64/.test(key);
    const isLinear = interpolator === 'sitkLinear';
    if (integers) expect(ties / expected.length).toBeLessThanOrEqual(isLinear ? 0 : TIES);
    const worst = differences.reduce((most, d) => (integers && d === 1 ? most : Math.max(most, d)), 0);
    if (integers && isLinear) expect(worst).toBe(0);
    const tolerance = /Linear|Nearest/.test(interpolator) ? LINEAR : SPLINE;
    const range = recorded.whole.max - recorded.whole.min;
    expect(worst / range).toBeLessThanOrEqual(tolerance);
    if (integers) return;
    const exact = await resample(engine(), image, grid, { interpolator: parseInterpolator(interpolator), exact: true });
    const close = interpolator === 'sitkGaussian' ? EXACT_GAUSSIAN : EXACT;
    inner(exact, recorded).forEach((v, i) => {
      expectClose(v, expected[i]!, { abs: close * range, what: `voxel ${i}` });
    });
  });
});
