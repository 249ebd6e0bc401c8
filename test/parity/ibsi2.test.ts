/** IBSI 2's filters against the consensus response maps of phase 1. */
import { expect, it } from 'vitest';
import { toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { type IbsiFilterSpec, ibsiFilter } from '../../src/pipeline/filter/ibsi/index.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

/** The initiative's tolerance of every voxel: a hundredth of the range of the reference map. */
const TOLERANCE = 0.01;

type Phantom = 'checkerboard' | 'impulse' | 'sphere' | 'pattern_1';
const mean = { filter: 'mean', support: 15 } as const;

/** ibsi2_filter_settings.csv. */
const maps: readonly (readonly [id: string, phantom: Phantom, spec: IbsiFilterSpec])[] = [
  ['1_a_1', 'checkerboard', { ...mean, boundary: 'zero' }],
  ['1_a_2', 'checkerboard', { ...mean, boundary: 'nearest' }],
  ['1_a_3', 'checkerboard', { ...mean, boundary: 'periodic' }],
  ['1_a_4', 'checkerboard', { ...mean, boundary: 'mirror' }],
  ['1_b_1', 'impulse', { ...mean, boundary: 'zero', dimensions: 2 }],
];

const read = async (...path: string[]) => toVolume(await readImageFile(sharedPath('data/ibsi2', ...path)));

describeShared('response maps of IBSI 2', () => {
  const engine = useEngine();

  it.each(maps)('%s', async (id, phantom, spec) => {
    const image = await read('ibsi_2_digital_phantom/nifti', phantom, `image/${phantom}.nii.gz`);
    const expected = await read('reference_response_maps', `${id}-ValidCRM.nii.gz`);
    const found = await ibsiFilter(engine(), image, spec);
    expect(found.size).toEqual(expected.size);
    const extreme = (pick: (x: number, y: number) => number) => Float64Array.from(expected.data).reduce(pick);
    const range = extreme((a, b) => Math.max(a, b)) - extreme((a, b) => Math.min(a, b));
    let worst = 0;
    found.data.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - expected.data[i]!));
    });
    expect(worst).toBeLessThanOrEqual(TOLERANCE * range);
  });
});
