/** Cases that are computed at the same time share the batches of a network. */
import { DeviceLostError, type Engine } from '../../engine/index.ts';
import type { DeviceVolume } from '../device-volume.ts';
import type { DeepNetwork } from './deep.ts';

/** A call of `run`, and how many of its samples have no features yet. */
interface Call {
  left: number;
}

interface Waiting {
  readonly call: Call;
  readonly engine: Engine;
  readonly sample: DeviceVolume;
  readonly settle: PromiseWithResolvers<Float32Array>;
}

const alike = (a: Waiting, b: Waiting): boolean =>
  a.engine === b.engine && a.sample.size.every((n, axis) => n === b.sample.size[axis]);

/** So many may work at a time; the others wait in the order in which they came. */
export class Turns {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Waits for a turn. @param first before all others */
  async take(first = false): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((next) => {
      if (first) this.#queue.unshift(next);
      else this.#queue.push(next);
    });
  }

  give(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#free++;
  }
}

/**
 * Gathers the samples of several cases. A case that waits for the network gives its turn away, so that others can bring their
 * samples; a batch is computed when it is full, or when all cases wait and nobody is left who could fill it.
 */
export class SharedBatches {
  /** The network as the cases have it: each of them calls it while it has a turn, once at a time. Released by its owner. */
  readonly network: DeepNetwork;
  readonly #own: DeepNetwork;
  readonly #turns: Turns;
  readonly #waiting: Waiting[] = [];
  #members: number;
  /** Calls without their features. */
  #calls = 0;
  /** Batches that are being computed. */
  #running = 0;

  /** @param members cases that there are at a time; each of them waits or works, until it leaves */
  constructor(network: DeepNetwork, turns: Turns, members: number) {
    this.#own = network;
    this.#turns = turns;
    this.#members = members;
    const { arch, layer, stem, weights, precision, backend, count, batch } = network;
    this.network = {
      ...{ arch, layer, stem, weights, precision, backend, count, batch },
      memory: (size, images) => network.memory(size, images),
      run: (engine, samples) => this.#run(engine, samples),
      release: () => network.release(),
    };
  }

  /** One case fewer that others wait for. */
  leave(): void {
    this.#members--;
    this.#start();
  }

  async #run(engine: Engine, samples: readonly DeviceVolume[]): Promise<Float32Array[]> {
    if (samples.length === 0) return [];
    const call = { left: samples.length };
    const waiting = samples.map((sample) => ({ call, engine, sample, settle: Promise.withResolvers<Float32Array>() }));
    this.#calls++;
    this.#waiting.push(...waiting);
    this.#turns.give();
    this.#start();
    // All have ended before their owner gives them back.
    const ended = await Promise.allSettled(waiting.map(({ settle }) => settle.promise));
    await this.#turns.take(true);
    return ended.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  /** Starts the batches that wait for nobody. */
  #start(): void {
    for (let batch = this.#next(); batch; batch = this.#next()) {
      const taken = new Set(batch);
      this.#waiting.splice(0, Number.POSITIVE_INFINITY, ...this.#waiting.filter((one) => !taken.has(one)));
      void this.#compute(batch);
    }
  }

  #next(): readonly Waiting[] | undefined {
    const most = this.#own.batch;
    const groups: Waiting[][] = [];
    for (const one of this.#waiting) {
      const group = groups.find(([first]) => alike(first!, one));
      if (group) group.push(one);
      else groups.push([one]);
    }
    const [largest] = groups.sort((a, b) => b.length - a.length);
    if (largest && largest.length >= most) return largest.slice(0, most);
    return this.#running === 0 && this.#calls >= this.#members ? largest : undefined;
  }

  /** Computes a batch; where that fails, each sample by itself, so that one harms no other. */
  async #compute(batch: readonly Waiting[]): Promise<void> {
    this.#running++;
    try {
      const features = await this.#features(batch);
      batch.forEach(({ settle }, k) => {
        settle.resolve(features[k]!);
      });
    } catch (error) {
      const alone = batch.length > 1 && !(error instanceof DeviceLostError);
      for (const one of batch) {
        const found = alone ? this.#features([one]).then(([features]) => features!) : Promise.reject(error);
        await found.then(one.settle.resolve, one.settle.reject);
      }
    }
    this.#running--;
    for (const { call } of batch) if (--call.left === 0) this.#calls--;
    this.#start();
  }

  #features(batch: readonly Waiting[]): Promise<readonly Float32Array[]> {
    return this.#own.run(
      batch[0]!.engine,
      batch.map(({ sample }) => sample),
    );
  }
}
