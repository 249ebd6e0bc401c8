/** A 3D ResNet18 on the GPU: weights uploaded once, features of volumes. */
import { type BufferRef, type Engine, type Kernel, Recording, type Results } from '../../engine/index.ts';
import type { DeviceVolume } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { Vec3 } from '../volume.ts';
import { type Activation, type ActivationShape, planarValues, quadsOf, type Storage } from './activation.ts';
import { chooseMethod } from './choose-method.ts';
import { convolutionFlags, type ConvolutionMethod, kernelsOf, productsOf, recordConvolution } from './conv.ts';
import { type Architecture, checkedWeights } from './manifest.ts';
import { type FiltersInUse, NetworkFilters } from './network-filters.ts';
import { type NetworkPlan, planNetwork, type PlanOptions } from './plan.ts';
import { average, maxpool, recordAverage, recordMaxPool } from './pool.ts';
import { recordUnfold, unfold } from './unfold.ts';
import type { Weights } from './weights.ts';
import { recordWinograd, winogradInput, winogradLanes, winogradOutput } from './winograd.ts';

/** A volume on the host: float32 in the order [channel][z][y][x]. */
export interface HostInput {
  /** Voxels along x, y and z. */
  readonly size: Vec3;
  readonly data: Float32Array;
}

/** A volume on either side; of one on the GPU the float32 voxels are taken, and it has one channel. */
export type NetworkInput = HostInput | DeviceVolume;

export type Precision = 'auto' | Storage;

export interface NetworkOptions {
  readonly architecture: Architecture;
  readonly weights: Weights;
  /** How activations and weights are stored. `auto` (default): f16 on a GPU that has it, else f32. */
  readonly precision?: Precision;
  /**
   * Channels of the volumes, default 1. One channel stands for all that the weights have: their first convolution is
   * summed over its inputs, which is the same as repeating the channel.
   */
  readonly channels?: number;
  /** How convolutions are computed; default: what is fastest on the adapter. */
  readonly method?: ConvolutionMethod;
}

export interface FeatureOptions {
  /** Whose mean over the volume is taken: `pool` (default, after layer 4), `layer1` to `layer4`, `stem`, or an activation. */
  readonly layer?: string;
}

/** Most bytes that a batch may keep in activations before it is split. */
const arenaLimit = 2 ** 30;

const onDevice = (input: NetworkInput): input is DeviceVolume => 'voxels' in input;

/** Storage for a wish. @throws PipelineError BadSetting where f16 is asked of an adapter that has none */
function storageFor({ caps }: Engine, precision: Precision): Storage {
  if (precision === 'f16' && !caps.f16)
    throw new PipelineError(
      'BadSetting',
      `${caps.adapter} has no 16-bit floats (shader-f16); take precision f32 or auto`,
    );
  return precision === 'auto' ? (caps.f16 && !caps.software ? 'f16' : 'f32') : precision;
}

/** The size that weights are packed for when a network is opened; a pass of another size adds those that it needs otherwise. */
const usualSize: Vec3 = [64, 64, 64];

/** A network whose weights are on the GPU until `release`. Made by `openNetwork`. */
export class FeatureNetwork {
  readonly architecture: Architecture;
  readonly storage: Storage;
  /** Channels of the volumes. */
  readonly channels: number;
  readonly #engine: Engine;
  readonly #method: ConvolutionMethod;
  readonly #filters: NetworkFilters;
  #released = false;

  constructor(
    engine: Engine,
    architecture: Architecture,
    storage: Storage,
    channels: number,
    method: ConvolutionMethod,
    filters: NetworkFilters,
  ) {
    this.architecture = architecture;
    this.storage = storage;
    this.channels = channels;
    this.#engine = engine;
    this.#method = method;
    this.#filters = filters;
  }

  /** Bytes of the weights on the GPU. */
  get weightBytes(): number {
    return this.#filters.bytesWith([]);
  }

  /** The same once a pass has been run, which may need other filters than those that are there. */
  weightBytesWith({ steps }: NetworkPlan): number {
    return this.#filters.bytesWith(steps);
  }

