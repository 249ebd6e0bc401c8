import { expect, it } from 'vitest';
import { costs } from '../../bench/costs.ts';
import { allKernels } from '../../src/engine/index.ts';

import.meta.glob('../../src/pipeline/**/*.ts', { eager: true });

it('every kernel of the pipeline has a row in the benchmark', () => {
  expect(Object.keys(costs).sort()).toEqual(
    allKernels()
      .map((k) => k.name)
      .sort(),
  );
});
