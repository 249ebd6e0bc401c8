/** The filters whose features IBSI 2 compares (phase 2; reference manual, arXiv:2006.05470). */
import type { IbsiFilterSpec } from './index.ts';

const energy = { filter: 'laws', pooling: 'max', energy: 7 } as const;
const gabor = { filter: 'gabor', sigma: 5, lambda: 2, gamma: 1.5, thetaStep: 22.5 } as const;
const db3 = { filter: 'wavelet', wavelet: 'db3', pooling: 'average' } as const;

/**
 * The filters of phase 2 by number, in planes (A) and in space (B), the border mirrored. Simoncelli's wavelets repeat the
 * image as their Fourier transform does, and as the teams of the initiative had it.
 */
export const phase2Filters = {
  '2': { A: { filter: 'mean', support: 5, dimensions: 2 }, B: { filter: 'mean', support: 5 } },
  '3': { A: { filter: 'log', sigma: 1.5, dimensions: 2 }, B: { filter: 'log', sigma: 1.5 } },
  '4': { A: { ...energy, kernels: 'L5E5' }, B: { ...energy, kernels: 'L5E5E5' } },
  '5': { A: gabor, B: { ...gabor, planes: 'orthogonal' } },
  '6': { A: { ...db3, bands: 'LH' }, B: { ...db3, bands: 'LLH' } },
  '7': { A: { ...db3, bands: 'HH', level: 2 }, B: { ...db3, bands: 'HHH', level: 2 } },
  '8': { A: { filter: 'simoncelli', level: 1, dimensions: 2 }, B: { filter: 'simoncelli', level: 1 } },
  '9': { A: { filter: 'simoncelli', level: 2, dimensions: 2 }, B: { filter: 'simoncelli', level: 2 } },
} as const satisfies Readonly<Record<string, Readonly<Record<'A' | 'B', IbsiFilterSpec>>>>;
