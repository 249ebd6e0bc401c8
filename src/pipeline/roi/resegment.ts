/** roi/resegment: regions restricted to a range of intensities. */
import source from '../../../shaders/roi/resegment.wgsl?raw';
import { defineKernel, type Recording } from '../../engine/index.ts';
import { boundKey, type KeyKind, keyOf } from '../keys.ts';
import type { Settings } from '../settings.ts';
import type { RegionCells } from './compact.ts';
import { isFloatKind, type KeyBuffer } from './range.ts';

export const resegment = defineKernel({
  name: 'roi/resegment',
  source,
  bindings: { params: 'uniform', voxels: 'read', keys: 'read', thresholds: 'read', cells: 'read_write' },
  workgroup: 64,
});

/** Closed range of intensities; `upper` null means no upper threshold. */
export interface Thresholds {
  readonly lower: number;
  readonly upper: number | null;
}

/** A region before resegmentation. */
interface Unrestricted {
  readonly maximum: number;
  /** Asked for only where `needsMoments`. */
  readonly moments: () => { readonly mean: number; readonly std: number };
}

type Resegmentation = Pick<Settings, 'resegmentRange' | 'resegmentMode' | 'resegmentSigmas'>;

/** Whether settings take voxels out of regions by their intensities. */
export const resegments = ({ resegmentRange, resegmentSigmas }: Resegmentation): boolean =>
  resegmentRange !== null || resegmentSigmas !== null;

/** Whether it depends on mean and deviation of the region which. */
export const needsMoments = ({ resegmentRange, resegmentMode, resegmentSigmas }: Resegmentation): boolean =>
  resegmentSigmas !== null || (resegmentRange !== null && resegmentMode === 'sigma');

/**
 * The intensities that stay in a region: PyRadiomics' range (imageoperations.resegmentMask), intersected with the reach of
 * resegmentSigmas.
 */
export function keptRange(settings: Resegmentation, { maximum, moments }: Unrestricted): Thresholds {
  const { resegmentRange, resegmentMode, resegmentSigmas: sigmas } = settings;
  const { mean, std } = needsMoments(settings) ? moments() : { mean: Number.NaN, std: Number.NaN };
  let scale = (bound: number) => bound;
  if (resegmentMode === 'relative') scale = (bound) => maximum * bound;
  if (resegmentMode === 'sigma') scale = (bound) => mean + std * bound;
  const [first, second] = [...(resegmentRange ?? [])].sort((a, b) => a - b);
  const lower = first === undefined ? Number.NEGATIVE_INFINITY : scale(first);
  const upper = second === undefined ? null : scale(second);
  if (sigmas === null) return { lower, upper };
  const [low, high] = [mean - sigmas * std, mean + sigmas * std];
  return { lower: Math.max(lower, low), upper: upper === null ? high : Math.min(upper, high) };
}

/** The keys of a range; an empty range where no value of the kind lies inside. */
function thresholdKeys(kind: KeyKind, { lower, upper }: Thresholds): number[] {
  const low = boundKey(kind, lower, 'at least');
  const high = upper === null ? topKey(kind) : boundKey(kind, upper, 'at most');
  return low && high && !Number.isNaN(lower) ? [...low, ...high] : [0xffffffff, 0xffffffff, 0, 0];
}

const topKey = (kind: KeyKind): [number, number] =>
  isFloatKind(kind) ? keyOf(kind, Number.POSITIVE_INFINITY) : [0xffffffff, 0xffffffff];

/** Takes voxels out of `cells`; the voxel list keeps their entries, which the kernels skip. */
export function recordResegment(
  rec: Recording,
  { cells, voxels, length }: RegionCells,
  image: KeyBuffer,
  ranges: readonly Thresholds[],
): void {
  const thresholds = rec.upload(
    'roi/resegment.thresholds',
    Uint32Array.from(ranges.flatMap((r) => thresholdKeys(image.kind, r))),
  );
  const params = { length, words: image.words, float_keys: Number(isFloatKind(image.kind)) };
  rec.dispatch(resegment, { params, voxels, keys: image.keys, thresholds, cells }, length);
}
