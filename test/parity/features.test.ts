/** Every recorded run of PyRadiomics 3.1.0 whose original-image features we compute: values, names, order, diagnostics. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { extractFiles } from '../../src/host/node/extract-files.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';
import { differences } from './compare.ts';
import { expectDiagnostics } from './diagnostics.ts';
import { caseFiles, presets } from './presets.ts';

/**
 * Matrices are identical, so features differ only by the order of float64 operations: 1e-9 relative, as PyRadiomics differs
 * from itself across NumPy versions by up to 4e-13. MCC comes from eigenvalues of a non-symmetric matrix there: 1e-6.
 */
const TOLERANCE = 1e-9;
const MCC_TOLERANCE = 1e-6;
/**
 * Normalised and resampled images: levels and matrices are identical; intensities agree to 48 bits for whole numbers, to the
 * seven digits of the mean and standard deviation for the fractions of PET.
 */
const PROCESSED_TOLERANCE = 1e-6;
/**
 * One voxel of brain1 that linear interpolation makes a whole number but for rounding: ITK's float64 falls one short of it
 * and is cut off to the number below.
 */
const TIED = { file: 'brain1__precrop_resample.json', tolerance: 1e-4 };

interface Recorded {
  readonly features?: Record<string, unknown>;
  readonly diagnostics?: Record<string, unknown>;
  readonly error?: { type: string; message: string };
}

const folder = hasShared ? sharedPath('reference/pyradiomics/features') : '';
const files = hasShared ? readdirSync(folder).filter((file) => (/__(.*)\.json$/.exec(file)?.[1] ?? '') in presets) : [];

describeShared('PyRadiomics features of the original image', () => {
  const engine = useEngine();

  it.each(files)('%s', async (file) => {
    const [, name, preset] = /^(.*)__(.*)\.json$/.exec(file) as unknown as [string, string, string];
    const recorded = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as Recorded;
    const { image, mask, label } = caseFiles(name);
    const { settings, classes, processed } = presets[preset]!;
    const run = extractFiles(engine(), sharedPath(image), sharedPath(mask), { labels: [label], settings, classes });
    if (recorded.error) {
      await expect(run).rejects.toMatchObject({ name: 'PipelineError' });
      return;
    }
    const row = (await run)[0]!;
    const tolerance = file === TIED.file ? TIED.tolerance : processed ? PROCESSED_TOLERANCE : TOLERANCE;
    const found = differences(row, recorded.features!, tolerance).filter(
      (d) => !(d.column.endsWith('_MCC') && d.relative <= MCC_TOLERANCE),
    );
    expect(found).toEqual([]);
    const columns = (r: Record<string, unknown>) => Object.keys(r).filter((c) => c.startsWith('original_'));
    expect(columns(row)).toEqual(columns(recorded.features!));
    expectDiagnostics(row, recorded.diagnostics!);
  });
});
