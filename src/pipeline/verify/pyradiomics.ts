/** PyRadiomics' recorded values of a generated case: every stage and image type, without any data from outside. */
import type { Engine } from '../../engine/index.ts';
import { extract } from '../extract.ts';
import type { ImageTypeSelection } from '../image-types.ts';
import type { SettingsInput } from '../settings.ts';
import { selectionOf } from './check.ts';
import { generatedCase } from './generated-case.ts';
import { pyradiomicsFeatures, pyradiomicsTable } from './pyradiomics-table.ts';
import type { CheckedValue } from './report.ts';

/** Largest |ours - PyRadiomics| / |PyRadiomics|. Features are float64 sums over the same grey levels on both sides. */
export const PYRADIOMICS_TOLERANCE = 1e-6;

interface Run {
  readonly title: string;
  readonly settings: SettingsInput;
  readonly imageTypes: ImageTypeSelection;
}

/** The runs of test/golden/verify/record.py. */
const runs: Readonly<Record<string, Run>> = {
  filters: {
    title: 'PyRadiomics, image types',
    settings: { binWidth: 25 },
    imageTypes: ['Original', 'Wavelet', 'Square', 'SquareRoot', 'Logarithm', 'Exponential', 'Gradient'],
  },
  narrow: {
    title: 'PyRadiomics, LoG and LBP',
    settings: { binWidth: 1, sigma: [2, 3] },
    imageTypes: ['LoG', 'LBP2D', 'LBP3D'],
  },
  slices: {
    title: 'PyRadiomics, slice by slice',
    settings: { binWidth: 25, force2D: true },
    imageTypes: ['Original', 'Wavelet'],
  },
  steps: {
    title: 'PyRadiomics, normalised and resampled',
    settings: {
      binWidth: 5,
      normalize: true,
      normalizeScale: 100,
      removeOutliers: 3,
      resampledPixelSpacing: [1.5, 1.5, 1.5],
      interpolator: 'sitkBSpline',
    },
    imageTypes: ['Original', 'Wavelet'],
  },
};

/** A recorded value. */
interface Recorded {
  readonly run: string;
  readonly image: string;
  readonly column: string;
  readonly value: number;
}

const recorded: readonly Recorded[] = pyradiomicsTable
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [run, image, ...values] = line.split(' ') as [string, string, ...string[]];
    return pyradiomicsFeatures.map((name, k) => ({ run, image, column: `${image}_${name}`, value: Number(values[k]) }));
  });

/** Titles of the runs, in their order. */
export const pyradiomicsTitles: readonly string[] = Object.values(runs).map(({ title }) => title);

/**
 * Computes the recorded features of the generated case in a run, and compares.
 * @param of title of the run
 * @returns one row per recorded value; the family is the image
 * @throws what `extract` throws
 */
export async function checkPyradiomics(engine: Engine, of: string, signal?: AbortSignal): Promise<CheckedValue[]> {
  const { image, mask } = generatedCase();
  const classes = selectionOf(pyradiomicsFeatures.map((name) => `original_${name}`));
  const rows: CheckedValue[] = [];
  for (const [run, { title, settings, imageTypes }] of Object.entries(runs).filter((entry) => entry[1].title === of)) {
    const [row] = await extract(engine, image, mask, { settings, imageTypes, classes, signal });
    for (const { image: family, column, value: reference } of recorded.filter((r) => r.run === run)) {
      const value = (row as Record<string, number>)[column] as number;
      const tolerance = PYRADIOMICS_TOLERANCE * Math.abs(reference);
      rows.push({
        set: title,
        family,
        tag: column,
        code: '',
        column,
        value,
        reference,
        tolerance,
        consensus: null,
        status: Math.abs(value - reference) <= tolerance ? 'agrees' : 'differs',
        reason: null,
      });
    }
  }
  return rows;
}
