/** Networks as they are opened for deep features: the same features wherever they run, and what cannot be asked for. */
import { describe, expect, it } from 'vitest';
import { DeviceLostError, type Engine, sizeClass } from '../../../src/engine/index.ts';
import { type Layer, layers, type NetworkChoice, openLoadedNetwork, variants } from '../../../src/host/deep-network.ts';
import { hashSource } from '../../../src/host/format/weights/hash-source.ts';
import { loadWeights } from '../../../src/host/format/weights/index.ts';
import { encodeOnnx } from '../../../src/host/format/weights/onnx-write.ts';
import { createEngine } from '../../../src/host/node/adapters.ts';
import { openDeepNetwork } from '../../../src/host/node/deep-network.ts';
import { openOnnxRuntime } from '../../../src/host/node/onnx-runtime.ts';
import { toDevice } from '../../../src/pipeline/device-volume.ts';
import { hashVolume } from '../../../src/pipeline/nn/hash-weights.ts';
import { convolutionsOf } from '../../../src/pipeline/nn/manifest.ts';
import { useEngine } from '../../support/engine.ts';
import { imageOf } from '../../support/images.ts';

/** Relative L2 of features in float32 against float64 (reference/resnet/README.md), on both sides. */
const FLOAT32 = 2 * 5e-6;

const seed = 'voxomics-ref-1';
const samplesOf = (engine: Engine) =>
  Promise.all(
    [
      [9, 12, 10],
      [9, 12, 10],
      [7, 11, 8],
    ].map(([x, y, z], k) => {
      const size = [x!, y!, z!] as const;
      return toDevice(engine, imageOf(hashVolume(`${seed}${k}`, [1, 1, z!, y!, x!]), size));
    }),
  );

