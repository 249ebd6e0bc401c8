/** Extraction of a cohort: several cases in flight, a bad case is a row with its reason, a lost device is replaced. */
import { DeviceLostError, type Engine, EngineError } from '../../engine/index.ts';
import { PipelineError } from '../../pipeline/errors.ts';
import type { ExtractOptions } from '../../pipeline/extract.ts';
import type { Row } from '../../pipeline/row.ts';
import type { Case } from './cases.ts';
import { extractFiles } from './extract-files.ts';
import type { Journal } from './journal.ts';

export interface ExtractCasesOptions extends ExtractOptions {
  /** Where finished cases are kept. */
  readonly journal?: Journal;
  /** Cases in flight: one is read while another is computed. Default 2. */
  readonly inFlight?: number;
}

/** An engine that is made anew when its device is lost. */
function replaceable(make: () => Promise<Engine>) {
  let current = make();
  return {
    get: () => current,
    /** Replaces an engine, unless another case has done so already. */
    async replace(lost: Engine): Promise<void> {
      if ((await current) !== lost) return;
      lost.destroy();
      current = make();
      await current;
    },
    destroy: async () => (await current).destroy(),
  };
}

/** The rows of a case; its reason where it fails. */
async function rowsOf(one: Case, options: ExtractOptions, engines: ReturnType<typeof replaceable>): Promise<Row[]> {
  const own = {
    ...options,
    labels: one.labels ?? options.labels,
    settings: { ...options.settings, ...(one.channel === null ? {} : { label_channel: one.channel }) },
    onProgress: undefined,
  };
  for (let attempt = 0; ; attempt++) {
    const engine = await engines.get();
    try {
      const rows = await extractFiles(engine, one.image, one.mask, own);
      return rows.map((row) => ({ ...one.columns, ...row }));
    } catch (error) {
      if (error instanceof DeviceLostError && attempt === 0) {
        await engines.replace(engine);
        continue;
      }
      const known = (error instanceof PipelineError && error.code !== 'Cancelled') || error instanceof EngineError;
      if (!known || options.signal?.aborted) throw error;
      return [{ ...one.columns, voxomics_error: { code: error.code, message: error.message } }];
    }
  }
}

/**
 * Extracts the features of all cases.
 * @param make makes an engine; called again when a device is lost
 * @returns the rows of all cases in their order: the case's own columns, then those of `extract`; a case that fails is a
 *   row with `voxomics_error`
 * @throws what is no fault of a case; `signal.reason` when cancelled. Finished cases are in the journal then
 */
export async function extractCases(
  make: () => Promise<Engine>,
  cases: readonly Case[],
  { journal, inFlight = 2, onProgress, ...options }: ExtractCasesOptions = {},
): Promise<Row[]> {
  const engines = replaceable(make);
  const rows = new Map(journal?.finished ?? []);
  const waiting = [...cases.keys()].filter((index) => !rows.has(index));
  const report = () => onProgress?.({ stage: 'cases', done: rows.size, total: cases.length });
  report();
  const work = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      options.signal?.throwIfAborted();
      const found = await rowsOf(cases[index]!, options, engines);
      await journal?.add(index, found);
      rows.set(index, found);
      report();
    }
  };
  const stop = () => {
    waiting.length = 0;
  };
  const ended = await Promise.allSettled(
    Array.from({ length: inFlight }, () =>
      work().catch((error: unknown) => {
        stop();
        throw error;
      }),
    ),
  );
  await engines.destroy();
  const failed = ended.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return [...cases.keys()].flatMap((index) => rows.get(index) as Row[]);
}
