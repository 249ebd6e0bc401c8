/** Verification: our numbers on this adapter beside the consensus values of IBSI and the recorded ones of PyRadiomics. */
import type { Engine } from '../../engine/index.ts';
import { PipelineError } from '../errors.ts';
import { stepsOfSettings } from '../preprocess.ts';
import type { ProgressEvent } from '../progress.ts';
import { parseSettings } from '../settings.ts';
import { checkSet, type Phantom } from './check.ts';
import { checkMaps, type MapData, mapFamilies, mapsTitle } from './check-maps.ts';
import { configurations, phase2Configuration } from './configurations.ts';
import { digitalPhantom } from './digital-phantom.ts';
import { phase2Filter } from './ibsi2-filters.ts';
import { checkPyradiomics, pyradiomicsTitles } from './pyradiomics.ts';
import { ibsi1References, ibsi1Sets, type Ibsi2Set, ibsi2References, ibsi2Sets } from './reference.ts';
import type { CheckedValue, NotRun, SetTime, VerifyReport } from './report.ts';
import { resampled } from './slices.ts';

export type { Phantom } from './check.ts';
export type { MapData } from './check-maps.ts';
export type { DigitalPhantom } from './ibsi2-filters.ts';
export * from './report.ts';

export interface VerifyOptions {
  /** IBSI's CT phantom; without it only what the program brings along is run. */
  readonly ctPhantom?: Phantom | null;
  /** IBSI 2's digital phantoms and response maps; without them its filters are not run. */
  readonly maps?: MapData | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** Voxels of the CT phantom along x, y, z (reference manual, diagnostic features). */
const ctSize = [204, 201, 60] as const;

/**
 * IBSI asks for intensities in whole HU: those of the NIfTI file are rounded, those of DICOM are whole already.
 * @throws PipelineError BadFile where the image is not the CT phantom
 */
export function wholeUnits(phantom: Phantom): Phantom {
  const { image } = phantom;
  if (image.size.some((n, axis) => n !== ctSize[axis]))
    throw new PipelineError(
      'BadFile',
      `CT phantom: expected ${ctSize.join(' x ')} voxels, found ${image.size.join(' x ')}; pass IBSI's own copy`,
    );
  return { ...phantom, image: { ...image, data: Int16Array.from(image.data, Math.round) } };
}

/** A part of a verification: a set, or a family of one. */
interface Step {
  readonly set: string;
  readonly family: string | null;
  /** Null where what it needs is not there. */
  readonly run: (() => Promise<CheckedValue[]>) | null;
  /** What it needs. */
  readonly needs: string;
}

const ctNeeded = 'needs the CT phantom of IBSI’s data sets';
const mapsNeeded = 'needs the digital phantoms of IBSI’s data sets, and the response maps of IBSI 2’s reference data';

/** All parts in the order of the tables. */
function stepsOf(engine: Engine, ct: Phantom | null, maps: MapData | null, signal?: AbortSignal): Step[] {
  const digital = digitalPhantom();
  const ibsi1 = ibsi1Sets.map((set): Step => {
    const phantom = set === 'digital' ? digital : ct;
    const run = phantom && (() => checkSet(engine, phantom, configurations[set], ibsi1References(set), signal));
    return { set: configurations[set].title, family: null, run, needs: ctNeeded };
  });
  const phase1 = [...mapFamilies.keys()].map((family): Step => {
    const run = maps && (() => checkMaps(engine, family, maps, signal));
    return { set: mapsTitle, family, run, needs: mapsNeeded };
  });
  let fine: Promise<Phantom> | null = null;
  /** The set of a filter: those on the same grid share the resampled phantom. */
  async function checkPhase2(set: Ibsi2Set, phantom: Phantom): Promise<CheckedValue[]> {
    const configuration = phase2Configuration(set);
    const references = ibsi2References(set);
    const { resample } = stepsOfSettings(parseSettings(configuration.settings));
    if (configuration.filter === null || !resample) return checkSet(engine, phantom, configuration, references, signal);
    fine ??= resampled(engine, phantom, { resample }, signal);
    const { resegmentRange } = configuration.settings;
    return checkSet(engine, await fine, { ...configuration, settings: { resegmentRange } }, references, signal);
  }
  const phase2 = ibsi2Sets.map((set): Step => {
    const configuration = phase2Configuration(set);
    // The filters take long without a GPU: they are run where IBSI 2's data ask for it.
    const isWanted = ct && (maps || phase2Filter(set) === null);
    const run = isWanted ? () => checkPhase2(set, ct) : null;
    const needs = ct ? `${mapsNeeded}, beside the CT phantom` : ctNeeded;
    return { set: configuration.title, family: configuration.family as string, run, needs };
  });
  const recorded = pyradiomicsTitles.map((set): Step => {
    return { set, family: null, run: () => checkPyradiomics(engine, set, signal), needs: '' };
  });
  return [...ibsi1, ...phase1, ...phase2, ...recorded];
}

/** What was not run, by sets: all of one, or what needs more than the rest. */
function notRunOf(steps: readonly Step[]): NotRun[] {
  return [...Map.groupBy(steps, ({ set }) => set)].flatMap(([set, group]) => {
    const left = group.filter(({ run }) => run === null);
    if (left.length === 0) return [];
    const families = left.map(({ family }) => family).join(', ');
    return [{ set: left.length === group.length ? set : `${set} (${families})`, reason: left[0]!.needs }];
  });
}

/**
 * Computes IBSI's data sets on the engine's adapter and compares with the published consensus, then a generated case with
 * what PyRadiomics made of it; offline.
 * @throws PipelineError BadFile where the CT phantom or a response map is another image; what `extract` and reading throw;
 * `signal.reason` when cancelled
 */
export async function verify(engine: Engine, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { ctPhantom, maps = null, signal, onProgress } = options;
  const steps = stepsOf(engine, ctPhantom ? wholeUnits(ctPhantom) : null, maps, signal);
  const values: CheckedValue[] = [];
  const times: SetTime[] = [];
  for (const [done, { set, family, run }] of steps.entries()) {
    onProgress?.({ stage: 'verify', done, total: steps.length });
    if (!run) continue;
    const started = performance.now();
    values.push(...(await run()));
    times.push({ set, family, seconds: (performance.now() - started) / 1000 });
  }
  onProgress?.({ stage: 'verify', done: steps.length, total: steps.length });
  return { values, notRun: notRunOf(steps), times };
}
