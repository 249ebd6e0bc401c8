/**
 * The filters of IBSI 2's tests (reference manual, arXiv:2006.05470; data: github.com/theibsi/ibsi_2_reference_data): the
 * response maps of phase 1, and the names of its filters in tables.
 */
import type { IbsiFilterSpec } from '../filter/ibsi/index.ts';
import { phase2Filters } from '../filter/ibsi/phase2.ts';

/** Digital phantoms that are filtered: 64 x 64 x 64 voxels of 2 mm. */
export type DigitalPhantom = 'checkerboard' | 'impulse' | 'sphere' | 'pattern_1';

/** A response map of phase 1. */
export interface ResponseMap {
  readonly id: string;
  readonly phantom: DigitalPhantom;
  readonly spec: IbsiFilterSpec;
}

const mean = { filter: 'mean', support: 15 } as const;
const laws = { filter: 'laws', pooling: 'max' } as const;
const narrow = { filter: 'gabor', sigma: 10, lambda: 4, gamma: 0.5, boundary: 'zero' } as const;
const wide = { filter: 'gabor', sigma: 20, lambda: 8, gamma: 2.5, boundary: 'mirror' } as const;
const haar = { filter: 'wavelet', wavelet: 'haar', level: 2, boundary: 'mirror', pooling: 'average' } as const;

const maps: readonly (readonly [id: string, phantom: DigitalPhantom, spec: IbsiFilterSpec])[] = [
  ['1.a.1', 'checkerboard', { ...mean, boundary: 'zero' }],
  ['1.a.2', 'checkerboard', { ...mean, boundary: 'nearest' }],
  ['1.a.3', 'checkerboard', { ...mean, boundary: 'periodic' }],
  ['1.a.4', 'checkerboard', { ...mean, boundary: 'mirror' }],
  ['1.b.1', 'impulse', { ...mean, boundary: 'zero', dimensions: 2 }],
  ['2.a', 'impulse', { filter: 'log', sigma: 3, boundary: 'zero' }],
  ['2.b', 'checkerboard', { filter: 'log', sigma: 5, boundary: 'mirror' }],
  ['2.c', 'checkerboard', { filter: 'log', sigma: 5, boundary: 'mirror', dimensions: 2 }],
  ['3.a.1', 'impulse', { filter: 'laws', kernels: 'E5L5S5', boundary: 'zero' }],
  ['3.a.2', 'impulse', { ...laws, kernels: 'E5L5S5', boundary: 'zero' }],
  ['3.a.3', 'impulse', { ...laws, kernels: 'E5L5S5', boundary: 'zero', energy: 7 }],
  ['3.b.1', 'checkerboard', { filter: 'laws', kernels: 'E3W5R5', boundary: 'mirror' }],
  ['3.b.2', 'checkerboard', { ...laws, kernels: 'E3W5R5', boundary: 'mirror' }],
  ['3.b.3', 'checkerboard', { ...laws, kernels: 'E3W5R5', boundary: 'mirror', energy: 7 }],
  ['3.c.1', 'checkerboard', { filter: 'laws', kernels: 'L5S5', boundary: 'mirror' }],
  ['3.c.2', 'checkerboard', { ...laws, kernels: 'L5S5', boundary: 'mirror' }],
  ['3.c.3', 'checkerboard', { ...laws, kernels: 'L5S5', boundary: 'mirror', energy: 7 }],
  ['4.a.1', 'impulse', { ...narrow, theta: 60 }],
  ['4.a.2', 'impulse', { ...narrow, thetaStep: 45, planes: 'orthogonal' }],
  ['4.b.1', 'sphere', { ...wide, theta: 225 }],
  ['4.b.2', 'sphere', { ...wide, thetaStep: 22.5, planes: 'orthogonal' }],
  ['5.a.1', 'impulse', { filter: 'wavelet', wavelet: 'db2', bands: 'LHL', boundary: 'zero' }],
  ['5.a.2', 'impulse', { filter: 'wavelet', wavelet: 'db2', bands: 'LHL', boundary: 'zero', pooling: 'average' }],
  ['6.a.1', 'sphere', { filter: 'wavelet', wavelet: 'coif1', bands: 'HHL', boundary: 'periodic' }],
  ['6.a.2', 'sphere', { filter: 'wavelet', wavelet: 'coif1', bands: 'HHL', boundary: 'periodic', pooling: 'average' }],
  ['7.a.1', 'checkerboard', { ...haar, bands: 'LLL' }],
  ['7.a.2', 'checkerboard', { ...haar, bands: 'HHH' }],
  ['8.a.1', 'checkerboard', { filter: 'simoncelli', level: 1 }],
  ['8.a.2', 'checkerboard', { filter: 'simoncelli', level: 2 }],
  ['8.a.3', 'checkerboard', { filter: 'simoncelli', level: 3 }],
  ['9.a', 'impulse', { filter: 'log', sigma: 3, riesz: [1, 0, 0], boundary: 'zero' }],
  ['9.b.1', 'sphere', { filter: 'log', sigma: 3, riesz: [0, 2, 0], boundary: 'zero' }],
  ['10.b.1', 'pattern_1', { filter: 'simoncelli', level: 1, riesz: [0, 2, 0] }],
];

/** The response maps that the initiative publishes, all of them. */
export const responseMaps: readonly ResponseMap[] = maps.map(([id, phantom, spec]) => ({ id, phantom, spec }));

/** The initiative's tolerance of every voxel of a response map: a hundredth of the range of the reference. */
export const MAP_TOLERANCE = 0.01;

/** The filter of a set of phase 2; null for 1.A and 1.B, which have none. */
export function phase2Filter(set: string): IbsiFilterSpec | null {
  const [number, configuration] = set.split('.') as [string, 'A' | 'B'];
  return number === '1' ? null : phase2Filters[number as keyof typeof phase2Filters][configuration];
}

/** A filter as tables call it. */
export const filterTitle = (spec: IbsiFilterSpec): string => {
  const name = { mean: 'mean', laws: 'Laws', log: 'LoG', gabor: 'Gabor', wavelet: 'wavelet', simoncelli: 'Simoncelli' };
  return 'riesz' in spec && spec.riesz ? `Riesz of ${name[spec.filter]}` : name[spec.filter];
};
