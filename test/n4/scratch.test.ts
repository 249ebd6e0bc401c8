import { describe, it } from 'vitest';
import { n4 } from '../../src/pipeline/n4/index.ts';
import { allKernels } from '../../src/engine/index.ts';
import { useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { readVolume } from '../support/itk.ts';
import { sharedPath } from '../support/shared.ts';
import { volumeOf } from '../support/region.ts';

describe('scratch', () => {
  const engine = useEngine({});
  it('compiles', async () => {
    for (const k of allKernels().filter((k) => k.name.startsWith('n4/'))) {
      const t = performance.now();
      await engine().prepare([k]);
      console.log(k.name, (performance.now() - t).toFixed(0), 'ms');
    }
  }, 100000);
  it.each(['brain1_crop', 'brain1_slab'])(
    'stages %s',
    async (name) => {
      const dir = sharedPath('reference/n4/stages', name);
      const image = readNpy(`${dir}/image.npy`);
      const mask = readNpy(`${dir}/mask.npy`);
      const [nz, ny, nx] = image.shape as [number, number, number];
      const v = volumeOf(Float32Array.from(image.data), [nx, ny, nz]);
      const m = volumeOf(Uint8Array.from(mask.data), [nx, ny, nz]);
      for (const [tag, iterations] of [
        ['L1_i1', [1]],
        ['L1_i2', [2]],
        ['L1_i3', [3]],
        ['L2_i1', [3, 1]],
        ['L2_i2', [3, 2]],
        ['L3_i2', [3, 2, 2]],
        ['L4_i1', [3, 2, 2, 1]],
        ['L4_i2', [3, 2, 2, 2]],
      ] as const) {
        const r = await n4(engine(), v, {
          mask: name.endsWith('slab') ? m : null,
          shrink: 1,
          tolerance: 0,
          iterations,
          returnField: true,
        });
        const ref = readNpy(`${dir}/${tag}_log_field.npy.gz`);
        let worst = 0,
          sum = 0;
        r.field!.data.forEach((x, i) => {
          const d = Math.log(x) - ref.data[i]!;
          worst = Math.max(worst, Math.abs(d));
          sum += d * d;
        });
        console.log(
          name,
          tag,
          'max',
          worst.toExponential(2),
          'rms',
          Math.sqrt(sum / ref.data.length).toExponential(2),
          r.report.convergence.map((c) => c.map((x) => x.toFixed(8)).join(' ')).join(' | '),
        );
      }
    },
    100000,
  );
  it('BR-06', async () => {
    const v = await readVolume(sharedPath('data/pyradiomics/data/brain1_image.nrrd'));
    for (let k = 0; k < 3; k++) {
      const t = performance.now();
      const r = await n4(engine(), v, {});
      console.log('brain1', performance.now() - t, r.report.iterations);
    }
  }, 100000);
});
