/** The intensities of all regions: exact histograms for integers, sorted values otherwise. */
import { type Download, type Engine, Recording } from '../../engine/index.ts';
import { emptyRegion, uploadRegions } from '../discretise/regions.ts';
import { sortedValues, valueOfKey } from '../keys.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { Extent } from '../roi/extent.ts';
import { isFloatKind, type KeyBuffer, type Range } from '../roi/range.ts';
import type { RoiValues } from './statistics.ts';
import { recordGather } from './gather.ts';
import { recordHistogram } from './histogram.ts';

/** Columns of all histograms together beyond which gathering the values is cheaper. */
const MAX_COLUMNS = 2 ** 20;

/** How the intensities of the regions are brought back. */
export interface ValuePlan {
  readonly how: 'histogram' | 'gather';
  /** First column (histogram) or first value (gather) of each region. */
  readonly first: readonly number[];
  readonly size: readonly number[];
  readonly total: number;
}

export function planValues(image: KeyBuffer, ranges: readonly Range[], voxels: readonly number[]): ValuePlan {
  const spans = ranges.map((r) => r.maximum - r.minimum + 1);
  const columns = spans.reduce((sum, n) => sum + n, 0);
  const how = !isFloatKind(image.kind) && columns <= MAX_COLUMNS ? 'histogram' : 'gather';
  const size = how === 'histogram' ? spans : voxels;
  let total = 0;
  const first = size.map((n) => {
    const at = total;
    total += n;
    return at;
  });
  return { how, first, size, total };
}

/** Records the count or the gathering; `regions` must hold `value_first` and `value_low` of the plan. */
export function recordValues(
  rec: Recording,
  cells: RegionCells,
  image: KeyBuffer,
  regions: { buffer: Parameters<typeof recordHistogram>[3]; count: number },
  plan: ValuePlan,
): Download {
  return rec.download(
    plan.how === 'histogram'
      ? recordHistogram(rec, cells, image, regions.buffer, plan.total)
      : recordGather(rec, cells, image, regions, plan.total),
  );
}

export function decodeValues(
  words: Uint32Array,
  plan: ValuePlan,
  region: number,
  image: KeyBuffer,
  range: Range,
): RoiValues {
  const first = plan.first[region] as number;
  const size = plan.size[region] as number;
  if (plan.how === 'gather') {
    return {
      values: sortedValues(image.kind, image.words, words.subarray(first * image.words, (first + size) * image.words)),
      counts: null,
    };
  }
  const columns = words.subarray(first, first + size);
  const used = columns.reduce((n, c) => n + Number(c > 0), 0);
  const values = new Float64Array(used);
  const counts = new Uint32Array(used);
  let k = 0;
  columns.forEach((count, column) => {
    if (count === 0) return;
    values[k] = valueOfKey(image.kind, range.lowKey + column);
    counts[k++] = count;
  });
  return { values, counts };
}

/** The intensities of all regions in a submit of their own, for thresholds that depend on them. */
export async function readValues(
  engine: Engine,
  cells: RegionCells,
  image: KeyBuffer,
  states: readonly { readonly range: Range; readonly extent: Extent }[],
): Promise<RoiValues[]> {
  const ranges = states.map((s) => s.range);
  const plan = planValues(
    image,
    ranges,
    states.map((s) => s.extent.voxels),
  );
  const rec = new Recording('firstorder/values');
  const rows = ranges.map((r, k) => ({ ...emptyRegion, value_first: plan.first[k] as number, value_low: r.lowKey }));
  const regions = { buffer: uploadRegions(rec, rows), count: ranges.length };
  const download = recordValues(rec, cells, image, regions, plan);
  const words = (await engine.execute(rec)).u32(download);
  return ranges.map((r, k) => decodeValues(words, plan, k, image, r));
}
