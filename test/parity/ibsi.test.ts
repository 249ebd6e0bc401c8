/** The IBSI digital phantom: every reference value that PyRadiomics' classes define. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ClassSelection } from '../../src/pipeline/classes.ts';
import type { Row } from '../../src/pipeline/row.ts';
import type { SettingsInput } from '../../src/pipeline/settings.ts';
import { extractFiles } from '../../src/host/node/extract-files.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';
import { type Aggregation, columnOf } from './ibsi-names.ts';

interface Reference {
  readonly tag: string;
  readonly value: string;
  readonly tolerance: string;
}

function readReferences(): Reference[] {
  const [head, ...lines] = readFileSync(sharedPath('data/ibsi1/ibsi1_reference_values.csv'), 'utf8').trim().split('\n');
  const names = (head as string).trim().split(',');
  return lines
    .map((line) =>
      Object.fromEntries(
        line
          .trim()
          .match(/("[^"]*"|[^,]*)(,|$)/g)!
          .map((cell, k) => [names[k], cell.replace(/,$/, '')]),
      ),
    )
    .filter((r) => r['config'] === 'digital')
    .map((r) => ({
      tag: r['tag'] as string,
      value: r['value_manual'] as string,
      tolerance: r['tol_manual'] as string,
    }));
}

/**
 * The manual's tolerance; where it has none (the phantom is exact), the value is rounded to three significant digits: half a
 * unit of the third.
 */
function toleranceOf({ value, tolerance }: Reference): number {
  if (tolerance !== '') return Number(tolerance);
  const size = Math.abs(Number(value));
  return size === 0 ? 1e-12 : 0.5 * 10 ** (Math.floor(Math.log10(size)) - 2) * (1 + 1e-9);
}

const merged = { weightingNorm: 'no_weighting' } as const;
const settingsOf: Record<Aggregation, SettingsInput> = {
  '3D': {},
  '3D_avg': {},
  '3D_comb': merged,
  '2_5D': { force2D: true },
  '2_5D_avg': { force2D: true },
  '2_5D_comb': { force2D: true, ...merged },
};

const shape = [
  'MeshVolume',
  'VoxelVolume',
  'SurfaceArea',
  'SurfaceVolumeRatio',
  'Compactness1',
  'Compactness2',
  'SphericalDisproportion',
  'Sphericity',
  'Maximum3DDiameter',
  'MajorAxisLength',
  'MinorAxisLength',
  'LeastAxisLength',
  'Elongation',
  'Flatness',
];
const classes: ClassSelection = {
  shape,
  firstorder: null,
  glcm: null,
  gldm: null,
  glrlm: null,
  glszm: null,
  ngtdm: null,
};
const cases = hasShared
  ? readReferences().flatMap((r) => (columnOf(r.tag) ? [{ ...r, ...columnOf(r.tag)! }] : []))
  : [];

/** Voxels of the phantom's region. */
const VOXELS = 74;

/**
 * IBSI's definitions where PyRadiomics' differ by convention: excess kurtosis (minus 3), and axis lengths from the sample
 * covariance (N - 1) where PyRadiomics takes the population's (N).
 */
function convert(tag: string, value: number): number {
  if (tag === 'stat_kurt') return value - 3;
  return /morph_pca_(maj|min|least)_axis/.test(tag) ? value * Math.sqrt(VOXELS / (VOXELS - 1)) : value;
}

describeShared('IBSI digital phantom', () => {
  const engine = useEngine();
  const rows = new Map<string, Promise<Row>>();
  const rowFor = (settings: SettingsInput) => {
    const key = JSON.stringify(settings);
    const folder = 'data/ibsi1/ibsi_1_digital_phantom/nifti';
    if (!rows.has(key)) {
      const run = extractFiles(
        engine(),
        sharedPath(`${folder}/image/phantom.nii.gz`),
        sharedPath(`${folder}/mask/mask.nii.gz`),
        { settings: { binWidth: 1, ...settings }, classes },
      );
      rows.set(
        key,
        run.then((r) => r[0]!),
      );
    }
    return rows.get(key)!;
  };

  it.each(cases)('$tag = $value', async (reference) => {
    const row = await rowFor(settingsOf[reference.aggregation]);
    const value = convert(reference.tag, row[reference.column] as number);
    expect(Math.abs(value - Number(reference.value)), `${reference.column} = ${value}`).toBeLessThanOrEqual(
      toleranceOf(reference),
    );
  });

  it('covers the classes', () => {
    expect(cases.length).toBeGreaterThan(230);
  });
});
