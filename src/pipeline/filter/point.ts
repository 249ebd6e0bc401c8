/** filter/point: PyRadiomics' Square, SquareRoot, Logarithm and Exponential, device to device. */
import source from '../../../shaders/filter/point.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { type Box, wholeBox } from '../box.ts';
import { type DeviceVolume, voxelCount } from '../device-volume.ts';
import { splitFloat, splitPairs } from '../twofold.ts';
import type { Peak } from './peak.ts';
import { boxGrid } from '../geometry.ts';
import type { FilteredImage } from './filtered-image.ts';
import { exp, log } from './rounded.ts';

const file = { source, workgroup: 256 };

export const pointLookup = defineKernel({
  ...file,
  name: 'filter/point:lookup',
  entryPoint: 'lookup',
  bindings: { params: 'uniform', voxels: 'read', table: 'read', filtered: 'read_write', filtered_tails: 'read_write' },
});
export const pointCompute = defineKernel({
  ...file,
  name: 'filter/point:compute',
  entryPoint: 'compute',
  bindings: { params: 'uniform', voxels: 'read', tails: 'read', filtered: 'read_write', filtered_tails: 'read_write' },
});

/** The filters by PyRadiomics' names of the derived images, in the order of their codes in the shader. */
export const pointFilters = ['square', 'squareroot', 'logarithm', 'exponential'] as const;
export type PointFilter = (typeof pointFilters)[number];

/** Voxels per invocation. */
const STRIP = 16;
/** Whole numbers of at most this range are looked up: 512 KiB of table. */
const MOST_ROWS = 65_536;

/**
 * What a filter multiplies by.
 * @param peak largest absolute value of the image
 */
const coefficients: Record<PointFilter, (peak: number) => number> = {
  square: (peak) => 1 / Math.sqrt(peak),
  squareroot: (peak) => peak,
  logarithm: (peak) => peak / log(peak + 1),
  exponential: (peak) => log(peak) / peak,
};

/** The filter of one value in float64, operation by operation as PyRadiomics does it. */
function pointFunction(filter: PointFilter, peak: number): (x: number) => number {
  const c = coefficients[filter](peak);
  const odd = (positive: (x: number) => number) => (x: number) => (x > 0 ? positive(x) : x < 0 ? -positive(-x) : x);
  if (filter === 'square') return (x) => c * x * (c * x);
  if (filter === 'squareroot') return odd((x) => Math.sqrt(x * c));
  if (filter === 'exponential') return (x) => exp(c * x);
  const logarithm = odd((x) => log(x + 1));
  return (x) => logarithm(x) * c;
}

/** One value per kind of voxel, as `kind_of` in the shader numbers them. */
const KINDS = [Number.NEGATIVE_INFINITY, -1, 0, 1, Number.POSITIVE_INFINITY, Number.NaN];

/** The values to look up, or null where they are too many. */
function tableOf(peak: Peak, apply: (x: number) => number): Float64Array | null {
  const { magnitude, minimum, maximum, whole } = peak;
  // Where the peak is no number, the coefficient is NaN, 0 or infinite, and no voxel's size matters.
  if (!Number.isFinite(magnitude)) return Float64Array.from(KINDS, apply);
  const rows = maximum - minimum + 1;
  return whole && rows <= MOST_ROWS ? Float64Array.from({ length: rows }, (_, k) => apply(minimum + k)) : null;
}

/**
 * Applies point filters to the voxels of a box. Images of whole numbers of a range up to 65,536 get float64's very values
 * but for those bits that two float32 cannot hold: the host computes each intensity's once, and the kernel looks them up.
 * That decides like PyRadiomics where a value lies on the edge of a bin, as roots of squares do, and costs less than
 * logarithms and exponentials. Others are computed in numbers of 48 bits (relative error below 1e-12), and the largest value
 * is float64's, since it often is an edge. Where PyRadiomics makes NaN (an image of zeros, or one with a voxel that is not
 * finite), so does this.
 * @param peak of the image that PyRadiomics would filter: the whole or the cropped one, see `findPeak`
 * @param box the voxels wanted; all by default
 * @returns float64 images with tails, one per filter, of the size of the box
 * @throws PipelineError BadSetting where the box is not inside the image
 */
export function recordPoint(
  rec: Recording,
  image: DeviceVolume,
  peak: Peak,
  filters: readonly PointFilter[] = pointFilters,
  box: Box = wholeBox(image),
): FilteredImage[] {
  const { voxels, tails } = image;
  const grid = boxGrid(image, box);
  const length = voxelCount(grid);
  return filters.map((name) => {
    const apply = pointFunction(name, peak.magnitude);
    const table = tableOf(peak, apply);
    const filtered: BufferRef = rec.keep(rec.buffer(`filter/point.${name}`, length * 4));
    const filtered_tails = rec.keep(rec.buffer(`filter/point.${name}_tails`, length * 4));
    const params = {
      size: grid.size,
      length,
      first: box.first,
      strip: STRIP,
      image_size: image.size,
      has_tails: Number(tails !== null),
      zero: 0,
      filter_code: pointFilters.indexOf(name),
      by_kind: Number(!Number.isFinite(peak.magnitude)),
      minimum: peak.minimum,
      coefficient: splitFloat(coefficients[name](peak.magnitude)),
      peak: splitFloat(peak.magnitude),
      at_peak: splitFloat(apply(peak.magnitude)),
      at_opposite: splitFloat(apply(-peak.magnitude)),
    };
    const output = { filtered, filtered_tails };
    const invocations = Math.ceil(length / STRIP);
    if (table) {
      const rows = rec.upload('filter/point.table', splitPairs(table));
      rec.dispatch(pointLookup, { params, voxels, table: rows, ...output }, invocations);
    } else {
      rec.dispatch(pointCompute, { params, voxels, tails: tails ?? voxels, ...output }, invocations);
    }
    return { name, image: { ...grid, voxels: filtered, tails: filtered_tails, type: 'float64' } };
  });
}
