import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allKernels, type Engine, type Kernel, lacking } from '../src/engine/index.ts';
import { createNullEngine, useEngine } from './support/engine.ts';

// Importing the wrappers registers their kernels.
import.meta.glob('../src/pipeline/**/*.ts', { eager: true });
const sources = Object.keys(import.meta.glob('../shaders/**/*.wgsl', { query: '?raw' })).filter(
  (path) => !path.includes('/common/'),
);

describe('every kernel variant', () => {
  const engine = useEngine();
  let checker: Engine;
  beforeAll(async () => {
    checker = await createNullEngine();
  });
  afterAll(() => checker.destroy());
  const variants = allKernels().flatMap((kernel) =>
    kernel.variants().map((flags) => ({ name: kernel.name, kernel, flags, text: JSON.stringify(flags) })),
  );

  it.each(variants)('$name $text compiles', async ({ kernel, flags }) => {
    const missing = lacking(kernel, flags, engine().caps);
    if (missing) console.log(`${kernel.name}: checked without a driver, the adapter has no ${missing}`);
    await (missing ? checker : engine()).prepare([kernel], flags);
  });

  it('a text that is not WGSL compiles on no backend', async () => {
    const broken = { ...allKernels()[0]!, name: 'test/broken', variant: () => ({ code: 'no WGSL', slots: [] }) };
    await expect(checker.prepare([broken as unknown as Kernel])).rejects.toMatchObject({ code: 'ShaderCompile' });
  });

  it('covers every file under shaders/', () => {
    const files = new Set(allKernels().map((k) => k.name.split(':')[0]));
    expect([...files].sort()).toEqual(
      sources.map((path) => path.replace(/^.*shaders\//, '').replace('.wgsl', '')).sort(),
    );
  });
});
