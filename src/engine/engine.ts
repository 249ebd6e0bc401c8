/** The engine: a device with its pool, caches and state. Knows nothing of medicine. */
import { type Caps, capsOf, deviceDescriptor } from './caps.ts';
import { DeviceLostError, EngineError } from './errors.ts';
import type { ExecutionContext } from './context.ts';
import { effectiveFlags, execute } from './execute.ts';
import type { Flags, Kernel } from './kernel.ts';
import { PipelineCache } from './pipelines.ts';
import { BufferPool, type PoolStats } from './pool.ts';
import { Profile } from './profile.ts';
import { type BufferRef, Recording, type Results } from './recording.ts';

export interface EngineOptions {
  /** Idle buffers kept for reuse, bytes. Default 512 MiB. */
  readonly poolBytes?: number;
  /** One submit and one error scope per dispatch; slow, but an error names its kernel. */
  readonly debug?: boolean;
  /** Collect GPU timestamps per kernel (needs `timestamp-query`). */
  readonly profile?: boolean;
  /** Use subgroup operations where the device has them. Default: not on software drivers, where they only cost compilation. */
  readonly subgroups?: boolean;
  /** Largest buffer that a kernel may bind, bytes, where it shall be less than the device's own limit. */
  readonly bindingBytes?: number;
  /** Kept reachable as long as the engine: Dawn's instance must not be collected while its device lives. */
  readonly keepAlive?: unknown;
  /** Called before every submit: results will soon be waited for. */
  readonly onSubmit?: (() => void) | undefined;
}

export interface EngineStats {
  readonly pool: PoolStats;
  /** Kept buffers and their bytes. */
  readonly resident: { readonly buffers: number; readonly bytes: number };
  readonly pipelines: number;
  readonly submits: number;
  /** Bytes that recordings have brought to the GPU so far; params of kernels do not count. */
  readonly uploaded: number;
}

export type EngineState = 'ready' | 'failed' | 'destroyed';

export class Engine {
  readonly caps: Caps;
  /** GPU time per kernel, filled when the engine was made with `profile`. */
  readonly profile = new Profile();
  readonly #device: GPUDevice;
  readonly #context: ExecutionContext;
  readonly #keepAlive: unknown;
  readonly #onSubmit: (() => void) | undefined;
  readonly #lost: Promise<never>;
  #state: EngineState = 'ready';
  #failure: EngineError | null = null;
  #submits = 0;
  #uploaded = 0;
  /** Kernels that a software driver has compiled. */
  readonly #warm = new Set<Kernel>();

  /** Opens a device on an adapter with all wanted features and limits that the adapter has. */
  static async open(adapter: GPUAdapter, options: EngineOptions = {}): Promise<Engine> {
    return new Engine(adapter, await adapter.requestDevice(deviceDescriptor(adapter)), options);
  }

