/** IBSI's intensity-volume histogram (reference manual 3.5) in float64. */
import { binEdges, levelOf } from '../../discretise/edges.ts';
import type { FeatureValues } from '../../feature-values.ts';
import type { Sample } from '../order.ts';
import { noValues, type RoiValues, sampleOf } from '../statistics.ts';

/** Tags of the features without `ivh_`, in the manual's order. */
export const ivhNames = ['v10', 'v90', 'i10', 'i90', 'diff_v10_v90', 'diff_i10_i90', 'auc'] as const;

export interface IvhOptions {
  /** Width of the bins whose centres are the intensities; null: intensities as they are. */
  readonly binWidth: number | null;
  /** Number of bins between the region's extremes, whose numbers are the intensities; overrides `binWidth`. */
  readonly binCount: number | null;
  /** Ends of the range that the intensities could have had; null: the region's own. */
  readonly range: { readonly lower: number; readonly upper: number | null } | null;
}

/** Intensities in ascending order, the share of the volume that has at least each, and where in the range (0 to 1) it lies. */
interface Curve {
  readonly intensities: Float64Array;
  readonly volumes: Float64Array;
  readonly fractions: Float64Array;
}

/** Distinct values in ascending order with their counts. */
function distinct({ values, counts }: Sample): { values: Float64Array; counts: Float64Array } {
  if (counts) return { values, counts: Float64Array.from(counts) };
  const sorted = values.slice().sort();
  const found: number[] = [];
  const times: number[] = [];
  for (const v of sorted) {
    if (found.length > 0 && found.at(-1) === v) times[times.length - 1]!++;
    else [found[found.length], times[times.length]] = [v, 1];
  }
  return { values: Float64Array.from(found), counts: Float64Array.from(times) };
}

/** @param start first intensity of the curve @param at the intensity k steps later */
function curve(
  values: Float64Array,
  counts: Float64Array,
  intensities: Float64Array,
  [low, high]: readonly [number, number],
): Curve {
  const n = counts.reduce((sum, c) => sum + c, 0);
  let below = 0;
  let k = 0;
  const volumes = intensities.map((intensity) => {
    for (; k < values.length && (values[k] as number) < intensity; k++) below += counts[k] as number;
    return (n - below) / n;
  });
  const fractions = intensities.map((intensity) => (high > low ? (intensity - low) / (high - low) : 0));
  return { intensities, volumes, fractions };
}

const steps = (first: number, last: number, width: number): Float64Array =>
  Float64Array.from({ length: Math.floor((last - first) / width + 1e-9) + 1 }, (_, k) => first + k * width);

function curveOf(sample: Sample, { binWidth, binCount, range }: IvhOptions): Curve {
  const { values, counts } = distinct(sample);
  const [minimum, maximum] = [values[0] as number, values.at(-1) as number];
  if (binCount !== null) {
    const edges = binEdges(minimum, maximum, { binWidth: 1, binCount, float32: false });
    const levels = values.map((v) => levelOf(edges, v));
    return curve(levels, counts, steps(1, binCount, 1), [1, binCount]);
  }
  const [low, high] = range ? [range.lower, range.upper ?? maximum] : [minimum, maximum];
  if (binWidth !== null) {
    const edges = binEdges(minimum, maximum, { binWidth, binMinimum: low, binCount: null, float32: false });
    const centres = values.map((v) => low + (levelOf(edges, v) - 0.5) * binWidth);
    const ends = [low + 0.5 * binWidth, Math.max(high - 0.5 * binWidth, low + 0.5 * binWidth)] as const;
    return curve(centres, counts, steps(ends[0], ends[1], binWidth), ends);
  }
  const whole = values.every(Number.isInteger);
  return curve(values, counts, whole ? steps(low, high, 1) : values, [low, high]);
}

/** The largest share of the volume at an intensity of at least a fraction of the range. */
const volumeAt = ({ volumes, fractions }: Curve, fraction: number): number =>
  volumes[fractions.findIndex((f) => f >= fraction)] ?? 0;

/** The lowest intensity that at most a share of the volume has; NaN where a larger share has the highest. */
const intensityAt = ({ intensities, volumes }: Curve, share: number): number =>
  intensities[volumes.findIndex((v) => v <= share)] ?? Number.NaN;

/** The area under the shares over the fractions of the range, by trapezoids. */
function areaUnder({ volumes, fractions }: Curve): number {
  let area = 0;
  for (let k = 1; k < volumes.length; k++)
    area +=
      ((fractions[k] as number) - (fractions[k - 1] as number)) *
      (((volumes[k] as number) + (volumes[k - 1] as number)) / 2);
  return area;
}

/**
 * The 7 features of one region; i10, i90 and their difference in the image's unit, or in bins with `binCount`.
 * @returns NaN with a reason where the region holds nothing but NaN, and for intensities where too many voxels have the highest
 */
export function ivhFeatures(roi: RoiValues, options: IvhOptions): FeatureValues {
  const sample = sampleOf(roi);
  const values: Record<string, number> = {};
  const reasons: Record<string, string> = {};
  if (sample.n === 0) {
    for (const name of ivhNames) [values[name], reasons[name]] = [Number.NaN, noValues];
    return { values, reasons };
  }
  const found = curveOf(sample, options);
  const [v10, v90] = [volumeAt(found, 0.1), volumeAt(found, 0.9)];
  const [i10, i90] = [intensityAt(found, 0.1), intensityAt(found, 0.9)];
  Object.assign(values, {
    v10,
    v90,
    i10,
    i90,
    diff_v10_v90: v10 - v90,
    diff_i10_i90: i10 - i90,
    auc: areaUnder(found),
  });
  for (const name of ivhNames)
    if (Number.isNaN(values[name])) reasons[name] = 'Too many voxels have the highest intensity of the range.';
  return { values, reasons };
}
