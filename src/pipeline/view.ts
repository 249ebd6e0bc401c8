/** Views: the grids on which the regions of a case are computed. */
import type { Engine } from '../engine/index.ts';
import type { WantedFeatures } from './classes.ts';
import { PipelineError } from './errors.ts';
import type { Intensities } from './intensities.ts';
import { measureMask } from './pass/facts.ts';
import type { ImageType } from './image-types.ts';
import type { LoadedRegions, PassSource } from './pass/prepare.ts';
import { type Outcome, runPass } from './pass/run.ts';
import { checkRegion } from './roi/checks.ts';
import type { WorkContext } from './progress.ts';
import type { Row } from './row.ts';
import {
  disjointGroups,
  findMaskLabels,
  type LabelUnion,
  type MaskLabels,
  resolveSelection,
  type Selection,
} from './selection.ts';
import type { Settings } from './settings.ts';
import type { Mask } from './volume.ts';

/** A region of a call: the label, or the labels whose union it is. */
export interface Region {
  /** Label values joined by `+`. */
  readonly name: string;
  readonly union: LabelUnion;
}

/** An image and a mask on one grid. */
export interface View {
  readonly image: Intensities;
  readonly mask: Mask;
  readonly labels: MaskLabels;
  /** What images are derived from; null where there are none to derive. */
  readonly source: PassSource | null;
  /** Diagnostics of the image where it has been resampled. */
  readonly interpolated: Row | null;
}

/** What all views of a case share. */
export interface ViewContext extends WorkContext {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly types: readonly ImageType[];
  readonly wanted: WantedFeatures;
  /** The mask as it was loaded. */
  readonly loaded: Mask;
}

/** Computes regions on a view; each gets its features or its error by `set`, in no particular order. */
export async function runView(
  { engine, settings, types, wanted, loaded, ...work }: ViewContext,
  view: View,
  regions: readonly Region[],
  set: (region: Region, outcome: Outcome) => void,
): Promise<void> {
  const chosen = new Map<Selection, Region>();
  for (const region of regions) {
    try {
      const selection = resolveSelection(region.union, view.labels);
      checkRegion(selection.name, selection.voxels, selection.box, settings);
      chosen.set(selection, region);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      set(region, error);
    }
  }
  const selections = [...chosen.keys()];
  const before =
    view.mask !== loaded && settings.additionalInfo ? await loadedRegions(engine, loaded, view, selections) : null;
  const { image, labels, source } = view;
  for (const group of disjointGroups(selections)) {
    const input = {
      engine,
      image,
      labels: labels.packed,
      selections: group,
      settings,
      types,
      source,
      mask: loaded,
      loaded: before,
    };
    await runPass(input, wanted, (selection, outcome) => set(chosen.get(selection) as Region, outcome), work);
  }
}

/** The regions of a mask that has been resampled since it was loaded. */
async function loadedRegions(
  engine: Engine,
  loaded: Mask,
  { interpolated }: View,
  selections: readonly Selection[],
): Promise<LoadedRegions> {
  const labels = findMaskLabels(loaded);
  const before = selections.map((s) => resolveSelection(s.labels, labels));
  const facts = await measureMask(engine, labels.packed, loaded.size, before);
  return { stage: interpolated ? 'interpolated' : 'corrected', facts, image: interpolated ?? {} };
}