  private constructor(adapter: GPUAdapter, device: GPUDevice, options: EngineOptions) {
    this.caps = capsOf(adapter, device, options.bindingBytes);
    this.#device = device;
    this.#keepAlive = options.keepAlive;
    this.#onSubmit = options.onSubmit;
    this.#context = {
      device,
      caps: this.caps,
      pool: new BufferPool(device, options.poolBytes ?? 512 * 2 ** 20),
      pipelines: new PipelineCache(device),
      resident: new Map(),
      profile: options.profile ? this.profile : null,
      debug: options.debug ?? false,
      useSubgroups: options.subgroups ?? !this.caps.software,
      turn: Promise.resolve(),
    };
    this.#lost = device.lost.then((info) => {
      if (this.#state === 'ready') this.#fail(new DeviceLostError(info.message || String(info.reason)));
      throw this.#failure ?? new DeviceLostError('the engine was destroyed');
    });
    this.#lost.catch(() => undefined);
    device.addEventListener('uncapturederror', (event) => {
      this.#fail(
        new EngineError('Validation', `uncaptured GPU error: ${(event as GPUUncapturedErrorEvent).error.message}`),
      );
    });
  }

  get state(): EngineState {
    return this.#state;
  }

  #fail(error: EngineError): void {
    this.#state = 'failed';
    this.#failure ??= error;
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
    if (this.#state === 'destroyed') throw new DeviceLostError('the engine was destroyed');
  }

  /**
   * Compiles kernels so that a later `execute` need not wait; several compile side by side. Software drivers compile at
   * first use, so there every kernel is run over nothing as well.
   */
  async prepare(kernels: readonly Kernel[], flags: Flags = {}): Promise<void> {
    this.#check();
    const chosen = effectiveFlags({ flags }, this.#context);
    await Promise.all(kernels.map((k) => this.#context.pipelines.get(k, chosen)));
    const cold = this.caps.software ? kernels.filter((k) => !this.#warm.has(k)) : [];
    if (cold.length === 0) return;
    const rec = new Recording('engine/warm');
    for (const kernel of cold) {
      this.#warm.add(kernel);
      rec.warm(kernel);
    }
    await this.execute(rec);
  }

  /**
   * Runs a recording in one submit. Several may be in flight; they run in the order of the calls.
   * @throws DeviceLostError when the device is or goes lost; EngineError (OutOfMemory, Validation, ShaderCompile, LimitExceeded)
   */
  execute(recording: Recording): Promise<Results> {
    return this.#execute(recording);
  }

  /**
   * Runs a recording for its duration alone.
   * @returns milliseconds of GPU time of all dispatches where the device has timestamps, else from the call to the end of the
   * work; a first run compiles
   * @throws as `execute`
   */
  async measure(recording: Recording): Promise<number> {
    const profile = new Profile();
    const started = performance.now();
    await this.#execute(recording, profile);
    const elapsed = performance.now() - started;
    return this.caps.timestamps ? profile.rows().reduce((sum, { milliseconds }) => sum + milliseconds, 0) : elapsed;
  }

  async #execute(recording: Recording, profile?: Profile): Promise<Results> {
    this.#check();
    this.#submits++;
    for (const { data } of recording.uploads) this.#uploaded += data.byteLength;
    this.#onSubmit?.();
    try {
      return await Promise.race([execute(recording, this.#context, profile), this.#lost]);
    } catch (error) {
      // A destroyed device rejects mapAsync before `lost` settles; what the caller must know is the loss.
      if (!(error instanceof EngineError)) await this.#settleLoss();
      if (this.#failure) throw this.#failure;
      throw error;
    }
  }

  async #settleLoss(): Promise<void> {
    const pause = new Promise<void>((resolve) => setTimeout(resolve, 50));
    await Promise.race([this.#lost.catch(() => undefined), pause]);
  }

  /** Gives kept buffers back to the pool. Unknown references are ignored, so that cleaning up twice is safe. */
  release(...refs: readonly BufferRef[]): void {
    for (const ref of refs) {
      const buffer = this.#context.resident.get(ref.id);
      if (!buffer) continue;
      this.#context.resident.delete(ref.id);
      if (this.#state === 'ready') this.#context.pool.release(buffer);
    }
  }

  /** Destroys idle buffers. */
  trim(): void {
    this.#context.pool.trim();
  }

  stats(): EngineStats {
    const resident = [...this.#context.resident.values()];
    return {
      pool: this.#context.pool.stats(),
      resident: { buffers: resident.length, bytes: resident.reduce((sum, b) => sum + b.size, 0) },
      pipelines: this.#context.pipelines.size,
      submits: this.#submits,
      uploaded: this.#uploaded,
    };
  }

  /** Destroys the device. Work in flight rejects with DeviceLostError. */
  destroy(): void {
    if (this.#state === 'ready') {
      this.#state = 'destroyed';
      this.#failure = new DeviceLostError('the engine was destroyed');
    }
    this.#device.destroy();
  }

  /** What keeps the platform's GPU instance alive; see `EngineOptions.keepAlive`. */
  get keepAlive(): unknown {
    return this.#keepAlive;
  }
}
