import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { n4, type N4Options } from '../../src/pipeline/n4/index.ts';
import type { Volume } from '../../src/pipeline/volume.ts';
import { useEngine } from '../support/engine.ts';
import { firstTimePoint, readVolume } from '../support/itk.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** RMS of the log field over the grid: what two threads of ANTs differ by on brain and breast volumes. */
const WHOLE_RUN = 5e-4;
/** breast1 at shrink 4 has 5 slices under 11 control points: ANTs' own threads differ by 2e-3, at most by 0.06. */
const FEW_SLICES = 1e-2;
/** Corrected intensities relative to the largest: the log field's tolerance, at its largest. */
const CORRECTED = 5e-3;

interface Case {
  readonly case: string;
  readonly input: string;
  readonly mask: string | null;
  readonly weight_mask: string | null;
  readonly settings: {
    readonly shrink_factor: number;
    readonly iterations: readonly number[];
    readonly tolerance: number;
    readonly spline_param: number | readonly number[] | null;
    readonly rescale_intensities: boolean;
  };
  readonly shrink_offset_zyx: readonly number[];
  readonly iterations_done: readonly number[];
  readonly convergence_per_level: readonly (readonly number[])[];
  readonly logfield_file: { readonly file: string; readonly stride_zyx: readonly [number, number, number] };
  readonly corrected: { readonly mean: number; readonly std: number; readonly max: number };
}

const folder = sharedPath('reference/n4/cases');
const cases = hasShared
  ? readdirSync(folder)
      .filter((f) => f.endsWith('.json'))
      .map((f) => JSON.parse(readFileSync(`${folder}/${f}`, 'utf8')) as Case)
  : [];

const load = (input: string): Promise<Volume> =>
  input.includes('[') ? firstTimePoint(sharedPath(input.replace(/ \[.*$/, ''))) : readVolume(sharedPath(input));

/** The weight image of the references: rising along x from 1 / nx to 1. */
const ramp = (image: Volume): Volume => ({
  ...image,
  data: Float32Array.from({ length: image.data.length }, (_, i) => ((i % image.size[0]) + 1) / image.size[0]),
});

/** Difference of log fields at every stride-th voxel. */
function fieldError(field: Volume, stride: readonly number[], expected: ArrayLike<number>) {
  const [sz, sy, sx] = stride as [number, number, number];
  const [nx, ny, nz] = field.size;
  let [k, sum, squares, largest] = [0, 0, 0, 0];
  for (let z = 0; z < nz; z += sz) {
    for (let y = 0; y < ny; y += sy) {
      for (let x = 0; x < nx; x += sx, k++) {
        const d = Math.log(field.data[x + nx * (y + ny * z)]!) - expected[k]!;
        sum += d;
        squares += d * d;
        largest = Math.max(largest, Math.abs(d));
      }
    }
  }
  expect(k).toBe(expected.length);
  return { rms: Math.sqrt(squares / k), shape: Math.sqrt(squares / k - (sum / k) ** 2), largest };
}

describeShared('N4 against ANTsPy', () => {
  const engine = useEngine();

  it.each(cases)('$case', { timeout: 60_000 }, async (c) => {
    const image = await load(c.input);
    const mask = c.mask
      ? { ...(await readVolume(sharedPath(c.mask))), spacing: image.spacing, origin: image.origin }
      : null;
    const { shrink_factor, iterations, tolerance, spline_param, rescale_intensities } = c.settings;
    const options: N4Options = {
      mask,
      weights: c.weight_mask ? ramp(image) : null,
      shrink: shrink_factor,
      iterations,
      tolerance,
      rescale: rescale_intensities,
      ...(typeof spline_param === 'number' ? { splineDistance: spline_param } : { mesh: spline_param }),
    };
    const { corrected, field, report } = await n4(engine(), image, { ...options, returnField: true });
    const { rms, shape, largest } = fieldError(
      field!,
      c.logfield_file.stride_zyx,
      readNpy(`${folder}/${c.logfield_file.file}`).data,
    );
    console.log(
      `${c.case}: RMS ${rms.toExponential(1)}, without mean ${shape.toExponential(1)}, at most ${largest.toExponential(1)}, iterations ${report.iterations}`,
    );
    expect(rms).toBeLessThan(/^breast1_(default|20x10)/.test(c.case) ? FEW_SLICES : WHOLE_RUN);
    if (typeof spline_param !== 'number') expect([...report.shrinkOffset].reverse()).toEqual(c.shrink_offset_zyx);
    const n = corrected.data.length;
    const mean = (corrected.data as Float32Array).reduce((a, b) => a + b, 0) / n;
    expect(Math.abs(mean - c.corrected.mean)).toBeLessThan(CORRECTED * c.corrected.mean);
  });
});
