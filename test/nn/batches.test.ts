/** Cases that share the batches of a network: what goes together, what does not change by it, and what happens to a bad one. */
import { describe, expect, it } from 'vitest';
import { DeviceLostError, type Engine } from '../../src/engine/index.ts';
import { createEngine } from '../../src/host/node/adapters.ts';
import { buffersOf, type DeviceVolume, toDevice } from '../../src/pipeline/device-volume.ts';
import { PipelineError } from '../../src/pipeline/errors.ts';
import { methodFor, methods } from '../../src/pipeline/nn/conv.ts';
import { type DeepFeaturesCase, deepFeaturesOfCases } from '../../src/pipeline/nn/deep-cases.ts';
import { deepFeatures } from '../../src/pipeline/nn/deep-features.ts';
import { hashVolume, hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import { type Architecture, variants } from '../../src/pipeline/nn/manifest.ts';
import { openNetwork } from '../../src/pipeline/nn/network.ts';
import { inTurns } from '../../src/pipeline/nn/turns.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { useEngine } from '../support/engine.ts';
import { imageOf } from '../support/images.ts';
import { seeThrough } from '../support/networks.ts';
import { random, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';

const size: Vec3 = [12, 11, 9];
/** Cases of one region each, whose images differ. */
const caseOf = (seed: number, of: Vec3 = size): DeepFeaturesCase => {
  const next = random(seed);
  const data = Float32Array.from({ length: voxelCount(of) }, () => 100 * next());
  const labels = Uint8Array.from(data, (_, i) => Number(i % of[0] > 3 && i % of[0] < 9));
  return { image: volumeOf(data, of), mask: volumeOf(labels, of) };
};
const deepOf = (row: Record<string, unknown>) => Object.entries(row).filter(([name]) => name.startsWith('deep_'));
const small = { size: [5, 6, 7] } as const;

describe('features of a sample', () => {
  const engine = useEngine();
  const every = variants.flatMap((variant) =>
    (['tiled', 'lanes'] as const).map((method) => [variant, method] as const),
  );

  it.each(every)('of %s by %s do not depend on its batch, bit for bit', async (variant, method) => {
    if (method === 'lanes' && methodFor(engine().caps) !== methods.lanes) return;
    const video = variant === 'torchvision';
    const architecture: Architecture = { variant, width: 16, channels: video ? 3 : 1, shortcut: video ? 'B' : 'A' };
    const weights = hashWeights('batches', architecture);
    const network = await openNetwork(engine(), { architecture, weights, precision: 'f32', method: methods[method] });
    // Tiles of voxels reach from one image into the next.
    const inputs = [0, 1, 2, 3].map((k) => ({
      size: [13, 9, 11] as const,
      data: hashVolume(`b${k}`, [1, 1, 11, 9, 13]),
    }));
    const together = await network.features(inputs);
    const turned = await network.features([...inputs].reverse());
    for (const [k, input] of inputs.entries()) {
      const [alone] = await network.features([input]);
      expect(together[k]).toEqual(alone);
      expect(turned[3 - k]).toEqual(alone);
    }
    expect(together[0]).not.toEqual(together[1]);
    network.release();
  });
});

describe('deep features of many cases', () => {
  const engine = useEngine();

  it('share batches, and are those of each case alone', async () => {
    const network = seeThrough();
    const cases = Array.from({ length: 10 }, (_, k) => caseOf(k));
    const rows = await deepFeaturesOfCases(engine(), cases, { network, ...small });
    expect(network.batches).toEqual([4, 4, 2]);
    for (const [k, { image, mask }] of cases.entries())
      expect(rows[k]).toEqual(await deepFeatures(engine(), image, mask!, { network: seeThrough(), ...small }));
  });

  it('are batched by size, whole images and regions together', async () => {
    const network = seeThrough(4, ([first, ...others]) =>
      others.some((one) => one.size[2] !== first!.size[2]) ? new RangeError('two sizes in a batch') : null,
    );
    const cases = Array.from({ length: 8 }, (_, k): DeepFeaturesCase => {
      const one = caseOf(k, k % 2 === 0 ? size : [12, 11, 1]);
      return k < 4 ? { ...one, mask: null } : one;
    });
    const rows = await deepFeaturesOfCases(engine(), cases, { network, ...small });
    expect(network.batches.reduce((sum, n) => sum + n)).toBe(8);
    expect(network.batches.length).toBeLessThan(5);
    for (const [k, one] of cases.entries()) {
      const alone = await deepFeatures(engine(), one.image, one.mask ?? null, { network: seeThrough(), ...small });
      expect(rows[k]).toEqual(alone);
    }
  });

  it('go alone through a network that gains nothing by batches', async () => {
    const network = seeThrough(1);
    await deepFeaturesOfCases(engine(), [caseOf(1), caseOf(2), caseOf(3)], { network, ...small });
    expect(network.batches).toEqual([1, 1, 1]);
  });

  it('take a case when there is room, and hold no more of them than that', async () => {
    const network = seeThrough();
    let [taken, finished, most] = [0, 0, 0];
    async function* read() {
      for (; taken < 17; taken++) {
        most = Math.max(most, taken + 1 - finished);
        yield caseOf(taken);
      }
    }
    const rows = await deepFeaturesOfCases(engine(), read(), { network, ...small, onProgress: () => finished++ });
    expect([rows.length, finished]).toEqual([17, 17]);
    expect(most).toBeLessThanOrEqual(2 + network.batch);
    expect(network.batches.reduce((sum, n) => sum + n)).toBe(17);
    expect(network.batches.filter((n) => n === 4).length).toBeGreaterThanOrEqual(4);
  });

  it('give a bad case its own row, and the others what they have without it', async () => {
    const cases = Array.from({ length: 6 }, (_, k) => caseOf(k));
    const flat = { ...cases[2]!, image: { ...cases[2]!.image, data: new Float32Array(voxelCount(size)).fill(3) } };
    const given = cases.with(2, flat).with(3, { ...cases[3]!, labels: [7] });
    const expected = await deepFeaturesOfCases(engine(), cases, { network: seeThrough(), ...small });
    const rows = await deepFeaturesOfCases(engine(), given, { network: seeThrough(), ...small });
    expect(rows[2]).toEqual([{ voxomics_error: expect.objectContaining({ code: 'ConstantImage' }) }]);
    expect(rows[3]).toEqual([{ voxomics_error: expect.objectContaining({ code: 'LabelNotFound' }) }]);
    for (const k of [0, 1, 4, 5]) expect(rows[k]).toEqual(expected[k]);
  });

  it('are computed one by one where a batch fails', async () => {
    const network = seeThrough(4, (samples) =>
      samples.length > 1 ? new PipelineError('TooLarge', 'no memory for so many') : null,
    );
    const cases = Array.from({ length: 4 }, (_, k) => caseOf(k));
    const rows = await deepFeaturesOfCases(engine(), cases, { network, ...small });
    expect(network.batches).toEqual([4, 1, 1, 1, 1]);
    expect(rows.map(([row]) => deepOf(row!).length)).toEqual([4, 4, 4, 4]);
  });

  it('end where the device is lost, or what gives the cases fails, with nothing left', async () => {
    const lost = await createEngine();
    const network = seeThrough(4, () => new DeviceLostError('gone'));
    const run = (cases: Iterable<DeepFeaturesCase>, on: Engine) =>
      deepFeaturesOfCases(on, cases, { network, ...small });
    await expect(run([caseOf(1), caseOf(2)], lost)).rejects.toBeInstanceOf(DeviceLostError);
    expect(lost.stats().resident.buffers).toBe(0);
    function* broken() {
      yield caseOf(1);
      throw new Error('no more');
    }
    await expect(deepFeaturesOfCases(engine(), broken(), { network: seeThrough(), ...small })).rejects.toThrow(
      'no more',
    );
    lost.destroy();
  });

  it('stop when they are cancelled', async () => {
    const cancel = new AbortController();
    const reason = new Error('enough');
    const network = seeThrough();
    const cases = Array.from({ length: 20 }, (_, k) => caseOf(k));
    const before = engine().stats().resident.buffers;
    const onProgress = () => cancel.abort(reason);
    const run = deepFeaturesOfCases(engine(), cases, { network, ...small, signal: cancel.signal, onProgress });
    await expect(run).rejects.toBe(reason);
    expect(network.batches.reduce((sum, n) => sum + n, 0)).toBeLessThan(12);
    expect(engine().stats().resident.buffers).toBe(before);
  });
});

describe('turns', () => {
  const sample = (engine: Engine) => toDevice(engine, imageOf(Float32Array.of(1, 2, 3, 4), [2, 2, 1]));
  const engine = useEngine();

  it('are given to others by those that wait for the network', async () => {
    const network = seeThrough();
    let [working, most] = [0, 0];
    const busy = async <T>(work: () => Promise<T>) => {
      most = Math.max(most, ++working);
      await new Promise((done) => setTimeout(done, 2));
      const result = await work();
      working--;
      return result;
    };
    const samples: DeviceVolume[] = [];
    await inTurns(Array.from({ length: 9 }).keys(), { inFlight: 2, network }, async (k, shared) => {
      const one = await busy(() => sample(engine()));
      samples.push(one);
      // Cases of different numbers of samples.
      await shared!.run(
        engine(),
        Array.from({ length: 1 + (k % 3) }, () => one),
      );
      await busy(async () => undefined);
    });
    engine().release(...samples.flatMap(buffersOf));
    expect(most).toBe(2);
    expect(network.batches.reduce((sum, n) => sum + n)).toBe(18);
    expect(Math.max(...network.batches)).toBe(4);
    expect(network.batches.length).toBeLessThan(9);
  });
});
