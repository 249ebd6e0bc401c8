/**
 * How often Dawn asks the driver whether work is done. Its Node binding asks in every turn of the event loop while a promise
 * is open (https://github.com/dawn-gpu/node-webgpu/issues/17), which keeps one core busy. A driver that computes
 * on the CPU needs that core. Here Dawn asks in every turn just after work was submitted, so that short work is not waited
 * for longer than it takes, and then once a millisecond.
 */

/** Milliseconds after a submit in which Dawn asks in every turn, and between two questions later. */
const EAGER = 4;
const PAUSE = 1;

/** Dawn looks `setImmediate` up at every turn and hands it an anonymous native function, which no script does. */
export const isFromDawn = (callback: unknown, rest: readonly unknown[]): callback is () => void =>
  typeof callback === 'function' &&
  rest.length === 0 &&
  callback.name === '' &&
  Function.prototype.toString.call(callback).includes('[native code]');

let original: typeof setImmediate | null = null;
let eagerUntil = 0;
/** Dawn's next question while it waits. */
let waiting: { readonly timer: NodeJS.Timeout; readonly callback: () => void } | null = null;

function schedule(callback: (...args: unknown[]) => void, ...rest: unknown[]): unknown {
  const immediate = original as typeof setImmediate;
  if (!isFromDawn(callback, rest) || performance.now() < eagerUntil) return immediate(callback, ...rest);
  const timer = setTimeout(() => {
    waiting = null;
    callback();
  }, PAUSE);
  waiting = { timer, callback };
  return timer;
}

/**
 * Makes Dawn ask less often. All other uses of `setImmediate` in the process stay as they are; a second call changes
 * nothing.
 * @returns what must be called whenever work is submitted
 */
export function pauseBetweenPolls(): () => void {
  if (!original) {
    original = globalThis.setImmediate;
    // With the promise form that util.promisify looks for.
    const known = Object.getOwnPropertyDescriptors(original);
    globalThis.setImmediate = Object.defineProperties(schedule, known) as typeof setImmediate;
  }
  return () => {
    eagerUntil = performance.now() + EAGER;
    if (!waiting) return;
    const { timer, callback } = waiting;
    waiting = null;
    clearTimeout(timer);
    (original as typeof setImmediate)(callback);
  };
}
