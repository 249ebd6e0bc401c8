/** Deep features of many images, whose crops share the batches of the network. */
import { DeviceLostError, type Engine, EngineError } from '../../engine/index.ts';
import { PipelineError } from '../errors.ts';
import type { Row } from '../row.ts';
import type { Mask, Volume } from '../volume.ts';
import { deepFeatures, type DeepFeaturesOptions } from './deep-features.ts';
import { inTurns } from './turns.ts';

/** An image with its mask, and what is its own of the options. */
export interface DeepFeaturesCase extends Pick<DeepFeaturesOptions, 'labels' | 'notes' | 'preprocess'> {
  readonly image: Volume;
  /** Label map on the image's grid; null or left out for the whole image. */
  readonly mask?: Mask | null;
}

export interface DeepCasesOptions extends DeepFeaturesOptions {
  /** Cases at work at a time. Default 2. `inFlight + network.batch` are in memory at most, see `TurnsOptions`. */
  readonly inFlight?: number;
}

/** The row of a case that failed; any other error ends it all. */
function failedRow(error: unknown, signal: AbortSignal | undefined): Row {
  const known = (error instanceof PipelineError && error.code !== 'Cancelled') || error instanceof EngineError;
  if (!known || error instanceof DeviceLostError || signal?.aborted) throw error;
  return { voxomics_error: { code: error.code, message: error.message } };
}

/**
 * `deepFeatures` of many images. Features do not depend on what shares a batch with them.
 * @param cases taken one after the other when there is room: a generator may read them from files
 * @returns the rows of each case, in the order of the cases; a case that fails is a row with `voxomics_error`
 * @throws what `cases` throws, DeviceLostError, `signal.reason` when cancelled
 */
export async function deepFeaturesOfCases(
  engine: Engine,
  cases: Iterable<DeepFeaturesCase> | AsyncIterable<DeepFeaturesCase>,
  { inFlight = 2, onProgress, ...options }: DeepCasesOptions,
): Promise<Row[][]> {
  const { network, signal } = options;
  const rows: Row[][] = [];
  let [begun, done] = [0, 0];
  await inTurns(cases, { inFlight, network }, async ({ image, mask = null, ...own }, shared = network) => {
    const place = begun++;
    signal?.throwIfAborted();
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    rows[place] = await deepFeatures(engine, image, mask, { ...options, ...given, network: shared }).catch(
      (error: unknown) => [failedRow(error, signal)],
    );
    onProgress?.({ stage: 'cases', done: ++done, total: Array.isArray(cases) ? cases.length : begun });
  });
  return rows;
}
