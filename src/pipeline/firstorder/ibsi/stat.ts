/** IBSI's intensity-based statistics (reference manual 3.3) in float64, and what its intensity histogram has of them. */
import type { FeatureValues } from '../../feature-values.ts';
import type { Sample } from '../order.ts';
import { describe, noneWithin, noValues, type RoiValues, sampleOf } from '../statistics.ts';
import { centralMoments } from '../sums.ts';

/** Tags of the features without `stat_`, in the manual's order. */
export const statNames = [
  'mean',
  'var',
  'skew',
  'kurt',
  'median',
  'min',
  'p10',
  'p90',
  'max',
  'iqr',
  'range',
  'mad',
  'rmad',
  'medad',
  'cov',
  'qcod',
  'energy',
  'rms',
] as const;

const noMean = 'The mean is 0: there is no coefficient of variation.';
const noQuartiles = 'The sum of the quartiles is 0: there is no quartile coefficient of dispersion.';

const reasonOf: Readonly<Record<string, string>> = { rmad: noneWithin, cov: noMean, qcod: noQuartiles };

/** The features of a sample; all NaN without values, and ratios whose denominator is 0, with the reason. */
export function statistics(sample: Sample): FeatureValues {
  const values: Record<string, number> = {};
  const reasons: Record<string, string> = {};
  if (sample.n === 0) {
    for (const name of statNames) [values[name], reasons[name]] = [Number.NaN, noValues];
    return { values, reasons };
  }
  const f = describe(sample, 0);
  Object.assign(values, {
    mean: f.mean,
    var: f.deviation ** 2,
    skew: f.skewness,
    kurt: f.deviation === 0 ? 0 : f.kurtosis - 3,
    median: f.median,
    min: f.minimum,
    p10: f.p10,
    p90: f.p90,
    max: f.maximum,
    iqr: f.p75 - f.p25,
    range: f.maximum - f.minimum,
    mad: f.absoluteDeviation,
    rmad: f.robustDeviation,
    medad: centralMoments(sample, f.median).absolute,
    cov: f.mean === 0 ? Number.NaN : f.deviation / f.mean,
    qcod: f.p75 + f.p25 === 0 ? Number.NaN : (f.p75 - f.p25) / (f.p75 + f.p25),
    energy: f.energy,
    rms: f.rootMeanSquare,
  });
  for (const name of statNames) if (Number.isNaN(values[name])) reasons[name] = reasonOf[name] as string;
  return { values, reasons };
}

/** The 18 features of one region, in powers of the image's unit; NaN intensities are left out. */
export const statFeatures = (roi: RoiValues): FeatureValues => statistics(sampleOf(roi));
