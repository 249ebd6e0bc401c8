/** IBSI's intensity-volume histogram (reference manual 3.5) in float64. */
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

/** The histogram at the places that occur, counted from the lower end of the range. */
interface Curve {
  /** Ascending; may lie beyond the range. */
  readonly places: Float64Array;
  /** Share of the volume that lies at each place or above. */
  readonly volumes: Float64Array;
  /** Place of the upper end of the range. */
  readonly span: number;
  /** Distance of the places there are; infinite where only those that occur are. */
  readonly step: number;
  /** The intensity of a place. */
  readonly intensity: (place: number) => number;
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

/** The curve of places in ascending order; equal ones may follow each other. */
function curve(places: Float64Array, counts: Float64Array, rest: Omit<Curve, 'places' | 'volumes'>): Curve {
  const n = counts.reduce((sum, c) => sum + c, 0);
  const first: number[] = [];
  const volumes: number[] = [];
  let below = 0;
  for (const [k, place] of places.entries()) {
    if (first.at(-1) !== place) {
      first.push(place);
      volumes.push((n - below) / n);
    }
    below += counts[k] as number;
  }
  return { ...rest, places: Float64Array.from(first), volumes: Float64Array.from(volumes) };
}

function curveOf(sample: Sample, { binWidth, binCount, range }: IvhOptions): Curve {
  const { values, counts } = distinct(sample);
  const [minimum, maximum] = [values[0] as number, values.at(-1) as number];
  if (binCount !== null) {
    const scale = maximum > minimum ? binCount / (maximum - minimum) : 0;
    // The largest belongs to the last bin.
    const bins = values.map((v) => Math.min(Math.floor((v - minimum) * scale), binCount - 1));
    return curve(bins, counts, { span: binCount - 1, step: 1, intensity: (k) => k + 1 });
  }
  const [low, high] = range ? [range.lower, range.upper ?? maximum] : [minimum, maximum];
  if (binWidth !== null) {
    const bins = values.map((v) => Math.floor((v - low) / binWidth));
    // The range ends with its last whole bin.
    const span = Math.max(Math.floor((high - low) / binWidth) - 1, 0);
    return curve(bins, counts, { span, step: 1, intensity: (k) => low + (k + 0.5) * binWidth });
  }
  const whole = values.every(Number.isInteger);
  const [first, last] = whole ? [Math.ceil(low), Math.floor(high)] : [low, high];
  return curve(
    values.map((v) => v - first),
    counts,
    { span: last - first, step: whole ? 1 : Number.POSITIVE_INFINITY, intensity: (k) => first + k },
  );
}

/** The share of the volume at a fraction of the range or above; NaN where the range is a single intensity. */
const volumeAt = ({ places, volumes, span }: Curve, fraction: number): number =>
  span > 0 ? (volumes[places.findIndex((place) => place / span >= fraction)] ?? 0) : Number.NaN;

/** The lowest intensity that at most a share of the volume has or exceeds; NaN where a larger share has the highest. */
function intensityAt({ places, volumes, span, step, intensity }: Curve, share: number): number {
  const k = volumes.findIndex((volume) => volume <= share);
  const before = k < 0 ? (places.at(-1) as number) : (places[k - 1] as number);
  const place = Math.min(before + step, places[k] ?? Number.POSITIVE_INFINITY);
  return place <= span ? intensity(place) : Number.NaN;
}

/** The area under the shares over the fractions of the range, by trapezoids; 0 where there is one intensity only. */
function areaUnder({ places, volumes, span, step }: Curve): number {
  if (places.length === 1) return 0;
  let area = Math.min(places[0] as number, span);
  for (const [k, place] of places.entries()) {
    const [from, to] = [Math.min(place, span), Math.min(places[k + 1] ?? span, span)];
    const [before, after] = [volumes[k] as number, volumes[k + 1] ?? 0];
    const slope = Math.min(step, to - from);
    if (slope > 0) area += (slope * (before + after)) / 2 + (to - from - slope) * after;
  }
  return area / span;
}

const tooMany = 'Too many voxels have the highest intensity of the range.';
const noRange = 'The range of the intensities is a single one.';

/**
 * The 7 features of one region; i10, i90 and their difference in the image's unit, or in bins with `binCount`.
 * @returns NaN with a reason where the region holds nothing but NaN, where the range of the intensities is a single one (auc: 0),
 * and for intensities where too many voxels have the highest
 */
export function ivhFeatures(roi: RoiValues, options: IvhOptions): FeatureValues {
  const sample = sampleOf(roi);
  if (sample.n === 0) {
    return {
      values: Object.fromEntries(ivhNames.map((name) => [name, Number.NaN])),
      reasons: Object.fromEntries(ivhNames.map((name) => [name, noValues])),
    };
  }
  const found = curveOf(sample, options);
  const [v10, v90] = [volumeAt(found, 0.1), volumeAt(found, 0.9)];
  const [i10, i90] = [intensityAt(found, 0.1), intensityAt(found, 0.9)];
  const values: Record<(typeof ivhNames)[number], number> = {
    v10,
    v90,
    i10,
    i90,
    diff_v10_v90: v10 - v90,
    diff_i10_i90: i10 - i90,
    auc: areaUnder(found),
  };
  const missing = ivhNames.filter((name) => Number.isNaN(values[name]));
  const reason = found.span > 0 ? tooMany : noRange;
  return { values, reasons: Object.fromEntries(missing.map((name) => [name, reason])) };
}
