/** Networks that are easy to see through. */
import type { Engine } from '../../src/engine/index.ts';
import { type DeviceVolume, fromDevice } from '../../src/pipeline/device-volume.ts';
import type { DeepNetwork } from '../../src/pipeline/nn/deep.ts';

export interface SeeThrough extends DeepNetwork {
  /** Samples of each call. */
  readonly batches: number[];
}

/**
 * Its features are mean, first and last voxel of a sample, and the voxel in its middle.
 * @param fails on a batch, with what is returned
 */
export function seeThrough(
  batch = 4,
  fails: (samples: readonly DeviceVolume[]) => Error | null = () => null,
): SeeThrough {
  const batches: number[] = [];
  return {
    batches,
    arch: 'medicalnet',
    layer: 'pool',
    stem: { stride: 2, maxPool: true },
    weights: { source: 'hash:none', sha256: 'ab'.repeat(32), notes: [] },
    precision: 'f32',
    backend: 'test',
    count: 4,
    batch,
    memory: () => ({ weightBytes: 0, batch, activationBytes: 0, inputBytes: 0 }),
    async run(engine: Engine, samples: readonly DeviceVolume[]) {
      batches.push(samples.length);
      const error = fails(samples);
      if (error) throw error;
      return Promise.all(
        samples.map(async (sample) => {
          const { data } = await fromDevice(engine, sample);
          const all = data as Float32Array;
          const mean = all.reduce((a, b) => a + b, 0) / all.length;
          return Float32Array.of(mean, all[0]!, all.at(-1)!, all[all.length >> 1]!);
        }),
      );
    },
    release: async () => undefined,
  };
}