describe('openDeepNetwork', () => {
  const engine = useEngine();
  const open = (choice: NetworkChoice) =>
    openLoadedNetwork(
      engine(),
      hashSource(`hash:${seed}`, { variant: choice.arch, width: 4 }),
      choice,
      openOnnxRuntime,
    );

  const cases = variants.flatMap((arch) => layers.map((layer): [string, Layer] => [arch, layer]));
  it.each(cases)('%s, %s: the same features on the adapter and by ONNX Runtime', async (arch, layer) => {
    const choice = { arch: arch as NetworkChoice['arch'], layer };
    const gpu = await open({ ...choice, backend: 'gpu', precision: 'f32' });
    const cpu = await open({ ...choice, backend: 'wasm' });
    expect([gpu.backend, gpu.precision, cpu.precision]).toEqual(['gpu', 'f32', 'f32']);
    expect(cpu.backend).toMatch(/^onnxruntime-/);
    const samples = await samplesOf(engine());
    const [there, here] = [await gpu.run(engine(), samples), await cpu.run(engine(), samples)];
    const count = { pool: 32, layer1: 4, layer2: 8, layer3: 16, layer4: 32 }[layer];
    there.forEach((features, k) => {
      expect([features.length, here[k]!.length, gpu.count, cpu.count]).toEqual([count, count, count, count]);
      const norm = Math.hypot(...here[k]!);
      expect(norm).toBeGreaterThan(0);
      expect(Math.hypot(...features.map((value, i) => value - here[k]![i]!)) / norm).toBeLessThan(FLOAT32);
    });
    expect(there[0]).not.toEqual(there[1]);
    await Promise.all([gpu.release(), cpu.release()]);
  });

  const stems = ([1, 2] as const).flatMap((stemStride) =>
    [true, false].map((maxPool): [1 | 2, boolean] => [stemStride, maxPool]),
  );
  it.each(stems)('with a stem of stride %i, max pool %s: as the same network from an ONNX graph', async (...stem) => {
    const [stemStride, maxPool] = stem;
    const loaded = hashSource(`hash:${seed}`, { variant: 'monai', width: 4 });
    const graph = encodeOnnx({ ...loaded.architecture, stemStride, maxPool }, loaded.weights, 1, 4);
    const told = await openLoadedNetwork(
      engine(),
      await loadWeights(graph, 'monai.onnx', { variant: 'monai' }),
      { arch: 'monai', backend: 'gpu', precision: 'f32' },
      openOnnxRuntime,
    );
    const choice = { arch: 'monai', stemStride, maxPool } as const;
    const gpu = await open({ ...choice, backend: 'gpu', precision: 'f32' });
    const cpu = await open({ ...choice, backend: 'wasm' });
    expect([told.stem, gpu.stem, cpu.stem]).toEqual(Array.from({ length: 3 }, () => ({ stride: stemStride, maxPool })));
    const samples = await samplesOf(engine());
    const [expected, ...found] = await Promise.all([told, gpu, cpu].map((network) => network.run(engine(), samples)));
    for (const features of found)
      features.forEach((values, k) => {
        const norm = Math.hypot(...expected![k]!);
        expect(Math.hypot(...values.map((value, i) => value - expected![k]![i]!)) / norm).toBeLessThan(FLOAT32);
      });
    await Promise.all([told, gpu, cpu].map((network) => network.release()));
  });

  it('says beforehand what it will keep', async () => {
    const gpu = await open({ arch: 'monai', backend: 'gpu', precision: 'f32' });
    const samples = (await samplesOf(engine())).slice(0, 2);
    const size = [10, 12, 9] as const;
    const { weightBytes, batch, activationBytes, inputBytes } = gpu.memory(size, 2);
    expect([batch, gpu.memory(size).batch, gpu.memory(size, 1).batch]).toEqual([2, gpu.batch, 1]);
    expect(gpu.memory(size).activationBytes).toBeGreaterThan(activationBytes!);
    // The first pass of a size may add filters, which stay.
    await gpu.run(engine(), samples);
    engine().trim();
    const { used, idle } = engine().stats().pool;
    await gpu.run(engine(), samples);
    // What the pass has made waits for reuse; what it reads back is small.
    const made = engine().stats().pool.idle - idle;
    expect(made).toBeGreaterThanOrEqual(activationBytes!);
    expect(made).toBeLessThan(1.2 * activationBytes!);
    expect(engine().stats().pool.used).toBe(used);
    expect(inputBytes).toBe(samples.reduce((sum, { voxels }) => sum + sizeClass(voxels.bytes), 0));
    const { resident } = engine().stats();
    await gpu.release();
    expect(resident.bytes - engine().stats().resident.bytes).toBe(weightBytes);
    expect(() => gpu.memory([4096, 4096, 4096])).toThrow(/take a smaller size/);
    const cpu = await open({ arch: 'monai', backend: 'wasm' });
    const { architecture } = hashSource(`hash:${seed}`, { variant: 'monai', width: 4 });
    const values = convolutionsOf(architecture).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    expect(cpu.batch).toBe(1);
    expect(cpu.memory(size)).toMatchObject({ batch: 1, activationBytes: null, inputBytes: 4 * 10 * 12 * 9 });
    expect(cpu.memory(size).weightBytes).toBeGreaterThan(4 * values);
    expect(cpu.memory(size).weightBytes).toBeLessThan(4 * values + 2 ** 15);
    await cpu.release();
  });

  it('pool is the mean of the last layer', async () => {
    const samples = await samplesOf(engine());
    const [pool, last] = await Promise.all(
      (['pool', 'layer4'] as const).map(async (layer) =>
        (await open({ arch: 'monai', layer, backend: 'gpu' })).run(engine(), samples),
      ),
    );
    expect(pool).toEqual(last);
  });

  it('takes ONNX Runtime where the adapter computes on the CPU', async () => {
    const network = await open({ arch: 'medicalnet' });
    expect(network.backend === 'gpu').toBe(!engine().caps.software);
  });

  it('goes on with the engine that takes the place of a lost one', async () => {
    const network = await open({ arch: 'medicalnet', backend: 'gpu', precision: 'f32' });
    const before = await network.run(engine(), await samplesOf(engine()));
    const other = await createEngine();
    try {
      expect(await network.run(other, await samplesOf(other))).toEqual(before);
      const kept = other.stats().resident.bytes;
      await network.release();
      expect(other.stats().resident.bytes).toBeLessThan(kept);
    } finally {
      other.destroy();
    }
  });

  it.each(['gpu', 'wasm'] as const)('of the backend %s runs no more once it is released', async (backend) => {
    const network = await open({ arch: 'medicalnet', backend });
    const samples = await samplesOf(engine());
    await network.release();
    await network.release();
    await expect(network.run(engine(), samples)).rejects.toMatchObject({
      code: 'BadSetting',
      message: expect.stringMatching(/released/),
    });
  });

  it('tries an engine again on which it could not be opened, and is released nevertheless', async () => {
    const network = await open({ arch: 'medicalnet', backend: 'gpu', precision: 'f32' });
    const lost = await createEngine();
    const samples = await samplesOf(lost);
    lost.destroy();
    await expect(network.run(lost, samples)).rejects.toBeInstanceOf(DeviceLostError);
    await expect(network.run(lost, samples)).rejects.toBeInstanceOf(DeviceLostError);
    const kept = engine().stats().resident.bytes;
    await network.release();
    expect(engine().stats().resident.bytes).toBeLessThan(kept);
  });

  it('refuses what cannot be', async () => {
    // In a page a text that names a file must not become a seed.
    expect(() => hashSource('resnet_18.pth')).toThrow(/expected hash:SEED/);
    await expect(open({ arch: 'medicalnet', backend: 'wasm', precision: 'f16' })).rejects.toMatchObject({
      code: 'BadSetting',
      message: expect.stringMatching(/the CPU computes in f32/),
    });
    const asked = [
      [{ arch: 'torchvision', stemStride: 1 }, /torchvision has one first layer/],
      [{ arch: 'monai', stemStride: 3 as 1 }, /expected 1 or 2, found 3/],
    ] as const;
    for (const [choice, message] of asked)
      await expect(open(choice)).rejects.toMatchObject({ code: 'BadSetting', message: expect.stringMatching(message) });
    const { architecture, weights } = hashSource(`hash:${seed}`, { variant: 'monai', width: 4 });
    const graph = await loadWeights(encodeOnnx(architecture, weights, 1, 4), 'monai.onnx');
    const other = openLoadedNetwork(engine(), graph, { arch: 'monai', maxPool: false }, openOnnxRuntime);
    await expect(other).rejects.toMatchObject({
      code: 'BadSetting',
      message: expect.stringMatching(/monai.onnx is a graph whose max pool is true, asked for false/),
    });
    await expect(openDeepNetwork(engine(), { arch: 'medicalnet', weights: 'hash:' })).rejects.toMatchObject({
      code: 'BadSetting',
    });
    await expect(openDeepNetwork(engine(), { arch: 'monai', weights: 'none.pth' })).rejects.toMatchObject({
      code: 'BadFile',
    });
  });
});
