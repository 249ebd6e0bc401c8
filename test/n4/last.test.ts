import { describe, it } from 'vitest';
import { n4 } from '../../src/pipeline/n4/index.ts';
import { useEngine } from '../support/engine.ts';
import { readVolume } from '../support/itk.ts';
import { sharedPath } from '../support/shared.ts';
describe('last', () => {
  const engine = useEngine({});
  it('brain1', async () => {
    const v = await readVolume(sharedPath('data/pyradiomics/data/brain1_image.nrrd'));
    for (const iterations of [[50, 50, 50, 50], [50, 50, 50, 50], [3, 3, 3, 3], [2, 2, 2, 2],[50,50]]) {
      const r = await n4(engine(), v, { iterations });
      console.log(r.report.convergence.map((c) => c.slice(-3).map((x) => x.toExponential(3)).join(' ')).join(' | '));
    }
  }, 100000);
});
