/** IBSI's resampling: grids, masks and intensities of the sarcoma patients as the teams of IBSI 1's validation found them. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { toDevice, fromDevice } from '../../src/pipeline/device-volume.ts';
import { extract } from '../../src/pipeline/extract.ts';
import { gridOfStep, maskRuleOf, resampleImage, type ResampleStep } from '../../src/pipeline/preprocess.ts';
import { resampleMask } from '../../src/pipeline/resample/index.ts';
import { useEngine } from '../support/engine.ts';
import { expectClose } from '../support/close.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** Of the intensities' range in the region: the teams' own float32 splines differ by up to 1e-5 of it. */
const SPREAD = 3e-5;
/** Of the mean of rounded CT, in HU: a single voxel on the other side of a half among 17,000 makes 6e-5. */
const ROUNDED_MEAN = 1e-3;

/** Teams that must have found our value, of five. */
const AGREEING = 2;

const table = 'data/ibsi1_sts/values/ibsi1_validation_dev.csv';

interface Case {
  readonly id: string;
  readonly modality: string;
  /** Median of the teams by tag, and what each found. */
  readonly values: ReadonlyMap<string, number>;
  readonly found: ReadonlyMap<string, readonly number[]>;
}

function readCases(): Case[] {
  const cases = new Map<string, Case & { values: Map<string, number>; found: Map<string, number[]> }>();
  for (const line of readFileSync(sharedPath(table), 'utf8').trim().split('\n').slice(1)) {
    const [id = '', modality = '', tag = '', median = '', , , ...teams] = line.split(',');
    const key = `${id} ${modality}`;
    const entry = cases.get(key) ?? { id, modality, values: new Map(), found: new Map() };
    entry.values.set(tag, Number(median));
    entry.found.set(tag, teams.filter((text) => text !== '').map(Number));
    cases.set(key, entry);
  }
  return [...cases.values()];
}

/** The spacings of the validation: 1 mm, and 3 mm for PET; CT is rounded. */
const stepOf = (modality: string): ResampleStep => ({
  spacing: modality === 'PET' ? [3, 3, 3] : [1, 1, 1],
  interpolator: 'sitkBSpline',
  grid: 'ibsi',
  round: modality === 'CT',
});

describeShared('IBSI resampling', () => {
  const engine = useEngine();
  const cases = hasShared ? readCases() : [];

  it('has every patient and modality', () => {
    expect(cases.length).toBe(18);
  });

  it.each(cases)('$id $modality', async ({ id, modality, values, found }) => {
    const value = (tag: string) => values.get(tag) as number;
    const folder = sharedPath('data/ibsi1_sts/dev', id);
    const image = toVolume(await readImageFile(`${folder}/${modality}_image.nii.gz`));
    const mask = toMask(await readImageFile(`${folder}/${modality}_mask.nii.gz`));
    const step = stepOf(modality);
    const grid = gridOfStep(image, step, null);
    expect(grid.size).toEqual(['x', 'y', 'z'].map((axis) => value(`img_dim_${axis}_interp_img`)));
    expect(grid.spacing).toEqual(['x', 'y', 'z'].map((axis) => value(`vox_dim_${axis}_interp_img`)));

    const count = (labels: ArrayLike<number>) => Array.from(labels).filter((label) => label > 0).length;
    const moved = await resampleMask(engine(), mask, grid, maskRuleOf(step));
    expect(count(mask.data)).toBe(value('int_mask_vox_count_init_roi'));
    expect(count(moved.data)).toBe(value('int_mask_vox_count_interp_roi'));

    const device = await toDevice(engine(), image);
    const resampled = await resampleImage(engine(), device, grid, step);
    const { data } = await fromDevice(engine(), resampled);
    engine().release(device.voxels, resampled.voxels);
    const inside = Array.from(data).filter((_, i) => moved.data[i]! > 0);
    const [low, high] = inside.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [inside[0]!, inside[0]!]);
    const mean = inside.reduce((sum, x) => sum + x, 0) / inside.length;
    const spread = SPREAD * (high! - low!);
    /** Teams differ where their splines or masks do; ours must be a value that several found. */
    const teams = (of: string, actual: number, tolerance: number) =>
      found.get(`int_mask_${of}_int_interp_roi`)!.filter((x) => Math.abs(x - actual) <= tolerance).length;
    expect(teams('min', low!, modality === 'CT' ? 0 : spread), 'minimum').toBeGreaterThanOrEqual(AGREEING);
    expect(teams('max', high!, modality === 'CT' ? 0 : spread), 'maximum').toBeGreaterThanOrEqual(AGREEING);
    expect(teams('mean', mean, modality === 'CT' ? ROUNDED_MEAN : spread), 'mean').toBeGreaterThanOrEqual(AGREEING);
  });

  /** The CT phantom at 2 mm: configurations C and D linearly, E by splines. Consensus values with their tolerances. */
  it.each([
    ['C', 'sitkLinear'],
    ['D', 'sitkLinear'],
    ['E', 'sitkBSpline'],
  ] as const)('CT phantom, configuration %s', async (configuration, interpolator) => {
    const consensus = new Map(
      readFileSync(sharedPath('data/ibsi1/ibsi1_diagnostics.csv'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(','))
        .filter(([name]) => name === configuration)
        .map(([, tag = '', value, tolerance]) => [tag, { value: Number(value), tolerance: Number(tolerance) }]),
    );
    const folder = sharedPath('data/ibsi1/ibsi_1_ct_radiomics_phantom/nifti');
    const image = toVolume(await readImageFile(`${folder}/image/phantom.nii.gz`));
    const mask = toMask(await readImageFile(`${folder}/mask/mask.nii.gz`));
    const step: ResampleStep = { spacing: [2, 2, 2], interpolator, grid: 'ibsi', round: true };
    const [row] = await extract(engine(), image, mask, {
      classes: ['firstorder'],
      preprocess: { resample: step },
    });
    const grid = gridOfStep(image, step, null);
    grid.size.forEach((n, i) => {
      expect(n).toBe(consensus.get(`img_dim_${'xyz'[i]}_interp_img`)!.value);
    });
    expect(row!['diagnostics_Mask-interpolated_VoxelNum']).toBe(consensus.get('int_mask_vox_count_interp_roi')!.value);
    for (const [column, of] of [
      ['Mean', 'mean'],
      ['Minimum', 'min'],
      ['Maximum', 'max'],
    ] as const) {
      const { value, tolerance } = consensus.get(`int_mask_${of}_int_interp_roi`)!;
      // Printed with three digits.
      expectClose(row![`diagnostics_Mask-interpolated_${column}`] as number, value, {
        abs: tolerance + 0.05,
        what: of,
      });
    }
  });
});
