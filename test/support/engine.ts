/** One engine per test file, and recordings run with readable failures. */
import { createRequire } from 'node:module';
import { afterAll, beforeAll } from 'vitest';
import { type Download, Engine, type Recording } from '../../src/engine/index.ts';
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

/**
 * An engine on Dawn's Null backend: it offers all features, checks what it is given and computes nothing. For texts that
 * need what the adapter has not got.
 */
export async function createNullEngine(): Promise<Engine> {
  const dawn = createRequire(import.meta.url)('webgpu') as { create(flags: string[]): GPU };
  const instance = dawn.create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error('Dawn has no Null backend');
  return Engine.open(adapter, { keepAlive: instance });
}

/** Whether the adapter is SwiftShader, several times slower than lavapipe. */
export const isSwiftShader = ({ caps }: Engine): boolean => /swiftshader/i.test(`${caps.adapter} ${caps.driver}`);

/** Runs a recording and returns one download. */
export async function run(engine: Engine, rec: Recording, download: Download): Promise<Uint32Array> {
  return (await engine.execute(rec)).u32(download);
}
