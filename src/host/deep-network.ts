/** Networks for deep features: on the GPU, or where the only adapter computes on the CPU, by ONNX Runtime there. */
import type { Engine } from '../engine/index.ts';
import { fromDevice } from '../pipeline/device-volume.ts';
import { PipelineError } from '../pipeline/errors.ts';
import type { DeepNetwork } from '../pipeline/nn/deep.ts';
import { type Architecture, networkOf, type Variant } from '../pipeline/nn/manifest.ts';
import { type FeatureNetwork, openNetwork, type Precision } from '../pipeline/nn/network.ts';
import { type OnnxRuntime, openCpuBackend } from './cpu-backend.ts';
import type { LoadedWeights } from './format/weights/index.ts';

export { type Variant, variants } from '../pipeline/nn/manifest.ts';
/** Whose output is averaged: the last layer's (`pool`), or that of one of the four. */
export const layers = ['pool', 'layer1', 'layer2', 'layer3', 'layer4'] as const;
export type Layer = (typeof layers)[number];
/** How weights and activations are stored; `auto`: f16 on GPUs that have it. */
export const precisions = ['auto', 'f32', 'f16'] as const satisfies readonly Precision[];
/** What computes: `auto` takes a GPU, and the CPU where there is none; `wasm` stands for ONNX Runtime on the CPU. */
export const backends = ['auto', 'gpu', 'wasm'] as const;
export type Backend = (typeof backends)[number];

export interface NetworkChoice {
  readonly arch: Variant;
  /**
   * Stride of the first convolution of `medicalnet` and `monai`: files of weights do not tell, but ONNX graphs do. Default that of
   * the graph, else 2, as in the published networks; MONAI's own default (`conv1_t_stride`) is 1.
   */
  readonly stemStride?: 1 | 2;
  /** Whether `medicalnet` and `monai` pool after it; MONAI's `no_max_pool` is the opposite. Default that of the graph, else true. */
  readonly maxPool?: boolean;
  /** Default pool. */
  readonly layer?: Layer;
  /** Default auto. */
  readonly precision?: Precision;
  /** Default auto. */
  readonly backend?: Backend;
}

/** Number of a layer, 1 to 4. */
const numberOf = (layer: Layer): number => (layer === 'pool' ? 4 : Number(layer.slice(-1)));

/** Whether the GPU computes. Storage of 16 bits is the GPU's alone. @throws PipelineError BadSetting */
function onGpu({ caps }: Engine, backend: Backend, precision: Precision): boolean {
  if (backend === 'wasm' && precision === 'f16')
    throw new PipelineError('BadSetting', 'the CPU computes in f32; leave out precision f16, or pass backend gpu');
  return backend === 'gpu' || (backend === 'auto' && (!caps.software || precision === 'f16'));
}

/**
 * The architecture with the first layers that were asked for.
 * @throws PipelineError BadSetting where the network or its graph has others
 */
function withStem(
  { architecture, source }: LoadedWeights,
  { stemStride, maxPool }: Pick<NetworkChoice, 'stemStride' | 'maxPool'>,
): Architecture {
  const asked = { ...(stemStride && { stemStride }), ...(maxPool !== undefined && { maxPool }) };
  if (Object.keys(asked).length === 0) return architecture;
  if (architecture.variant === 'torchvision')
    throw new PipelineError('BadSetting', 'torchvision has one first layer; leave out the stem’s stride and max pool');
  if (stemStride !== undefined && stemStride !== 1 && stemStride !== 2)
    throw new PipelineError('BadSetting', `stem stride: expected 1 or 2, found ${stemStride}`);
  for (const [name, value] of Object.entries(asked)) {
    const own = architecture[name as keyof typeof asked];
    if (own !== undefined && own !== value)
      throw new PipelineError(
        'BadSetting',
        `${source} is a graph whose ${name === 'maxPool' ? 'max pool' : 'stem stride'} is ${own}, asked for ${value}; leave it out`,
      );
  }
  return { ...architecture, ...asked };
}