  /** What a pass over `images` volumes of a size will do and keep. */
  plan(size: Vec3, images = 1, { layer }: FeatureOptions = {}): NetworkPlan {
    const { channels, storage } = this;
    const { winograd, fill } = this.#method;
    const options: PlanOptions = { images, channels, size, storage, layer, winograd, fill };
    return planNetwork(this.architecture, options);
  }

  /**
   * The plan for as many of `images` volumes at once as the adapter binds and memory allows.
   * @throws PipelineError TooLarge where one volume is more than the adapter binds
   */
  planBatch(size: Vec3, images: number, options: FeatureOptions = {}): NetworkPlan {
    const limit = this.#engine.caps.limits.maxStorageBufferBindingSize;
    const one = this.plan(size, 1, options);
    const most = Math.max(...one.slots, ...one.workspace);
    if (most > limit)
      throw new PipelineError(
        'TooLarge',
        `a volume of ${size.join(' x ')} voxels needs an activation of ${most} bytes, the adapter binds ${limit}; ` +
          'take a smaller size',
      );
    const fitting = Math.min(Math.floor(limit / most), Math.floor(arenaLimit / one.arenaBytes));
    return fitting > 1 && images > 1 ? this.plan(size, Math.min(images, fitting), options) : one;
  }

  #check(input: NetworkInput): void {
    const needed = this.channels * input.size[0] * input.size[1] * input.size[2];
    const found = onDevice(input) ? input.voxels.bytes / 4 : input.data.length;
    if (found !== needed)
      throw new PipelineError(
        'BadSetting',
        `the network takes ${this.channels} channel(s), ${needed} values for ${input.size.join(' x ')} voxels; found ${found}`,
      );
  }

  /** Records a pass over volumes of one size. */
  #record(rec: Recording, plan: NetworkPlan, inputs: readonly NetworkInput[], filters: FiltersInUse): Activation {
    const slots = plan.slots.map((bytes, k) => rec.buffer(`nn/network.slot${k}`, bytes));
    const workspace = plan.workspace.map((bytes, k) => rec.buffer(`nn/network.workspace${k}`, bytes));
    const { storage } = this;
    const bufferOf = (name: string): Activation => {
      const { slot, images, channels, size } = plan.activations.get(name)!;
      return { images, channels, size, buffer: slots[slot]! };
    };
    for (const step of plan.steps) {
      const { buffer } = bufferOf(step.output);
      if (step.kind === 'unfold') {
        const shape = plan.activations.get(step.output)!;
        inputs.forEach((input, image) => {
          const volume = onDevice(input) ? input.voxels : rec.upload('nn/network.volume', input.data);
          recordUnfold(rec, volume, input.size, step.window, image, buffer, shape, storage);
        });
      } else if (step.kind === 'maxpool') recordMaxPool(rec, bufferOf(step.input), buffer, storage);
      else {
        const { relu, residual } = step;
        const filter = { ...filters.of(step), ...step.window };
        const end = {
          storage,
          relu,
          residual: residual && { activation: bufferOf(residual.input), stride: residual.stride },
        };
        const input = bufferOf(step.input);
        if (step.winograd) {
          const [points, products] = workspace as [BufferRef, BufferRef];
          recordWinograd(rec, input, filter, buffer, [points, products], end);
        } else {
          const parts = step.parts ? { ...step.parts, buffer: workspace[0]! } : undefined;
          recordConvolution(rec, input, filter, buffer, { ...end, method: this.#method, parts });
        }
      }
    }
    return bufferOf(plan.last.name);
  }

  /** Runs all volumes, several of one size at once. */
  async #run<T>(
    inputs: readonly NetworkInput[],
    options: FeatureOptions,
    take: (rec: Recording, last: Activation) => (results: Results) => T[],
  ): Promise<T[]> {
    // The engine would take new buffers for those that it does not know any more.
    if (this.#released) throw new PipelineError('BadSetting', 'the network was released; open it again');
    for (const input of inputs) this.#check(input);
    const taken: T[] = [];
    for (let k = 0; k < inputs.length; ) {
      const { size } = inputs[k]!;
      let alike = k + 1;
      while (alike < inputs.length && inputs[alike]!.size.every((n, a) => n === size[a])) alike++;
      const plan = this.planBatch(size, alike - k, options);
      const rec = new Recording('nn/network');
      const filters = this.#filters.upload(rec, plan.steps);
      const read = take(rec, this.#record(rec, plan, inputs.slice(k, k + plan.last.images), filters));
      const results = await this.#engine.execute(rec);
      filters.keep(this.#engine);
      taken.push(...read(results));
      k += plan.last.images;
    }
    return taken;
  }

  /**
   * Features of volumes: the mean of each channel after layer 4 or another layer; 512 of the published networks.
   * Volumes of one size that follow each other are computed together.
   * @returns one array per volume
   * @throws PipelineError BadSetting for another number of voxels, an unknown layer or after `release`, TooLarge where one volume is more
   * than the adapter can bind
   */
  features(inputs: readonly NetworkInput[], options: FeatureOptions = {}): Promise<Float32Array[]> {
    return this.#run(inputs, options, (rec, last) => {
      const means = rec.download(recordAverage(rec, last, this.storage));
      const stride = 4 * quadsOf(last);
      return (results) => {
        const words = results.u32(means);
        const values = new Float32Array(words.buffer, words.byteOffset, words.length);
        return Array.from({ length: last.images }, (_, image) =>
          values.slice(image * stride, image * stride + last.channels),
        );
      };
    });
  }

  /** The activations of a layer themselves, [channel][z][y][x], one per volume. */
  activations(
    inputs: readonly NetworkInput[],
    layer: string,
  ): Promise<(Omit<ActivationShape, 'images'> & { readonly data: Float32Array })[]> {
    return this.#run(inputs, { layer }, (rec, last) => {
      const download = rec.download(last.buffer);
      const { images, channels, size } = last;
      return (results) => {
        const all = planarValues(results.u32(download), last, this.storage);
        const length = all.length / images;
        return Array.from({ length: images }, (_, image) => ({
          channels,
          size,
          data: all.subarray(image * length, (image + 1) * length),
        }));
      };
    });
  }

  /** Gives the weights back. The network cannot be used any more. */
  release(): void {
    this.#released = true;
    this.#filters.release(this.#engine);
  }
}

