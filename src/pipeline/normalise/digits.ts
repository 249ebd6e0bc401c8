/** normalise/digits: one step of a radix selection, the histogram of the next key digit along the wanted paths. */
import source from '../../../shaders/normalise/digits.wgsl?raw';
import { type Download, defineKernel, type Recording } from '../../engine/index.ts';
import { RADIX } from './measure.ts';
import { type Sampling, samplingBuffers, samplingParams } from './sampling.ts';

export const digits = defineKernel({
  name: 'normalise/digits',
  source,
  bindings: { params: 'uniform', voxels: 'read', mask: 'read', paths: 'read', counts: 'read_write' },
  workgroup: 256,
});

const STRIP = 32;
/** Lowest bit of the digit that is counted when one or two digits are known. */
const SHIFTS = { 1: 10, 2: 0 } as const;

/** Asks for the histograms of the next digit, RADIX columns for each slot of the last table of `paths`. */
export function recordDigits(
  rec: Recording,
  sampling: Sampling,
  { paths, slots, depth }: { readonly paths: Uint32Array; readonly slots: number; readonly depth: 1 | 2 },
): Download {
  const { length } = sampling;
  const counts = rec.zeros('normalise/digits.counts', slots * RADIX * 4);
  const params = { length, strip: STRIP, depth, shift: SHIFTS[depth], ...samplingParams(sampling) };
  rec.dispatch(
    digits,
    { params, ...samplingBuffers(sampling), paths: rec.upload('normalise/digits.paths', paths), counts },
    Math.ceil(length / STRIP),
  );
  return rec.download(counts);
}
