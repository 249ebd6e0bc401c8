import { describe, it } from 'vitest';
import { correctBias, n4 } from '../../src/pipeline/n4/index.ts';
import { toDevice } from '../../src/pipeline/device-volume.ts';
import { useEngine } from '../support/engine.ts';
import { readVolume } from '../support/itk.ts';
import { sharedPath } from '../support/shared.ts';

const file = { brain1: 'data/pyradiomics/data/brain1_image.nrrd', chris: 'data/brain_t1/chris_t1.nii.gz' } as const;
describe('speed', () => {
  const engine = useEngine({ profile: true });
  const plain = useEngine({});
  it.each(['brain1', 'br06', 'chris'] as const)(
    '%s',
    async (name) => {
      const v = await readVolume(name === 'br06' ? '/tmp/br06_t0.nii.gz' : sharedPath(file[name as 'chris']));
      await n4(engine(), v, { iterations: [5, 5, 5, 5] });
      engine().profile.clear();
      const t0 = performance.now();
      await n4(engine(), v, {});
      console.log(name, 'profiled', (performance.now() - t0).toFixed(0));
      console.log(
        engine()
          .profile.rows()
          .map((r) => `${r.kernel} ${((1000 * r.milliseconds) / r.dispatches).toFixed(0)}`)
          .join(', '),
      );
      const image = await toDevice(plain(), v);
      for (let k = 0; k < 6; k++) {
        const t = performance.now();
        const r = await correctBias(plain(), image, {});
        console.log(name, 'correctBias', (performance.now() - t).toFixed(0));
        plain().release(r.corrected.voxels);
      }
    },
    100000,
  );
});