/**
 * Folds batch norms into the convolutions (in float64), uploads the weights and compiles the kernels.
 * @throws PipelineError BadWeights where the weights are not those of the architecture, BadSetting for a precision or a
 * number of channels that cannot be; EngineError, with nothing left on the GPU
 */
export async function openNetwork(engine: Engine, options: NetworkOptions): Promise<FeatureNetwork> {
  const { architecture, precision = 'auto', channels = 1 } = options;
  const storage = storageFor(engine, precision);
  const method = options.method ?? (await chooseMethod(engine, storage));
  if (method.storages && !method.storages.includes(storage))
    throw new PipelineError(
      'BadSetting',
      `${method.kernel.name} computes with ${method.storages.join(', ')}, not with ${storage}; take another precision or method`,
    );
  if (channels !== 1 && channels !== architecture.channels)
    throw new PipelineError(
      'BadSetting',
      `the weights are for ${architecture.channels} channels, asked for ${channels}; take that number or 1`,
    );
  const weights = checkedWeights(options.weights, architecture, 'the weights', false);
  const products = productsOf(method, storage);
  const winograd = method.winograd ? [winogradInput, winogradLanes, winogradOutput] : [];
  const kernels = [unfold, maxpool, average, ...kernelsOf(method), ...winograd];
  const compiled = engine.prepare(kernels as unknown as Kernel[], convolutionFlags(storage, products));
  const rec = new Recording('nn/network.weights');
  const filters = new NetworkFilters(weights, architecture, storage, products, channels === 1);
  const network = new FeatureNetwork(engine, architecture, storage, channels, method, filters);
  filters.upload(rec, network.plan(usualSize).steps).keep(engine);
  if (!method.winograd) filters.seal();
  // Both have ended before the weights are given back: those of a submit that went well stay with the engine.
  const ended = await Promise.allSettled([engine.execute(rec), compiled]);
  const failed = ended.find((result) => result.status === 'rejected');
  if (!failed) return network;
  network.release();
  throw failed.reason;
}
