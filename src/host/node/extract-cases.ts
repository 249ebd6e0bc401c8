/** Extraction of a cohort: several cases in flight, a bad case is a row with its reason, a lost device is replaced. */
import { DeviceLostError, type Engine, EngineError } from '../../engine/index.ts';
import { PipelineError } from '../../pipeline/errors.ts';
import type { DeepNetwork } from '../../pipeline/nn/deep.ts';
import { inTurns } from '../../pipeline/nn/turns.ts';
import type { Row } from '../../pipeline/row.ts';
import type { UsedImage } from '../../pipeline/used-images.ts';
import type { Case } from './cases.ts';
import { type ExtractFilesOptions, extractFiles } from './extract-files.ts';
import type { Journal } from './journal.ts';

export interface ExtractCasesOptions extends Omit<ExtractFilesOptions, 'onImage'> {
  /** As `onImage` of `extract`, with the place of the case. What it throws ends the run. */
  readonly onImage?: (image: UsedImage, index: number) => Promise<void> | void;
  /** Makes an engine in place of one whose device is lost; without it the cases that follow fail. */
  readonly renew?: () => Promise<Engine>;
  /** Where finished cases are kept. */
  readonly journal?: Journal;
  /**
   * Cases at work at a time: one is read while another is computed. Default 2. With a network whose batches cases share, others
   * wait for it beside them, see `TurnsOptions`.
   */
  readonly inFlight?: number;
}

/** An engine that is made anew when its device is lost. */
function replaceable(first: Engine, renew: (() => Promise<Engine>) | undefined) {
  let current = Promise.resolve(first);
  return {
    get: () => current,
    /** Replaces an engine, unless another case has done so already; false where it cannot. */
    async replace(lost: Engine): Promise<boolean> {
      if (!renew) return false;
      if ((await current) === lost) {
        if (lost !== first) lost.destroy();
        current = renew();
      }
      await current;
      return true;
    },
    /** Destroys what was made here. */
    async release(): Promise<void> {
      const last = await current;
      if (last !== first) last.destroy();
    },
  };
}

/** The rows of a case; its reason where it fails. */
async function rowsOf(
  one: Case,
  options: ExtractFilesOptions,
  engines: ReturnType<typeof replaceable>,
): Promise<Row[]> {
  let unsaved: unknown;
  const { onImage } = options;
  const own = {
    ...options,
    labels: one.labels ?? options.labels,
    settings: { ...options.settings, ...(one.channel === null ? {} : { label_channel: one.channel }) },
    onProgress: undefined,
    // An image that cannot be kept is no fault of the case.
    onImage:
      onImage &&
      (async (image: UsedImage) => {
        try {
          await onImage(image);
        } catch (error) {
          unsaved = error;
          throw error;
        }
      }),
  };
  for (let attempt = 0; ; attempt++) {
    const engine = await engines.get();
    try {
      const rows = await extractFiles(engine, one.image, one.mask, own);
      return rows.map((row) => ({ ...one.columns, ...row }));
    } catch (error) {
      if (error instanceof DeviceLostError && attempt === 0 && (await engines.replace(engine))) continue;
      const known = (error instanceof PipelineError && error.code !== 'Cancelled') || error instanceof EngineError;
      if (!known || unsaved === error || options.signal?.aborted) throw error;
      return [{ ...one.columns, voxomics_error: { code: error.code, message: error.message } }];
    }
  }
}

/**
 * Extracts the features of all cases.
 * @returns the rows of all cases in their order: the case's own columns, then those of `extract`; a case that fails is a
 *   row with `voxomics_error`
 * @throws what is no fault of a case; `signal.reason` when cancelled. Finished cases are in the journal then
 */
export async function extractCases(
  engine: Engine,
  cases: readonly Case[],
  { journal, inFlight = 2, renew, onProgress, onImage, ...options }: ExtractCasesOptions = {},
): Promise<Row[]> {
  const engines = replaceable(engine, renew);
  const rows = new Map(journal?.finished ?? []);
  const waiting = [...cases.keys()].filter((index) => !rows.has(index));
  const report = () => onProgress?.({ stage: 'cases', done: rows.size, total: cases.length });
  report();
  const { deep } = options;
  const work = async (index: number, network: DeepNetwork | undefined) => {
    options.signal?.throwIfAborted();
    const give = onImage && ((image: UsedImage) => onImage(image, index));
    const own = { ...options, deep: deep && network && { ...deep, network }, onImage: give };
    const found = await rowsOf(cases[index]!, own, engines);
    await journal?.add(index, found);
    rows.set(index, found);
    report();
  };
  try {
    await inTurns(waiting, { inFlight, network: deep?.network }, work);
  } finally {
    await engines.release();
  }
  return [...cases.keys()].flatMap((index) => rows.get(index) as Row[]);
}
