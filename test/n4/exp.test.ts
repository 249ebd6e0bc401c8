import { describe, it } from 'vitest';
import { n4 } from '../../src/pipeline/n4/index.ts';
import { useEngine } from '../support/engine.ts';
import { readVolume } from '../support/itk.ts';
import { sharedPath } from '../support/shared.ts';
describe('exp', () => {
  const engine = useEngine({ profile: true });
  it('chris', async () => {
    const v = await readVolume(sharedPath('data/brain_t1/chris_t1.nii.gz'));
    await n4(engine(), v, { iterations: [5, 5, 5, 5] });
    const best = new Map<string, number>();
    for (let k = 0; k < 8; k++) {
      engine().profile.clear();
      await n4(engine(), v, { iterations: [1, 1, 1, 1] });
      for (const r of engine().profile.rows()) {
        const us = (1000 * r.milliseconds) / r.dispatches;
        best.set(r.kernel, Math.min(best.get(r.kernel) ?? 1e9, us));
      }
    }
    console.log('us per: ' + [...best].map(([k, us]) => `${k} ${us.toFixed(0)}`).join(', '));
  }, 100000);
});
