/** Many cases, some of them at a time. */
import type { DeepNetwork } from './deep.ts';
import { SharedBatches, Turns } from './shared-batches.ts';

export interface TurnsOptions {
  /** Cases at work at a time: one is read while another is computed. */
  readonly inFlight: number;
  /**
   * A network whose batches the cases share: beside those at work, as many cases wait for it as a batch has samples, so that
   * at most `inFlight + network.batch` are in memory.
   */
  readonly network?: DeepNetwork | undefined;
}

/**
 * Works on all cases.
 * @param cases taken one after the other, when there is room
 * @param work of one case, with the network to be used for it
 * @throws what the first `work` to fail, or `cases`, has thrown; no case is begun after that, and all have ended
 */
export async function inTurns<C>(
  cases: Iterable<C> | AsyncIterable<C>,
  { inFlight, network }: TurnsOptions,
  work: (one: C, network: DeepNetwork | undefined) => Promise<void>,
): Promise<void> {
  const gathers = network !== undefined && network.batch > 1;
  const workers = inFlight + (gathers ? network.batch : 0);
  const turns = new Turns(inFlight);
  const batches = gathers ? new SharedBatches(network, turns, workers) : null;
  const iterator = Symbol.asyncIterator in cases ? cases[Symbol.asyncIterator]() : cases[Symbol.iterator]();
  let pulled: Promise<unknown> = Promise.resolve();
  // Iterators need not bear two calls at once.
  const pull = () => {
    const next = pulled.then(() => iterator.next());
    pulled = next.catch(() => undefined);
    return next;
  };
  let ended = false;
  const worker = async () => {
    try {
      while (!ended) {
        await turns.take();
        try {
          const next = ended ? null : await pull();
          if (!next || next.done) ended = true;
          else await work(next.value, batches?.network ?? network);
        } finally {
          turns.give();
        }
      }
    } catch (error) {
      ended = true;
      throw error;
    } finally {
      batches?.leave();
    }
  };
  const results = await Promise.allSettled(Array.from({ length: workers }, worker));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return;
  await iterator.return?.();
  throw failed.reason;
}
