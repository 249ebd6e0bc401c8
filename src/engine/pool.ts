/** Buffers for reuse: by usage and size class, capped by bytes, with counters. */

export interface PoolStats {
  /** Bytes of buffers in use. */
  readonly used: number;
  /** Bytes of buffers waiting for reuse. */
  readonly idle: number;
  /** Highest `used + idle` so far. */
  readonly peak: number;
  readonly created: number;
  readonly reused: number;
}

/** Rounds up to 1, 1.25, 1.5 or 1.75 times a power of two (at least 256), so that near sizes share buffers. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/** Buffers of one key are alike. */
const keyOf = ({ usage, size }: Pick<GPUBuffer, 'usage' | 'size'>): string => `${usage}:${size}`;

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #cap: number;
  readonly #idle = new Map<string, GPUBuffer[]>();
  /** Why buffers have no memory: WebGPU hands them out all the same, and every use of them fails. */
  readonly #failures = new WeakMap<GPUBuffer, GPUError>();
  readonly #creations = new Set<Promise<void>>();
  #used = 0;
  #idleBytes = 0;
  #peak = 0;
  #created = 0;
  #reused = 0;

  /** @param cap bytes of idle buffers beyond which released buffers are destroyed */
  constructor(device: GPUDevice, cap: number) {
    this.#device = device;
    this.#cap = cap;
  }

  /** A buffer of at least `bytes`; its content is arbitrary. */
  acquire(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.min(sizeClass(bytes), Math.max(bytes, this.#device.limits.maxBufferSize));
    this.#used += size;
    const reused = this.#idle.get(keyOf({ usage, size }))?.pop();
    if (reused) {
      this.#idleBytes -= size;
      this.#reused++;
      return reused;
    }
    this.#created++;
    this.#peak = Math.max(this.#peak, this.#used + this.#idleBytes);
    return this.#create({ label, size, usage });
  }

  #create(descriptor: GPUBufferDescriptor): GPUBuffer {
    this.#device.pushErrorScope('out-of-memory');
    const buffer = this.#device.createBuffer(descriptor);
    const creation = this.#device
      .popErrorScope()
      .then((failure) => {
        if (failure) this.#forget(buffer, failure);
      })
      // A lost device is reported by what waits for its work.
      .catch(() => undefined)
      .finally(() => this.#creations.delete(creation));
    this.#creations.add(creation);
    return buffer;
  }

  /** A buffer without memory must not be handed out again; it may be idle already. */
  #forget(buffer: GPUBuffer, failure: GPUError): void {
    this.#failures.set(buffer, failure);
    const list = this.#idle.get(keyOf(buffer)) ?? [];
    const at = list.indexOf(buffer);
    if (at < 0) return;
    list.splice(at, 1);
    this.#idleBytes -= buffer.size;
    buffer.destroy();
  }

  /** Why one of some buffers has no memory, or null; waits for the device's answers. */
  async failureOf(buffers: Iterable<GPUBuffer>): Promise<GPUError | null> {
    await Promise.all(this.#creations);
    for (const buffer of buffers) {
      const failure = this.#failures.get(buffer);
      if (failure) return failure;
    }
    return null;
  }

  /** Takes a buffer back. Only call this once the work that uses it has been submitted. */
  release(buffer: GPUBuffer): void {
    this.#used -= buffer.size;
    if (this.#idleBytes + buffer.size > this.#cap || this.#failures.has(buffer)) {
      buffer.destroy();
      return;
    }
    const key = keyOf(buffer);
    const list = this.#idle.get(key);
    if (list) list.push(buffer);
    else this.#idle.set(key, [buffer]);
    this.#idleBytes += buffer.size;
  }

  /** Destroys all idle buffers. */
  trim(): void {
    for (const list of this.#idle.values()) for (const buffer of list) buffer.destroy();
    this.#idle.clear();
    this.#idleBytes = 0;
  }

  stats(): PoolStats {
    return { used: this.#used, idle: this.#idleBytes, peak: this.#peak, created: this.#created, reused: this.#reused };
  }
}
