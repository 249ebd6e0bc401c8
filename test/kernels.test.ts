import { describe, expect, it } from 'vitest';
import { allKernels } from '../src/engine/index.ts';
import { useEngine } from './support/engine.ts';

// Importing the wrappers registers their kernels.
import.meta.glob('../src/pipeline/**/*.ts', { eager: true });
const sources = Object.keys(import.meta.glob('../shaders/**/*.wgsl', { query: '?raw' })).filter(
  (path) => !path.includes('/common/'),
);

describe('every kernel variant', () => {
  const engine = useEngine();
  const variants = allKernels().flatMap((kernel) =>
    kernel.variants().map((flags) => ({ name: kernel.name, kernel, flags, text: JSON.stringify(flags) })),
  );

  it.each(variants)('$name $text compiles', async ({ kernel, flags }) => {
    if (flags.SUBGROUPS && !engine().caps.subgroups) {
      console.log(`${kernel.name}: not compiled with subgroups, the adapter has none`);
      return;
    }
    if (flags.F16 && !engine().caps.f16) {
      console.log(`${kernel.name}: not compiled with f16, the adapter has none`);
      return;
    }
    if (kernel.needs?.includes('subgroups') && !engine().caps.subgroups) {
      console.log(`${kernel.name}: not compiled, the adapter has no subgroups`);
      return;
    }
    await engine().prepare([kernel], flags);
  });

  it('covers every file under shaders/', () => {
    const files = new Set(allKernels().map((k) => k.name.split(':')[0]));
    expect([...files].sort()).toEqual(
      sources.map((path) => path.replace(/^.*shaders\//, '').replace('.wgsl', '')).sort(),
    );
  });
});
