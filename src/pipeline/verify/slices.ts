/** Slices as regions of their own, with the grey levels of the whole region: IBSI's averages over slices. */
import type { Engine } from '../../engine/index.ts';
import { binEdges, levelOf } from '../discretise/edges.ts';
import { momentsOf } from '../firstorder/features.ts';
import { gridOfStep, maskRuleOf, preprocess, type PreprocessSteps, stepsOfSettings } from '../preprocess.ts';
import { resampleMask } from '../resample/index.ts';
import type { Row } from '../row.ts';
import { keptRange } from '../roi/resegment.ts';
import { parseSettings, type Settings } from '../settings.ts';
import type { Mask } from '../volume.ts';
import type { Phantom } from './check.ts';
import type { Configuration } from './configurations.ts';

/** Image and mask on the grid of the features. */
export async function resampled(
  engine: Engine,
  { image, mask }: Phantom,
  { resample }: PreprocessSteps,
  signal?: AbortSignal,
): Promise<Phantom> {
  if (!resample) return { image, mask };
  const done = await preprocess(engine, image, { resample }, { signal });
  return {
    image: done.image,
    mask: await resampleMask(engine, mask, gridOfStep(image, resample, null), maskRuleOf(resample)),
  };
}

/** The closed range of intensities that the settings keep in the region. */
function rangeOf(settings: Settings, { image, mask }: Phantom): readonly [number, number] {
  const values = Float64Array.from(image.data).filter((_, i) => (mask.data[i] as number) > 0);
  const moments = momentsOf({ values, counts: null });
  const { lower, upper } = keptRange(settings, { maximum: moments.max, moments: () => moments });
  return [lower, upper ?? Number.POSITIVE_INFINITY];
}

/**
 * The grey levels of the region as an image, and each of its slices as a label (z + 1). Bins are those of all slices together,
 * which no setting gives to regions that are extracted one by one. Voxels of the mask whose intensities are out of range have the
 * level 0; slices of such voxels alone have no label.
 */
export async function slicesOf(
  engine: Engine,
  phantom: Phantom,
  configuration: Configuration,
  signal?: AbortSignal,
): Promise<Phantom> {
  const settings = parseSettings(configuration.settings);
  const { image, mask } = await resampled(engine, phantom, stepsOfSettings(settings), signal);
  const [low, high] = rangeOf(settings, { image, mask });
  const area = image.size[0] * image.size[1];
  const inside = (i: number) => {
    const x = image.data[i] as number;
    return (mask.data[i] as number) > 0 && x >= low && x <= high;
  };
  const used = new Set<number>();
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < mask.data.length; i++) {
    if (!inside(i)) continue;
    used.add(Math.floor(i / area));
    minimum = Math.min(minimum, image.data[i] as number);
    maximum = Math.max(maximum, image.data[i] as number);
  }
  const edges = binEdges(minimum, maximum, { ...settings, float32: false });
  const levels = Uint16Array.from(image.data, (x, i) => (inside(i) ? levelOf(edges, x) : 0));
  const labels = Uint16Array.from(mask.data, (label, i) => {
    const z = Math.floor(i / area);
    return label > 0 && used.has(z) ? z + 1 : 0;
  });
  const slices: Mask = { ...mask, data: labels, names: undefined };
  return { image: { ...image, data: levels }, mask: slices };
}

/** Means of the columns over the rows of the slices. */
export function meanRow(rows: readonly Row[], columns: Iterable<string>): Row {
  const mean = (column: string) => rows.reduce((sum, row) => sum + (row[column] as number), 0) / rows.length;
  return Object.fromEntries(Array.from(columns, (column) => [column, mean(column)]));
}
