/** One engine per test file, and recordings run with readable failures. */
import { afterAll, beforeAll } from 'vitest';
import type { Download, Engine, Recording } from '../../src/engine/index.ts';
import { createEngine, type NodeEngineOptions } from '../../src/host/node/adapters.ts';

/** An engine for the tests of a file, destroyed after them. Call `engine()` inside tests. */
export function useEngine(options: NodeEngineOptions = {}): () => Engine {
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = await createEngine(options);
  });
  afterAll(() => engine?.destroy());
  return () => engine as Engine;
}

/** Whether the adapter is SwiftShader, several times slower than lavapipe. */
export const isSwiftShader = ({ caps }: Engine): boolean => /swiftshader/i.test(`${caps.adapter} ${caps.driver}`);

/** Runs a recording and returns one download. */
export async function run(engine: Engine, rec: Recording, download: Download): Promise<Uint32Array> {
  return (await engine.execute(rec)).u32(download);
}
