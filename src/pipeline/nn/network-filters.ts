/** The filters of a network on the GPU: packed for the way in which a pass computes a convolution, uploaded once, kept. */
import { type BufferRef, type Engine, type Recording, sizeClass } from '../../engine/index.ts';
import type { Storage } from './activation.ts';
import type { FilterBuffers } from './conv.ts';
import { filterOf, packedBytes, type PackedFilter, packFilter, unfolded } from './filter.ts';
import { type Architecture, type Convolution, convolutionsOf, networkOf } from './manifest.ts';
import type { PlannedStep } from './plan.ts';
import type { Weights } from './weights.ts';
import { winogradFilter, winogradTaps } from './winograd.ts';

type Step = Extract<PlannedStep, { kind: 'convolution' }>;
type Way = Pick<Step, 'key' | 'winograd'>;

/** Filters that a recording may use. */
export interface FiltersInUse {
  of(step: Way): FilterBuffers;
  /** Keeps those that the recording uploads for later ones, or gives them back where others have come before. */
  keep(engine: Engine): void;
}

const nameOf = ({ key, winograd }: Way): string => (winograd ? `${key} points` : key);
const buffersOf = ({ weights, bias }: FilterBuffers): BufferRef[] => [weights, bias];

export class NetworkFilters {
  #weights: Weights;
  readonly #storage: Storage;
  readonly #products: Storage;
  readonly #summed: boolean;
  readonly #first: string;
  readonly #convolutions: ReadonlyMap<string, Convolution>;
  readonly #kept = new Map<string, FilterBuffers>();
  #released = false;

  /**
   * @param weights checked against the architecture; they stay in memory, for sizes of images that need them otherwise, until `seal`
   * @param products in what values of the storage are multiplied
   * @param summed whether one input of the first convolution stands for all
   */
  constructor(weights: Weights, architecture: Architecture, storage: Storage, products: Storage, summed: boolean) {
    this.#weights = weights;
    this.#storage = storage;
    this.#products = products;
    this.#summed = summed;
    this.#first = networkOf(architecture).stem.key;
    this.#convolutions = new Map(convolutionsOf(architecture).map((convolution) => [convolution.key, convolution]));
  }

  /** The filter of a convolution as a pass reads it: batch norm folded, the first one unfolded, the points of nn/winograd. */
  pack({ key, winograd }: Way): PackedFilter & { readonly outputs: number } {
    const first = key === this.#first;
    const filter = filterOf(this.#weights, this.#convolutions.get(key)!, first && this.#summed);
    const packed = first ? unfolded(filter) : winograd ? winogradFilter(filter) : filter;
    return { outputs: filter.outputs, ...packFilter(packed, this.#storage, this.#products) };
  }

  /** Records the upload of those that the convolutions among some steps need and that are not there yet. */
  upload(rec: Recording, steps: readonly PlannedStep[]): FiltersInUse {
    const added = new Map<string, FilterBuffers>();
    for (const step of steps) {
      if (step.kind !== 'convolution' || this.#kept.has(nameOf(step))) continue;
      const { outputs, weights, bias } = this.pack(step);
      const upload = (noun: string, data: ArrayBufferView) => rec.keep(rec.upload(`nn/network.${noun}`, data));
      added.set(nameOf(step), { outputs, weights: upload('weights', weights), bias: upload('bias', bias) });
    }
    return {
      of: (step) => (added.get(nameOf(step)) ?? this.#kept.get(nameOf(step)))!,
      keep: (engine) => {
        for (const [name, buffers] of added) {
          if (this.#released || this.#kept.has(name)) engine.release(...buffersOf(buffers));
          else this.#kept.set(name, buffers);
        }
      },
    };
  }

  /** Bytes that all take once a pass of some steps has added what it needs; as the pool makes them. */
  bytesWith(steps: readonly PlannedStep[]): number {
    const missing = steps.flatMap((step) => {
      if (step.kind !== 'convolution' || this.#kept.has(nameOf(step))) return [];
      const [outputs, inputs, ...taps] = this.#convolutions.get(step.key)!.shape;
      return packedBytes({ outputs, inputs, taps: step.winograd ? winogradTaps : taps }, this.#storage, this.#products);
    });
    return [...this.buffers().map(({ bytes }) => bytes), ...missing].reduce((sum, bytes) => sum + sizeClass(bytes), 0);
  }

  /** Lets the weights in memory go, where all sizes of images take the filters that are kept. */
  seal(): void {
    this.#weights = new Map();
  }

  /** All that are kept. */
  buffers(): BufferRef[] {
    return [...this.#kept.values()].flatMap(buffersOf);
  }

  /** Gives all back, and those of recordings that are on their way once they are kept. */
  release(engine: Engine): void {
    this.#released = true;
    engine.release(...this.buffers());
  }
}
