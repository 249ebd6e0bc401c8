import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recording } from '../../../src/engine/index.ts';
import { createEngine } from '../../../src/host/node/adapters.ts';
import { isFromDawn, pauseBetweenPolls } from '../../../src/host/node/polling.ts';

describe('polling', () => {
  const before = globalThis.setImmediate;
  /** Callbacks that were to run in the next turn of the event loop. */
  const next: unknown[] = [];
  let submitted: () => void;
  beforeAll(() => {
    const counting = (callback: () => void, ...rest: []) => {
      next.push(callback);
      return before(callback, ...rest);
    };
    globalThis.setImmediate = Object.defineProperties(
      counting,
      Object.getOwnPropertyDescriptors(before),
    ) as typeof setImmediate;
    submitted = pauseBetweenPolls();
  });
  afterAll(() => {
    globalThis.setImmediate = before;
  });

  it('lets an anonymous native function wait until work is submitted', () => {
    next.length = 0;
    const native = Function.prototype as unknown as () => void;
    setImmediate(native);
    expect(next).toEqual([]);
    submitted();
    expect(next).toEqual([native]);
    setImmediate(native);
    expect(next).toEqual([native, native]);
  });

  it('knows the questions of Dawn', async () => {
    const engine = await createEngine();
    next.length = 0;
    submitted();
    const rec = new Recording('test');
    const download = rec.download(rec.upload('test.words', Uint32Array.of(7)));
    expect([...(await engine.execute(rec)).u32(download)]).toEqual([7]);
    expect(next.some((callback) => isFromDawn(callback, []))).toBe(true);
    engine.destroy();
  });

  it('leaves other uses of setImmediate alone', async () => {
    const seen = await new Promise<unknown[]>((done) => setImmediate((...args: unknown[]) => done(args), 1, 'two'));
    expect(seen).toEqual([1, 'two']);
    expect(await promisify(setImmediate)('value')).toBe('value');
    expect(isFromDawn(Function.prototype, [1])).toBe(false);
    expect(isFromDawn(() => undefined, [])).toBe(false);
  });
});
