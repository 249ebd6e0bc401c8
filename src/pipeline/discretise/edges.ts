/** Bin edges, float64, as NumPy computes them for PyRadiomics (imageoperations.getBinEdges). */
import { PipelineError } from '../errors.ts';

/** Grey levels must fit the low half of a cell. */
export const MAX_LEVELS = 65535;

export interface Binning {
  /** Width of a bin in the unit of the image. Used when `binCount` is null. */
  readonly binWidth: number;
  /** Lower edge of the first bin of a width (IBSI's fixed bin size); null: bins are anchored at zero. */
  readonly binMinimum?: number | null;
  /** Number of equal bins between minimum and maximum, or null. */
  readonly binCount: number | null;
  /** True for float32 images: numpy.histogram then rounds its edges to float32. */
  readonly float32: boolean;
}

/** Python's `a % b` for b > 0. */
function floorModulo(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 ? r + b : r === 0 ? 0 : r;
}

/** numpy.arange(start, stop, step): the step is what float64 makes of (start + step) - start. */
function arange(start: number, stop: number, step: number): Float64Array {
  const length = Math.max(0, Math.ceil((stop - start) / step));
  checkLevels(length, `bin width ${step}`);
  const delta = start + step - start;
  return Float64Array.from({ length }, (_, i) => start + i * delta);
}

/** The lower edge of the first bin of a width. @throws PipelineError BadSetting where an intensity lies below binMinimum */
function firstEdge(minimum: number, { binWidth, binMinimum = null }: Binning): number {
  if (binMinimum === null) return minimum - floorModulo(minimum, binWidth);
  if (binMinimum <= minimum) return binMinimum;
  throw new PipelineError(
    'BadSetting',
    `binMinimum: expected at most the smallest intensity of the region, ${minimum}, found ${binMinimum}; lower it, or leave lower intensities out by resegmentRange`,
  );
}

function checkLevels(levels: number, what: string): void {
  if (!(levels <= MAX_LEVELS)) {
    throw new PipelineError(
      'TooManyLevels',
      `${what} gives ${levels} grey levels, at most ${MAX_LEVELS} are possible; use a larger binWidth or binCount`,
    );
  }
}

/** Edges for a fixed number of bins: numpy.histogram(values, bins)[1] with the last edge moved up by one. */
function countEdges(minimum: number, maximum: number, bins: number, float32: boolean): Float64Array {
  checkLevels(bins, `binCount ${bins}`);
  const round = float32 ? Math.fround : (x: number) => x;
  const [first, last] = minimum === maximum ? [minimum - 0.5, maximum + 0.5] : [minimum, maximum];
  const step = (last - first) / bins;
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => round(i * step + first));
  edges[bins] = round(round(last) + 1);
  return edges;
}

/**
 * The bin edges of a region, ascending. The grey level of a value x is the number of edges <= x (numpy.digitize).
 * @param minimum smallest intensity of the region, finite
 * @param maximum largest intensity of the region, finite
 * @throws PipelineError TooManyLevels, BadSetting where an intensity lies below `binMinimum`
 */
export function binEdges(minimum: number, maximum: number, binning: Binning): Float64Array {
  const { binWidth, binCount, float32 } = binning;
  if (binCount !== null) return countEdges(minimum, maximum, binCount, float32);
  const edges = arange(firstEdge(minimum, binning), maximum + 2 * binWidth, binWidth);
  // A flat region on an edge: one bin around it.
  return edges.length === 1 ? Float64Array.of((edges[0] as number) - 0.5, (edges[0] as number) + 0.5) : edges;
}

/** Number of edges <= x: the grey level, 1-based. */
export function levelOf(edges: Float64Array, x: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x < (edges[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
