/** n4/otsu: a mask by Otsu's threshold, as ITK's OtsuThresholdImageFilter finds it. */
import source from '../../../shaders/n4/otsu.wgsl?raw';
import { type BufferRef, defineKernel, type Download, type Recording } from '../../engine/index.ts';
import type { Inspection } from './inspect.ts';

const file = { source, workgroup: 64 };

export const count = defineKernel({
  ...file,
  name: 'n4/otsu:count',
  entryPoint: 'count',
  bindings: { params: 'uniform', image: 'read', counts: 'read_write' },
});
export const threshold = defineKernel({
  ...file,
  name: 'n4/otsu:threshold',
  entryPoint: 'threshold',
  bindings: { params: 'uniform', image: 'read', mask: 'read_write' },
});

const STRIP = 32;
const BINS = 200;
/** ITK moves the end of the last bin outwards by this part of a bin, so that the largest value lies inside. */
const MARGIN = 0.01;

/** Where the histogram starts and how wide its bins are. */
interface Scale {
  readonly low: number;
  readonly width: number;
}

const scaleOf = ({ low, high }: Inspection): Scale => ({ low, width: ((high - low) * (1 + MARGIN / BINS)) / BINS });

export function recordCount(rec: Recording, image: BufferRef, length: number, range: Inspection): Download {
  const counts = rec.zeros('n4/otsu.counts', BINS * 4);
  const params = { length, bins: BINS, strip: STRIP, ...scaleOf(range), limit: 0 };
  rec.dispatch(count, { params, image, counts }, Math.ceil(length / STRIP));
  return rec.download(counts);
}

/** The end of the bin that separates best: the largest variance between the two classes. */
export function otsuThreshold(counts: ArrayLike<number>, range: Inspection): number {
  const { low, width } = scaleOf(range);
  const centres = Array.from(counts, (_, bin) => low + (bin + 0.5) * width);
  const total = centres.reduce((sum, _, bin) => sum + (counts[bin] as number), 0);
  const mean = centres.reduce((sum, c, bin) => sum + c * ((counts[bin] as number) / total), 0);
  let [best, variance, share, moment] = [0, -1, 0, 0];
  for (let bin = 0; bin < centres.length - 1; bin++) {
    share += (counts[bin] as number) / total;
    moment += (centres[bin] as number) * ((counts[bin] as number) / total);
    const between = (mean * share - moment) ** 2 / (share * (1 - share));
    if (between > variance) [best, variance] = [bin, between];
  }
  return low + (best + 1) * width;
}

/** One bit per voxel, 1 above the threshold. */
export function recordThreshold(rec: Recording, image: BufferRef, length: number, limit: number): BufferRef {
  const words = Math.ceil(length / 32);
  const mask = rec.buffer('n4/otsu.mask', words * 4);
  // Values are float32: above the threshold is above the largest float32 that is not above it.
  const rounded = Math.fround(limit);
  const below = rounded > limit ? nextBelow(rounded) : rounded;
  const params = { length, bins: 0, strip: 0, low: 0, width: 0, limit: below };
  rec.dispatch(threshold, { params, image, mask }, words);
  return mask;
}

function nextBelow(x: number): number {
  const float = Float32Array.of(x);
  const bits = new Int32Array(float.buffer);
  bits[0] = (bits[0] as number) + (x > 0 ? -1 : 1);
  return float[0] as number;
}