type Run = Pick<DeepNetwork, 'precision' | 'backend' | 'batch' | 'memory' | 'run' | 'release'>;

/** Samples that a GPU computes at once: small maps leave most of it idle. */
const GPU_BATCH = 4;

/** The network on the GPU. Engines that it meets later, in place of lost ones, get its weights too. */
async function openGpu(first: Engine, loaded: LoadedWeights, layer: Layer, precision: Precision): Promise<Run> {
  const opened = new Map<Engine, Promise<FeatureNetwork>>();
  const networkOn = (engine: Engine): Promise<FeatureNetwork> => {
    const known = opened.get(engine);
    if (known) return known;
    const opening = openNetwork(engine, { ...loaded, precision });
    opened.set(engine, opening);
    // What has failed, for want of memory say, may succeed for a later case.
    opening.catch(() => opened.delete(engine));
    return opening;
  };
  const planner = await networkOn(first);
  return {
    precision: planner.storage,
    backend: 'gpu',
    batch: GPU_BATCH,
    memory([depth, height, width], images = GPU_BATCH) {
      const plan = planner.planBatch([width, height, depth], images, { layer });
      const { arenaBytes, inputBytes, last } = plan;
      return {
        weightBytes: planner.weightBytesWith(plan),
        batch: last.images,
        activationBytes: arenaBytes,
        inputBytes,
      };
    },
    run: async (engine, samples) => (await networkOn(engine)).features(samples, { layer }),
    async release() {
      for (const network of await Promise.allSettled(opened.values()))
        if (network.status === 'fulfilled') network.value.release();
    },
  };
}

/** The network on the CPU; the samples are read back. */
async function openCpu(runtime: OnnxRuntime, { architecture, weights }: LoadedWeights, layer: Layer): Promise<Run> {
  const network = await openCpuBackend(runtime, architecture, weights, 1, numberOf(layer));
  return {
    precision: 'f32',
    backend: network.description,
    // The runtime fills all threads with one sample, and a batch would only need more memory.
    batch: 1,
    memory: (size) => ({
      weightBytes: network.modelBytes,
      batch: 1,
      activationBytes: null,
      inputBytes: size.reduce((product, n) => product * n, 4),
    }),
    async run(engine, samples) {
      const volumes = await Promise.all(samples.map((sample) => fromDevice(engine, sample)));
      const features: Float32Array[] = [];
      for (const { data, size } of volumes)
        features.push(await network.features(data as Float32Array, [1, 1, size[2], size[1], size[0]]));
      return features;
    },
    release: () => network.release(),
  };
}

/**
 * Opens a network.
 * @param engine the adapter that `auto` is decided by
 * @param runtime opens ONNX Runtime where it is needed
 * @throws PipelineError BadSetting; EngineError
 */
export async function openLoadedNetwork(
  engine: Engine,
  loaded: LoadedWeights,
  { arch, layer = 'pool', precision = 'auto', backend = 'auto', ...stem }: NetworkChoice,
  runtime: () => Promise<OnnxRuntime>,
): Promise<DeepNetwork> {
  const architecture = withStem(loaded, stem);
  const chosen = { ...loaded, architecture };
  const run = onGpu(engine, backend, precision)
    ? await openGpu(engine, chosen, layer, precision)
    : await openCpu(await runtime(), chosen, layer);
  const { source, sha256, notes } = loaded;
  const { maxPool, stem: first } = networkOf(architecture);
  const count = architecture.width << (numberOf(layer) - 1);
  let released = false;
  return {
    ...run,
    async run(on, samples) {
      if (released) throw new PipelineError('BadSetting', 'the network was released; open it again');
      return run.run(on, samples);
    },
    async release() {
      if (released) return;
      released = true;
      await run.release();
    },
    arch,
    layer,
    stem: { stride: first.stride[2] as 1 | 2, maxPool },
    weights: { source, sha256, notes },
    count,
  };
}
