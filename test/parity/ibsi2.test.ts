/** IBSI 2's filters against the consensus response maps of phase 1. */
import { expect, it } from 'vitest';
import { toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { type IbsiFilterSpec, ibsiFilter } from '../../src/pipeline/filter/ibsi/index.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

/** The initiative's tolerance of every voxel: a hundredth of the range of the reference map. */
const TOLERANCE = 0.01;

/** Gabor filters of thousands of weights, in many directions, take long on two cores. */
const PATIENCE = 300_000;

type Phantom = 'checkerboard' | 'impulse' | 'sphere' | 'pattern_1';
const laws = { filter: 'laws', pooling: 'max' } as const;
const mean = { filter: 'mean', support: 15 } as const;

const narrow = { filter: 'gabor', sigma: 10, lambda: 4, gamma: 0.5, boundary: 'zero' } as const;
const wide = { filter: 'gabor', sigma: 20, lambda: 8, gamma: 2.5, boundary: 'mirror' } as const;
const haar = { filter: 'wavelet', wavelet: 'haar', level: 2, boundary: 'mirror', pooling: 'average' } as const;

/** ibsi2_filter_settings.csv. */
const maps: readonly (readonly [id: string, phantom: Phantom, spec: IbsiFilterSpec])[] = [
  ['1_a_1', 'checkerboard', { ...mean, boundary: 'zero' }],
  ['1_a_2', 'checkerboard', { ...mean, boundary: 'nearest' }],
  ['1_a_3', 'checkerboard', { ...mean, boundary: 'periodic' }],
  ['1_a_4', 'checkerboard', { ...mean, boundary: 'mirror' }],
  ['1_b_1', 'impulse', { ...mean, boundary: 'zero', dimensions: 2 }],
  ['2_a', 'impulse', { filter: 'log', sigma: 3, boundary: 'zero' }],
  ['2_b', 'checkerboard', { filter: 'log', sigma: 5, boundary: 'mirror' }],
  ['2_c', 'checkerboard', { filter: 'log', sigma: 5, boundary: 'mirror', dimensions: 2 }],
  ['3_a_1', 'impulse', { filter: 'laws', kernels: 'E5L5S5', boundary: 'zero' }],
  ['3_a_2', 'impulse', { ...laws, kernels: 'E5L5S5', boundary: 'zero' }],
  ['3_a_3', 'impulse', { ...laws, kernels: 'E5L5S5', boundary: 'zero', energy: 7 }],
  ['3_b_1', 'checkerboard', { filter: 'laws', kernels: 'E3W5R5', boundary: 'mirror' }],
  ['3_b_2', 'checkerboard', { ...laws, kernels: 'E3W5R5', boundary: 'mirror' }],
  ['3_b_3', 'checkerboard', { ...laws, kernels: 'E3W5R5', boundary: 'mirror', energy: 7 }],
  ['3_c_1', 'checkerboard', { filter: 'laws', kernels: 'L5S5', boundary: 'mirror' }],
  ['3_c_2', 'checkerboard', { ...laws, kernels: 'L5S5', boundary: 'mirror' }],
  ['3_c_3', 'checkerboard', { ...laws, kernels: 'L5S5', boundary: 'mirror', energy: 7 }],
  ['4_a_1', 'impulse', { ...narrow, theta: 60 }],
  ['4_a_2', 'impulse', { ...narrow, thetaStep: 45, planes: 'orthogonal' }],
  ['4_b_1', 'sphere', { ...wide, theta: 225 }],
  ['4_b_2', 'sphere', { ...wide, thetaStep: 22.5, planes: 'orthogonal' }],
  ['5_a_1', 'impulse', { filter: 'wavelet', wavelet: 'db2', bands: 'LHL', boundary: 'zero' }],
  ['5_a_2', 'impulse', { filter: 'wavelet', wavelet: 'db2', bands: 'LHL', boundary: 'zero', pooling: 'average' }],
  ['6_a_1', 'sphere', { filter: 'wavelet', wavelet: 'coif1', bands: 'HHL', boundary: 'periodic' }],
  ['6_a_2', 'sphere', { filter: 'wavelet', wavelet: 'coif1', bands: 'HHL', boundary: 'periodic', pooling: 'average' }],
  ['7_a_1', 'checkerboard', { ...haar, bands: 'LLL' }],
  ['7_a_2', 'checkerboard', { ...haar, bands: 'HHH' }],
  ['8_a_1', 'checkerboard', { filter: 'simoncelli', level: 1 }],
  ['8_a_2', 'checkerboard', { filter: 'simoncelli', level: 2 }],
  ['8_a_3', 'checkerboard', { filter: 'simoncelli', level: 3 }],
  ['9_a', 'impulse', { filter: 'log', sigma: 3, riesz: [1, 0, 0], boundary: 'zero' }],
  ['9_b_1', 'sphere', { filter: 'log', sigma: 3, riesz: [0, 2, 0], boundary: 'zero' }],
  ['10_b_1', 'pattern_1', { filter: 'simoncelli', level: 1, riesz: [0, 2, 0] }],
];

const read = async (...path: string[]) => toVolume(await readImageFile(sharedPath('data/ibsi2', ...path)));

describeShared('response maps of IBSI 2', () => {
  const engine = useEngine();

  it.for(maps)('%s', { timeout: PATIENCE }, async ([id, phantom, spec], { skip }) => {
    if (spec.filter === 'gabor' && isSwiftShader(engine()))
      skip('Gabor maps take minutes on SwiftShader; test/filter holds the kernel against its twin there');
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
